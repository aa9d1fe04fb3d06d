// What the host lends to the core: time, randomness, and where log records go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace ficha {

// Where randomness comes from. Injected so that tests can make it fail or repeat.
class RandomSource {
 public:
  // Fills `out` entirely or returns false; there is no weaker fallback. Callable from any thread.
  [[nodiscard]] virtual bool fill(std::span<std::byte> out) noexcept = 0;

 protected:
  ~RandomSource() = default;  // not virtual: the one of the process is never destroyed
};

// OpenSSL's private CSPRNG, which reseeds itself after fork().
[[nodiscard]] RandomSource& openssl_random() noexcept;

// Time, injected so that tests need not sleep. Callable from any thread.
class Clock {
 public:
  [[nodiscard]] virtual std::int64_t unix_milliseconds() noexcept = 0;
  [[nodiscard]] virtual std::int64_t monotonic_nanoseconds() noexcept = 0;

 protected:
  ~Clock() = default;  // not virtual: the one of the process is never destroyed
};
[[nodiscard]] Clock& system_clock() noexcept;

// Stands still until it is told to move: for tests of what depends on the time.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_milliseconds) noexcept : milliseconds_(unix_milliseconds) {}
  [[nodiscard]] std::int64_t unix_milliseconds() noexcept override { return milliseconds_; }
  [[nodiscard]] std::int64_t monotonic_nanoseconds() noexcept override { return milliseconds_ * 1'000'000; }
  void advance(std::int64_t milliseconds) noexcept { milliseconds_ += milliseconds; }

 private:
  std::atomic<std::int64_t> milliseconds_;
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// What the host lends to the core. `log` may be called from any thread, must not throw, and never receives a token,
// a password or an attribute's value. clock and random must outlive the client.
struct Hooks {
  std::function<void(LogLevel, std::string_view)> log;
  Clock* clock = nullptr;          // nullptr = system_clock()
  RandomSource* random = nullptr;  // nullptr = openssl_random()
};

}  // namespace ficha
