// Lets one touch per session and quantum through, whichever thread finds it due.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "ficha/token.hpp"

namespace ficha::redis {

// Remembers the latest touches in a fixed table. Two sessions in one place may forget each other, which costs one more
// PEXPIREAT that changes nothing. Thread rule: any thread.
class TouchGate {
 public:
  // False if the same session was let through with the same target lately.
  [[nodiscard]] bool pass(const SessionId& id, std::int64_t target_ms) noexcept {
    const std::size_t hash = std::hash<std::string_view>{}(id.str());
    const std::uint64_t touch = hash ^ static_cast<std::uint64_t>(target_ms) * 0x9e3779b97f4a7c15U;
    return recent_[hash % recent_.size()].exchange(touch, std::memory_order_relaxed) != touch;
  }

 private:
  std::array<std::atomic<std::uint64_t>, 4096> recent_{};
};

}  // namespace ficha::redis
