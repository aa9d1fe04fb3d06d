// The header fields that decide, gathered in one pass over a request.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ficha/cookie.hpp"
#include "ficha/interceptor.hpp"

namespace ficha {

// A field by name: how often it came, and its last value.
struct Field {
  std::string_view value;
  std::uint32_t count = 0;

  [[nodiscard]] bool present() const noexcept { return count > 0; }
};

struct RequestFields {
  CookieValue cookie;  // of all Cookie fields together
  Field authorization;
  Field host;
  Field origin;
  Field referer;
  Field sec_fetch_site;
  Field csrf_token;
  Field forwarded_proto;
  Field forwarded_host;
  bool websocket = false;  // Upgrade: websocket
};

// Linear time, no allocation. `csrf_header` may be any case.
[[nodiscard]] RequestFields gather_fields(std::span<const HeaderField> headers, std::string_view cookie_name,
                                          std::string_view csrf_header) noexcept;

}  // namespace ficha
