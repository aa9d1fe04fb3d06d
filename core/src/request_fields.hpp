// The header fields that decide, each found in one pass over a request.
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

// What every request is asked for.
struct CredentialFields {
  CookieValue cookie;  // of all Cookie fields together
  Field authorization;
  bool websocket = false;  // Upgrade: websocket
};
[[nodiscard]] CredentialFields find_credentials(std::span<const HeaderField> headers,
                                                std::string_view cookie_name) noexcept;

// Where a request comes from; only asked of those that need proof.
struct OriginFields {
  Field host;
  Field origin;
  Field referer;
  Field sec_fetch_site;
  Field forwarded_proto;
  Field forwarded_host;
};
[[nodiscard]] OriginFields find_origin(std::span<const HeaderField> headers) noexcept;

// The field of this name, in any case.
[[nodiscard]] Field find_field(std::span<const HeaderField> headers, std::string_view name) noexcept;

}  // namespace ficha
