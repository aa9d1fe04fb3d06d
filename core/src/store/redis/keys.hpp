// Redis keys (wire format, version 1). The hash tag {RRRR} puts a principal's index and sessions into one Cluster slot.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ficha/token.hpp"

namespace ficha::redis {

// "namespace:{RRRR}", with the route in lower-case hex; written to `out`, which has room for it. Returns where it ends.
inline char* write_key_head(char* out, std::string_view name_space, std::uint16_t route) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  out = std::ranges::copy(name_space, out).out;
  *out++ = ':';
  *out++ = '{';
  for (int shift = 12; shift >= 0; shift -= 4) *out++ = digits[route >> shift & 15];
  *out++ = '}';
  return out;
}

inline constexpr std::size_t max_name_space = 32;
inline constexpr std::size_t max_key_head = max_name_space + 7;

// Of a string: one record. A value, so that reading allocates nothing for it.
class SessionKey {
 public:
  SessionKey(std::string_view name_space, const SessionId& id) noexcept {
    char* end = write_key_head(text_.data(), name_space, id.route());
    *end++ = ':';
    end = std::ranges::copy(id.str(), end).out;
    length_ = static_cast<std::size_t>(end - text_.data());
  }
  operator std::string_view() const noexcept { return {text_.data(), length_}; }
  operator std::string() const { return {text_.data(), length_}; }

 private:
  std::array<char, max_key_head + 1 + SessionId::length> text_;
  std::size_t length_;
};

[[nodiscard]] inline SessionKey session_key(std::string_view name_space, const SessionId& id) noexcept {
  return {name_space, id};
}

// Of a sorted set: ids of the principal's sessions by absolute deadline. `route` is route_of(principal); for the empty
// principal, which has no index, the session's own.
[[nodiscard]] inline std::string index_key(std::string_view name_space, std::uint16_t route,
                                           std::string_view principal) {
  std::array<char, max_key_head> head;
  char* const end = write_key_head(head.data(), name_space, route);
  return std::string(head.data(), static_cast<std::size_t>(end - head.data())).append("@").append(principal);
}

}  // namespace ficha::redis
