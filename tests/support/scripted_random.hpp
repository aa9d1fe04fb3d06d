// Random sources that fail or repeat on command.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>

#include "ficha/token.hpp"

namespace ficha::testing {

class FailingRandom final : public RandomSource {
 public:
  bool fill(std::span<std::byte>) noexcept override { return false; }
};

// Works until told to fail.
class BreakableRandom final : public RandomSource {
 public:
  bool fill(std::span<std::byte> out) noexcept override { return !broken_ && openssl_random().fill(out); }
  void set_broken(bool broken) noexcept { broken_ = broken; }

 private:
  std::atomic<bool> broken_{false};
};

// The same bytes every time.
class RepeatingRandom final : public RandomSource {
 public:
  bool fill(std::span<std::byte> out) noexcept override {
    std::ranges::fill(out, std::byte{0x5a});
    return true;
  }
};

}  // namespace ficha::testing
