// The slots of Redis Cluster: CRC16 (XMODEM) of the hash tag, modulo 16,384.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ficha::redis {

inline constexpr std::size_t hash_slots = 16'384;

// Of the keys with the hash tag {RRRR}: the route in four lower-case hexadecimal digits.
constexpr std::uint16_t slot_of_route(std::uint16_t route) noexcept {
  std::uint32_t crc = 0;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const char digit = "0123456789abcdef"[route >> shift & 15];
    crc ^= static_cast<std::uint32_t>(digit) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? crc << 1U ^ 0x1021U : crc << 1U;
  }
  return static_cast<std::uint16_t>(crc & (hash_slots - 1));
}

}  // namespace ficha::redis
