// The session cookie: how it is found in a request and written to a response (RFC 6265bis).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ficha/result.hpp"
#include "ficha/token.hpp"

namespace ficha {

enum class SameSite : std::uint8_t { strict, lax, none };

struct CookieConfig {
  std::string name = "__Host-ficha";  // Secure, HttpOnly and Path=/ are implied
  SameSite same_site = SameSite::lax;
  std::string domain = {};     // empty = host only; not with a __Host- name
  bool persistent = false;     // true: Max-Age, never longer than the session's remaining absolute life
  bool insecure_http = false;  // true: no Secure attribute, for plain-HTTP development; never with __Host-/__Secure-
};

// invalid_config for what browsers would refuse (RFC 6265bis 4.1.3, 5.7): the name's grammar and prefix rules,
// SameSite=None without Secure, a malformed domain.
[[nodiscard]] Result<void> validate(const CookieConfig& config);

enum class CookieLookup : std::uint8_t { absent, found, ambiguous };

struct CookieValue {
  CookieLookup lookup = CookieLookup::absent;
  std::string_view value;  // raw bytes within the header field, when found
};

// Finds `name` in the values of all Cookie header fields. Byte-exact and case-sensitive; only SP and HTAB are trimmed;
// nothing is decoded or unquoted. The same name with different values is ambiguous (RFC 6265bis 4.2.2), and so is a __Host-
// name that stands only behind a comma, where a server may have joined two fields. Linear time.
[[nodiscard]] CookieValue find_cookie(std::span<const std::string_view> cookie_fields, std::string_view name) noexcept;

// A cookie that a response sets, for a host to hand to its framework or to write as a field. Always HttpOnly.
struct ResponseCookie {
  std::string name;
  std::string value;  // the token; empty to clear the cookie
  std::string path = "/";
  std::string domain = {};                   // empty: this host only
  std::optional<std::int64_t> max_age = {};  // seconds; 0 clears; none: until the browser ends
  SameSite same_site = SameSite::lax;
  bool secure = true;

  // The value of a Set-Cookie field (RFC 6265bis section 4.1).
  [[nodiscard]] std::string field() const;
};

// `max_age_seconds` is used only when the configuration says persistent; it is capped at 400 days (RFC 6265bis 5.5).
[[nodiscard]] ResponseCookie set_cookie(const CookieConfig& config, const Token& token, std::int64_t max_age_seconds);
[[nodiscard]] ResponseCookie clear_cookie(const CookieConfig& config);

}  // namespace ficha
