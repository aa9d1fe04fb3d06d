#include <time.h>

#include <chrono>

#include "ficha/hooks.hpp"

namespace ficha {

namespace {

class SystemClock final : public Clock {
 public:
  std::int64_t unix_milliseconds() noexcept override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  // Not CLOCK_MONOTONIC: what was cached before the machine slept must have aged meanwhile.
  std::int64_t monotonic_nanoseconds() noexcept override {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
  }
};

}  // namespace

Clock& system_clock() noexcept {
  static constinit SystemClock clock;
  return clock;
}

}  // namespace ficha
