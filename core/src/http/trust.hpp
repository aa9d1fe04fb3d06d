// Which peers may speak for the client, and what they say about the request's own origin.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/csrf.hpp"
#include "http/request_fields.hpp"

namespace ficha {

// A block of IPv4 or IPv6 addresses. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), so that a dual-stack
// listener's "::ffff:10.0.0.1" is 10.0.0.1.
class AddressBlock {
 public:
  // CIDR notation, or one bare address. Errors: invalid_config, for anything else, bits set beyond the prefix, and a
  // block of every address.
  [[nodiscard]] static Result<AddressBlock> parse(std::string_view text);

  // `address` without port or zone; anything else is in no block.
  [[nodiscard]] bool contains(std::string_view address) const noexcept;

 private:
  using Bytes = std::array<std::uint8_t, 16>;

  [[nodiscard]] static std::optional<Bytes> parse_address(std::string_view text) noexcept;
  [[nodiscard]] bool contains(const Bytes& address) const noexcept;

  Bytes network_{};
  int prefix_bits_ = 128;
};

// The origin at which the client reached this service: the connection's scheme and Host, or, from a trusted peer, the
// last (nearest) hop's X-Forwarded-Proto and -Host; X-Forwarded-Port does not count. One malformed forwarded field makes
// the other one ignored too. nullopt if Host is missing, repeated or malformed.
[[nodiscard]] std::optional<Origin> own_origin(const HttpRequest& request, const OriginFields& fields,
                                               std::span<const AddressBlock> proxies) noexcept;

// Whether two header names are one to a server that maps them to variables: any case, "-", "_" and "." alike.
[[nodiscard]] bool is_header_alias(std::string_view a, std::string_view b) noexcept;

}  // namespace ficha
