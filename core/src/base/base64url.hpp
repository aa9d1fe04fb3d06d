// base64url without padding (RFC 4648 section 5), canonical only.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ficha::base64url {

// Characters that `bytes` bytes take.
[[nodiscard]] constexpr std::size_t length(std::size_t bytes) noexcept {
  return (bytes * 4 + 2) / 3;
}

// Writes exactly length(bytes.size()) characters to `out`.
void encode(std::span<const std::byte> bytes, char* out) noexcept;

// Fills `out` from exactly length(out.size()) characters. False for another length, a character outside the alphabet
// (also "="), or unused bits that are not zero.
[[nodiscard]] bool decode(std::string_view text, std::span<std::byte> out) noexcept;

}  // namespace ficha::base64url
