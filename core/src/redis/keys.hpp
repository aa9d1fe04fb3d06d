// Redis keys (wire format, version 1). The hash tag {RRRR} puts a principal's index and sessions into one Cluster slot.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ficha/token.hpp"

namespace ficha::redis {

// "namespace:{RRRR}", with the route in lower-case hex.
[[nodiscard]] inline std::string key_head(std::string_view name_space, std::uint16_t route) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::array<char, 4> hex = {digits[route >> 12U], digits[route >> 8U & 15U], digits[route >> 4U & 15U],
                                   digits[route & 15U]};
  std::string head;
  head.reserve(name_space.size() + 32);
  return head.append(name_space).append(":{").append(hex.data(), hex.size()).append("}");
}

// A string: one record.
[[nodiscard]] inline std::string session_key(std::string_view name_space, const SessionId& id) {
  return key_head(name_space, id.route()).append(":").append(id.str());
}

// A sorted set: ids of the principal's sessions by absolute deadline. `route` is route_of(principal); for the empty
// principal, which has no index, the session's own.
[[nodiscard]] inline std::string index_key(std::string_view name_space, std::uint16_t route,
                                           std::string_view principal) {
  return key_head(name_space, route).append("@").append(principal);
}

}  // namespace ficha::redis
