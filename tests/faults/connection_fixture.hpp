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

// The slack that a deadline has on a busy machine.
inline constexpr std::chrono::milliseconds deadline_slack{50};

// How long `action` takes.
template <class Action>
std::chrono::milliseconds duration_of(Action action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

// Whether a command succeeds within a second from now, whatever happened before.
[[nodiscard]] inline bool heals(redis::Connection& connection) {
  return eventually(
      [&] {
        return text_of(call(connection, reading({"ECHO", "healed"}))) == "healed";
      },
      std::chrono::milliseconds{1000});
}

}  // namespace ficha::testing
