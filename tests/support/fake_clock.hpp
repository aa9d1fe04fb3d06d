// A clock that stands still until a test moves it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "ficha/config.hpp"

namespace ficha::testing {

class FakeClock final : public Clock {
 public:
  std::int64_t unix_milliseconds() noexcept override { return unix_milliseconds_; }
  std::int64_t monotonic_nanoseconds() noexcept override { return monotonic_nanoseconds_; }

  void advance(std::chrono::milliseconds by) noexcept {
    unix_milliseconds_ += by.count();
    monotonic_nanoseconds_ += std::chrono::nanoseconds{by}.count();
  }
  // Somebody set the wall clock; the monotonic one does not notice.
  void jump(std::chrono::milliseconds by) noexcept { unix_milliseconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> unix_milliseconds_{1'750'000'000'000};
  std::atomic<std::int64_t> monotonic_nanoseconds_{1'000'000'000};
};

}  // namespace ficha::testing
