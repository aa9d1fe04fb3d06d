#include "base64url.hpp"

#include <array>
#include <cstdint>

namespace ficha::base64url {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t invalid = 0xFF;

constexpr std::array<std::uint8_t, 256> values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(invalid);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

}  // namespace

void encode(std::span<const std::byte> bytes, char* out) noexcept {
  const auto byte = [bytes](std::size_t i) noexcept {
    return i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t bits = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    *out++ = alphabet[bits >> 18U];
    *out++ = alphabet[bits >> 12U & 63U];
    if (i + 1 < bytes.size()) *out++ = alphabet[bits >> 6U & 63U];
    if (i + 2 < bytes.size()) *out++ = alphabet[bits & 63U];
  }
}

bool decode(std::string_view text, std::span<std::byte> out) noexcept {
  if (text.size() != length(out.size())) return false;
  std::uint32_t bits = 0;
  std::uint32_t seen = 0;
  int count = 0;
  auto target = out.begin();
  for (const char c : text) {
    const std::uint32_t value = values[static_cast<unsigned char>(c)];
    seen |= value;
    bits = bits << 6U | (value & 63U);
    count += 6;
    if (count >= 8) {
      count -= 8;
      *target++ = static_cast<std::byte>(bits >> count & 0xFFU);
    }
  }
  const bool unused_bits_are_zero = (bits & ((1U << count) - 1U)) == 0;
  return seen < 64 && unused_bits_are_zero;
}

}  // namespace ficha::base64url
