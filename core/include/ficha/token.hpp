// The token the client holds, and the public session id derived from it (wire format, version 1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ficha/hooks.hpp"
#include "ficha/result.hpp"
#include "ficha/secret.hpp"

namespace ficha {

// The two bytes that place a principal's index and all of its sessions in one Redis Cluster slot:
// SHA-256("ficha/route" || 0x00 || principal), first two bytes, big-endian.
[[nodiscard]] std::uint16_t route_of(std::string_view principal) noexcept;

// base64url(route[2] || digest[16]): 24 characters, public, safe in logs and admin tools. A plain value.
class SessionId {
 public:
  static constexpr std::size_t length = 24;

  // Exact: 24 characters of base64url. Anything else is nullopt.
  [[nodiscard]] static std::optional<SessionId> parse(std::string_view text) noexcept;

  [[nodiscard]] std::string_view str() const noexcept { return {text_.data(), text_.size()}; }
  [[nodiscard]] std::uint16_t route() const noexcept;
  // The last 11 characters, stored in the record so that a reader notices somebody else's.
  [[nodiscard]] std::string_view guard() const noexcept { return str().substr(length - 11); }

  friend bool operator==(const SessionId&, const SessionId&) = default;
  friend auto operator<=>(const SessionId&, const SessionId&) = default;

 private:
  friend class Token;
  friend class Session;
  SessionId() = default;
  std::array<char, length> text_{};
};

// Keys of the token check. The first signs, all verify, so a key can be changed without logging anyone out:
// prepend the new one everywhere, then drop the old one. With none, the check is a plain checksum.
using TokenKeys = std::vector<Secret>;

// "fch1_" + base64url(route[2] || secret[32] || check[4]): 56 characters, no padding. Wiped on destruction.
class Token {
 public:
  static constexpr std::size_t length = 56;
  static constexpr std::string_view prefix = "fch1_";

  // A new token on `route`. Errors: unavailable when the random source fails.
  [[nodiscard]] static Result<Token> generate(std::uint16_t route, const TokenKeys& keys,
                                              RandomSource& random = openssl_random());
  // A new token on a random route, for a session without a principal.
  [[nodiscard]] static Result<Token> generate_anonymous(const TokenKeys& keys, RandomSource& random = openssl_random());

  // Exact: length, prefix, canonical base64url, check. nullopt means "no such session", without asking the store.
  [[nodiscard]] static std::optional<Token> parse(std::string_view text, const TokenKeys& keys) noexcept;

  Token(const Token&) = default;
  Token(Token&&) = default;
  Token& operator=(const Token&) = default;
  Token& operator=(Token&&) = default;
  ~Token();

  // The 56 characters, for the Set-Cookie header or the response body of a Bearer client; nowhere else.
  [[nodiscard]] std::string_view reveal() const noexcept { return {text_.data(), text_.size()}; }
  // base64url(route || first 16 bytes of SHA-256("ficha/id" || 0x00 || route || secret)).
  [[nodiscard]] SessionId id() const noexcept;

 private:
  Token() = default;
  std::array<char, length> text_{};
  std::array<std::byte, 43> id_input_{};  // what id() hashes: context, route, secret
};

}  // namespace ficha
