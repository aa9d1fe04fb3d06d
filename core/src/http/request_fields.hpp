// The header fields that decide, each found in one pass over a request.
#pragma once

#include <array>
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
  bool websocket =
      false;  // Upgrade: websocket, or any Sec-WebSocket field (proxies drop Upgrade towards an auth server)
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

// Every field that is looked at by a name that no configuration gives.
inline constexpr std::array<std::string_view, 17> judged_by_name = {
    "cookie",
    "authorization",
    "host",
    "origin",
    "referer",
    "sec-fetch-site",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "sec-websocket-accept",
    "destination",
    "x-forwarded-proto",
    "x-forwarded-host",
    "access-control-request-method",
    "access-control-request-headers",
};

// The field of this name, in any case.
[[nodiscard]] Field find_field(std::span<const HeaderField> headers, std::string_view name) noexcept;

}  // namespace ficha
