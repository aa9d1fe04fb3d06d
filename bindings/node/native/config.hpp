// Configurations, and the clock that tests drive by hand, as opaque handles of JavaScript.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>

#include "ficha/config.hpp"

namespace ficha::node {

// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_milliseconds) : milliseconds_(unix_milliseconds) {}
  [[nodiscard]] std::int64_t unix_milliseconds() noexcept override { return milliseconds_; }
  [[nodiscard]] std::int64_t monotonic_nanoseconds() noexcept override { return milliseconds_ * 1'000'000; }
  void advance(std::int64_t milliseconds) noexcept { milliseconds_ += milliseconds; }

 private:
  std::atomic<std::int64_t> milliseconds_;
};

// Throw a TypeError for any other value.
[[nodiscard]] const Config& config_of(Napi::Value handle);
[[nodiscard]] std::shared_ptr<ManualClock> clock_of(Napi::Value handle);

// Adds loadConfig(path), parseConfig(text, source), createClock(unixMilliseconds) and advanceClock(clock, milliseconds).
void define_config(Napi::Env env, Napi::Object exports);

}  // namespace ficha::node
