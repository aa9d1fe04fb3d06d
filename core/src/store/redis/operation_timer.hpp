// How long an operation of several round trips may go on.
#pragma once

#include <chrono>
#include <cstdint>

#include "ficha/config.hpp"

namespace ficha::redis {

// Another round trip is begun only if it will end within the operation's time, at the latest by its own deadline.
class OperationTimer {
 public:
  OperationTimer(Clock& clock, std::chrono::nanoseconds operation, std::chrono::nanoseconds command) noexcept
      : clock_(&clock), last_start_ns_(clock.monotonic_nanoseconds() + (operation - command).count()) {}

  [[nodiscard]] bool another_fits() const noexcept { return clock_->monotonic_nanoseconds() <= last_start_ns_; }

 private:
  Clock* clock_;
  std::int64_t last_start_ns_;
};

}  // namespace ficha::redis
