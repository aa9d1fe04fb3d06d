// Waiting for what another thread, process or server will do.
#pragma once

#include <chrono>
#include <thread>

namespace ficha::testing {

inline constexpr std::chrono::seconds patience{10};

// True as soon as `condition()` is; false when `limit` has passed without it. For conditions that nothing announces:
// where there is a descriptor or a condition variable, wait on that instead.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds limit = patience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace ficha::testing
