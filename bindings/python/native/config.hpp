// ficha._core.Config and the clock that tests drive by hand.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>

#include "ficha/config.hpp"

namespace ficha::python {

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

void define_config(pybind11::module_& module);

}  // namespace ficha::python
