// The Authorization field: the Bearer credential in it, if that is what it holds (RFC 6750 section 2.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace ficha {

enum class BearerLookup : std::uint8_t {
  absent,  // another scheme: not our credential
  found,
  malformed,  // Bearer without exactly one b64token, or no authentication scheme at all
  several,    // more than one credential in the field
};

struct BearerValue {
  BearerLookup lookup = BearerLookup::absent;
  std::string_view token;  // within the field, when found
};

// `field` is the value of the only Authorization field. The scheme is Bearer in any case, then spaces (no tab), one
// b64token, nothing else. Linear time.
[[nodiscard]] BearerValue parse_authorization(std::string_view field) noexcept;

}  // namespace ficha
