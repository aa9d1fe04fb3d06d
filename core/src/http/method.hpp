// Request methods as sets of bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"

namespace ficha {

using MethodSet = std::uint64_t;

// RFC 9110 section 9, RFC 5789, RFC 4918, RFC 3253 (REPORT) and RFC 5323 (SEARCH). A method's place is its bit.
inline constexpr std::array<std::string_view, 18> known_methods = {
    "GET",  "HEAD",     "POST",      "PUT",   "DELETE", "PATCH", "OPTIONS", "TRACE",  "CONNECT",
    "COPY", "PROPFIND", "PROPPATCH", "MKCOL", "MOVE",   "LOCK",  "UNLOCK",  "REPORT", "SEARCH",
};

// The bit of one of the known methods; HEAD is judged as GET. 0 for any other text.
[[nodiscard]] constexpr MethodSet method_bit(std::string_view method) noexcept {
  if (method == "HEAD") return method_bit("GET");
  for (std::size_t i = 0; i < known_methods.size(); ++i) {
    if (known_methods[i] == method) return MethodSet{1} << i;
  }
  return 0;
}

// What a rule without `methods` covers. Every other method must be listed.
inline constexpr MethodSet usual_methods = method_bit("GET") | method_bit("POST") | method_bit("PUT") |
                                           method_bit("PATCH") | method_bit("DELETE") | method_bit("OPTIONS");
// Safe methods (RFC 9110 section 9.2.1), which need no proof against CSRF.
inline constexpr MethodSet safe_methods = method_bit("GET") | method_bit("OPTIONS") | method_bit("TRACE");

// The known methods and those that a policy names besides.
class MethodTable {
 public:
  static constexpr std::size_t max_named = 40;
  // Every well-formed method that no rule names. It is in no rule's set.
  static constexpr MethodSet unnamed = MethodSet{1} << 63U;

  // Names a method: a token without lower-case letters. False when there are too many.
  [[nodiscard]] bool add(std::string_view method);
  // Case-sensitive. 0 for what must be refused: what is no token, and a method in another case, which some servers and
  // frameworks take for that method and others do not.
  [[nodiscard]] MethodSet bit(std::string_view method) const noexcept {
    const MethodSet known = method_bit(method);
    return known != 0 ? known : bit_of_other(method);
  }
  // As in an Allow field: "GET, HEAD, POST".
  [[nodiscard]] std::string list(MethodSet methods) const;
  [[nodiscard]] std::vector<std::string> names(MethodSet methods) const;

 private:
  [[nodiscard]] MethodSet bit_of_other(std::string_view method) const noexcept;

  std::vector<std::string> named_;
};

}  // namespace ficha
