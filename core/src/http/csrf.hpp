// Proof that a request which changes something was meant by the user: the origin it comes from, or a token.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ficha/token.hpp"
#include "http/request_fields.hpp"

namespace ficha {

// Scheme, host and port of a URL (RFC 6454), compared whole. Views into what it was parsed from.
struct Origin {
  std::string_view scheme;
  std::string_view host;   // without a trailing dot; an IPv6 address in brackets
  std::uint32_t port = 0;  // 0: none given, and the scheme has no default

  // "scheme://host" or "scheme://host:port", nothing after it. "null" is no origin.
  [[nodiscard]] static std::optional<Origin> parse(std::string_view text) noexcept;
  // From a Host field. ws and wss count as http and https, as in a browser's Origin field.
  [[nodiscard]] static std::optional<Origin> from_authority(std::string_view scheme,
                                                            std::string_view authority) noexcept;

  [[nodiscard]] bool same_as(const Origin& other) const noexcept;
};

enum class OriginEvidence : std::uint8_t {
  none,     // no Sec-Fetch-Site, Origin or Referer
  own,      // the request's own origin, a trusted one, or typed by the user
  foreign,  // anything else, also what cannot be read
};

// What the request's fields say: Sec-Fetch-Site `same-origin` or `none` suffices; otherwise Origin, or without one
// Referer, must equal `own` or one of `trusted`. A field that comes twice is foreign.
[[nodiscard]] OriginEvidence origin_evidence(const OriginFields& fields, const std::optional<Origin>& own,
                                             std::span<const std::string> trusted) noexcept;

// See Interceptor::csrf_token.
[[nodiscard]] Result<std::string> make_csrf_token(const Token& token, RandomSource& random);
// Constant time in the value.
[[nodiscard]] bool verify_csrf_token(std::string_view value, const Token& token) noexcept;

}  // namespace ficha
