#include "base/base64url.hpp"

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
  const auto byte = [bytes](std::size_t i) noexcept { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, out += 4) {
    const std::uint32_t bits = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out[0] = alphabet[bits >> 18U];
    out[1] = alphabet[bits >> 12U & 63U];
    out[2] = alphabet[bits >> 6U & 63U];
    out[3] = alphabet[bits & 63U];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  const std::uint32_t bits = byte(i) << 16U | (left == 2 ? byte(i + 1) << 8U : 0U);
  out[0] = alphabet[bits >> 18U];
  out[1] = alphabet[bits >> 12U & 63U];
  if (left == 2) out[2] = alphabet[bits >> 6U & 63U];
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
