// How long to wait before the next attempt to connect.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace ficha::redis {

// Exponential, capped, with full jitter: uniform in [0, min(cap, base·2^attempt)), so that many clients of one server
// that comes back do not arrive together. Pure; `random` is 64 uniform bits.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds base{10};
  // Half of the second within which a client is to find a server that is back.
  static constexpr std::chrono::milliseconds cap{500};
  // A link that lived this long was a good one: the next attempt starts from the base again.
  static constexpr std::chrono::milliseconds good_link{1000};

  [[nodiscard]] std::chrono::microseconds next(std::uint64_t random) noexcept {
    const std::chrono::microseconds ceiling =
        std::min<std::chrono::microseconds>(cap, base * (std::int64_t{1} << attempt_));
    attempt_ = std::min(attempt_ + 1, 16);
    return std::chrono::microseconds{static_cast<std::int64_t>(random % static_cast<std::uint64_t>(ceiling.count()))};
  }

  void link_ended(std::chrono::nanoseconds lifetime) noexcept {
    if (lifetime >= good_link) attempt_ = 0;
  }

 private:
  int attempt_ = 0;
};

}  // namespace ficha::redis
