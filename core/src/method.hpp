// Request methods as sets of bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ascii.hpp"

namespace ficha {

using MethodSet = std::uint32_t;

// RFC 9110 section 9, RFC 5789, RFC 4918, RFC 3253 (REPORT) and RFC 5323 (SEARCH). A method's place is its bit.
inline constexpr std::array<std::string_view, 18> known_methods = {
    "GET",  "HEAD",     "POST",      "PUT",   "DELETE", "PATCH", "OPTIONS", "TRACE",  "CONNECT",
    "COPY", "PROPFIND", "PROPPATCH", "MKCOL", "MOVE",   "LOCK",  "UNLOCK",  "REPORT", "SEARCH",
};

// The bit of a method: case-sensitive; HEAD is judged as GET; all well-formed unknown ones are one. 0 for what is no
// token at all.
[[nodiscard]] constexpr MethodSet method_bit(std::string_view method) noexcept {
  if (method == "HEAD") return method_bit("GET");
  for (std::size_t i = 0; i < known_methods.size(); ++i) {
    if (known_methods[i] == method) return MethodSet{1} << i;
  }
  return is_token(method) ? MethodSet{1} << known_methods.size() : 0;
}

// What a rule without `methods` covers. TRACE, which sends the cookie back in a body, must be listed.
inline constexpr MethodSet every_method = ((MethodSet{1} << (known_methods.size() + 1)) - 1) & ~method_bit("TRACE");
// Safe methods (RFC 9110 section 9.2.1), which need no proof against CSRF.
inline constexpr MethodSet safe_methods = method_bit("GET") | method_bit("OPTIONS") | method_bit("TRACE");

}  // namespace ficha
