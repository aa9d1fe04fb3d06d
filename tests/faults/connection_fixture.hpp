// What every fault test of the connection asks: the right error in time, and recovery by itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

#include "support/connections.hpp"
#include "support/eventually.hpp"
#include "support/results.hpp"

namespace ficha::testing {

using Milliseconds = std::chrono::duration<double, std::milli>;

// How much later than a deadline its error may come.
inline constexpr Milliseconds promised_slack{50};

// How long `action` takes.
template <class Action>
Milliseconds duration_of(Action action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::steady_clock::now() - begin;
}

// How late the machine, busy with other things, wakes a thread at worst while this lives.
class WakeupDelay {
 public:
  [[nodiscard]] Milliseconds longest() const noexcept { return longest_.load(); }

 private:
  void measure(const std::stop_token& stop) {
    constexpr std::chrono::milliseconds nap{1};
    while (!stop.stop_requested()) {
      const Milliseconds late = duration_of([&] { std::this_thread::sleep_for(nap); }) - nap;
      if (late > longest_.load()) longest_ = late;
    }
  }

  std::atomic<Milliseconds> longest_{Milliseconds{0}};
  std::jthread thread_{[this](const std::stop_token& stop) { measure(stop); }};
};

// Whether `action` ends within `deadline` and what is promised beyond it. The machine's own delay is not the product's: two
// threads are woken one after the other until a deadline has become an error.
template <class Action>
[[nodiscard]] ::testing::AssertionResult ends_by(Milliseconds deadline, Action action) {
  const WakeupDelay machine;
  const Milliseconds took = duration_of(action);
  const Milliseconds limit = deadline + promised_slack + 2 * machine.longest();
  if (took <= limit) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "took " << took.count() << " ms instead of " << limit.count();
}

// Whether a command succeeds within a second from now, whatever happened before. Any reply must be its own.
[[nodiscard]] inline bool heals(redis::Connection& connection) {
  return eventually(
      [&] {
        const Result<Replies> replies = call(connection, reading({"ECHO", "healed"}));
        EXPECT_TRUE(!replies || text_of(replies) == "healed");
        return replies.has_value();
      },
      std::chrono::milliseconds{1000});
}

}  // namespace ficha::testing
