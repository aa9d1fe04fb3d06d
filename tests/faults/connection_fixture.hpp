// What every fault test of the connection asks: the right error in time, and recovery by itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "support/connections.hpp"
#include "support/eventually.hpp"
#include "support/results.hpp"

namespace ficha::testing {

// How much later than a deadline its error may come: by the product, and on a machine that is busy with other things.
inline constexpr std::chrono::milliseconds promised_slack{50};
inline constexpr std::chrono::milliseconds deadline_slack{300};

// How long `action` takes.
template <class Action>
std::chrono::milliseconds duration_of(Action action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
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
