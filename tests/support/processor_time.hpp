// The time that this thread has had of a processor: what a busy machine does meanwhile does not count.
#pragma once

#include <chrono>
#include <ctime>

namespace ficha::testing {

[[nodiscard]] inline std::chrono::nanoseconds processor_time() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace ficha::testing
