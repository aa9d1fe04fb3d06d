// When a session's idle deadline is moved, and to where: quantised, so that many readers agree on one target.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace ficha {

// All times in Unix milliseconds on the server's clock. A target is a multiple of the quantum idle/16, so whichever
// process touches first moves the deadline, and PEXPIREAT … GT of all others changes (and invalidates) nothing.
inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

[[nodiscard]] constexpr std::int64_t touch_quantum_ms(std::int64_t idle_seconds) noexcept {
  return std::max<std::int64_t>(idle_seconds * 1000 / 16, 1);
}

// The deadline a use at `now_ms` leads to; also the one a new session starts with. Never before now + idle, never after
// now + idle + idle/16, never later than the absolute deadline. Without an idle timeout, the absolute deadline.
[[nodiscard]] constexpr std::int64_t touch_target_ms(std::int64_t now_ms, std::int64_t idle_seconds,
                                                     std::int64_t expires_at_seconds) noexcept {
  if (idle_seconds == 0) return expires_at_seconds * 1000;
  const std::int64_t quantum = touch_quantum_ms(idle_seconds);
  const std::int64_t quanta = (now_ms + idle_seconds * 1000 + quantum - 1) / quantum;
  return std::min(quanta * quantum, expires_at_seconds * 1000);
}

// The first moment at which a use is worth a touch, for a deadline known to be `deadline_ms`; `never` if none is. The
// known deadline is early by up to a round trip, so a gain of at most half a quantum is no gain.
[[nodiscard]] constexpr std::int64_t next_touch_ms(std::int64_t deadline_ms, std::int64_t idle_seconds,
                                                   std::int64_t expires_at_seconds) noexcept {
  if (idle_seconds == 0) return never;
  const std::int64_t quantum = touch_quantum_ms(idle_seconds);
  if (expires_at_seconds * 1000 - deadline_ms <= quantum / 2) return never;
  const std::int64_t quanta = (deadline_ms + quantum / 2) / quantum;  // of the last target that gains too little
  return quanta * quantum - idle_seconds * 1000 + 1;
}

}  // namespace ficha
