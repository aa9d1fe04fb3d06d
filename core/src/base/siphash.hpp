// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). With a secret key,
// nobody who chooses the input can choose collisions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ficha {

struct SipHashKey {
  std::uint64_t k0;
  std::uint64_t k1;
};

struct SipHash128 {
  std::uint64_t first;  // of the output's 16 bytes, read as little-endian words
  std::uint64_t second;
  friend bool operator==(const SipHash128&, const SipHash128&) = default;
};

namespace siphash_detail {

static_assert(std::endian::native == std::endian::little, "words are read in the machine's order");

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void compress(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  [[nodiscard]] std::uint64_t finish() noexcept {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace siphash_detail

[[nodiscard]] inline SipHash128 siphash_2_4_128(const SipHashKey& key, std::string_view message) noexcept {
  siphash_detail::State state{key.k0 ^ 0x736f6d6570736575U, key.k1 ^ 0x646f72616e646f6dU ^ 0xEEU,
                              key.k0 ^ 0x6c7967656e657261U, key.k1 ^ 0x7465646279746573U};
  const char* bytes = message.data();
  std::size_t left = message.size();
  for (; left >= 8; left -= 8, bytes += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    state.compress(word);
  }
  std::uint64_t last = 0;
  if (left > 0) std::memcpy(&last, bytes, left);
  state.compress(last | std::uint64_t{message.size() & 0xFFU} << 56U);

  state.v2 ^= 0xEEU;
  const std::uint64_t first = state.finish();
  state.v1 ^= 0xDDU;
  return {first, state.finish()};
}

}  // namespace ficha
