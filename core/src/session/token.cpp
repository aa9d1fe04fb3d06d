#include "ficha/token.hpp"

#include <algorithm>

#include "base/base64url.hpp"
#include "base/crypto.hpp"

namespace ficha {
namespace {

constexpr std::size_t route_bytes = 2;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t check_bytes = 4;
constexpr std::size_t digest_bytes = 16;

using namespace std::string_view_literals;
constexpr auto id_context = "ficha/id\0"sv;
constexpr auto route_context = "ficha/route\0"sv;

// Without keys the check is a checksum under this one.
constexpr std::array<char, 32> zero_key{};

// A buffer for token bytes, wiped when it goes out of scope.
template <std::size_t Size>
struct SecretBytes : std::array<std::byte, Size> {
  SecretBytes() noexcept : std::array<std::byte, Size>{} {}
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { crypto::wipe(this->data(), Size); }
};

std::array<std::byte, check_bytes> check_of(std::string_view key,
                                            std::span<const std::byte> route_and_secret) noexcept {
  const crypto::Digest mac = crypto::hmac_sha256(key, crypto::chars(route_and_secret));
  std::array<std::byte, check_bytes> check;
  std::copy_n(mac.begin(), check.size(), check.begin());
  return check;
}

bool check_matches(std::span<const std::byte> check, std::string_view key,
                   std::span<const std::byte> route_and_secret) noexcept {
  return crypto::equal_in_constant_time(crypto::chars(check_of(key, route_and_secret)), crypto::chars(check));
}

void fill_id_input(std::span<const std::byte> route_and_secret, std::span<std::byte> id_input) noexcept {
  std::ranges::copy(std::as_bytes(std::span(id_context)), id_input.begin());
  std::ranges::copy(route_and_secret, id_input.begin() + id_context.size());
}

Error random_failure() {
  return {ErrorCode::unavailable, "the random source failed: no token can be made; check the system's entropy source"};
}

}  // namespace

std::uint16_t route_of(std::string_view principal) noexcept {
  const crypto::Digest digest = crypto::sha256(route_context, principal);
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(digest[0]) << 8U | std::to_integer<unsigned>(digest[1]));
}

std::optional<SessionId> SessionId::parse(std::string_view text) noexcept {
  std::array<std::byte, route_bytes + digest_bytes> bytes;
  if (!base64url::decode(text, bytes)) return std::nullopt;
  SessionId id;
  std::copy_n(text.begin(), length, id.text_.begin());
  return id;
}

std::uint16_t SessionId::route() const noexcept {
  std::array<std::byte, 3> bytes;
  // Three bytes are exactly four characters; a SessionId holds nothing but base64url.
  [[maybe_unused]] const bool decoded = base64url::decode(str().substr(0, 4), bytes);
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8U | std::to_integer<unsigned>(bytes[1]));
}

Result<Token> Token::generate(std::uint16_t route, const TokenKeys& keys, RandomSource& random) {
  SecretBytes<route_bytes + secret_bytes + check_bytes> raw;
  const std::span<std::byte> bytes = raw;
  raw[0] = static_cast<std::byte>(route >> 8U);
  raw[1] = static_cast<std::byte>(route & 0xFFU);
  if (!random.fill(bytes.subspan(route_bytes, secret_bytes))) return random_failure();

  Token token;
  const auto route_and_secret = bytes.first(route_bytes + secret_bytes);
  fill_id_input(route_and_secret, token.id_input_);
  const auto check = check_of(keys.empty() ? std::string_view{zero_key.data(), zero_key.size()} : keys.front().reveal(),
                              route_and_secret);
  std::copy(check.begin(), check.end(), raw.end() - check_bytes);
  std::copy(prefix.begin(), prefix.end(), token.text_.begin());
  base64url::encode(bytes, token.text_.data() + prefix.size());
  return token;
}

Result<Token> Token::generate_anonymous(const TokenKeys& keys, RandomSource& random) {
  std::array<std::byte, route_bytes> route;
  if (!random.fill(route)) return random_failure();
  return generate(
      static_cast<std::uint16_t>(std::to_integer<unsigned>(route[0]) << 8U | std::to_integer<unsigned>(route[1])), keys,
      random);
}

std::optional<Token> Token::parse(std::string_view text, const TokenKeys& keys) noexcept {
  if (text.size() != length || !text.starts_with(prefix)) return std::nullopt;
  SecretBytes<route_bytes + secret_bytes + check_bytes> raw;
  if (!base64url::decode(text.substr(prefix.size()), raw)) return std::nullopt;

  const auto route_and_secret = std::span<const std::byte>(raw).first(route_bytes + secret_bytes);
  const auto check = std::span<const std::byte>(raw).last(check_bytes);
  bool valid = false;
  // Every key is tried, so that timing does not tell which one signed.
  for (const Secret& key : keys) valid |= check_matches(check, key.reveal(), route_and_secret);
  if (keys.empty()) valid = check_matches(check, {zero_key.data(), zero_key.size()}, route_and_secret);
  if (!valid) return std::nullopt;

  Token token;
  std::copy(text.begin(), text.end(), token.text_.begin());
  fill_id_input(route_and_secret, token.id_input_);
  return token;
}

Token::~Token() {
  crypto::wipe(text_.data(), text_.size());
  crypto::wipe(id_input_.data(), id_input_.size());
}

SessionId Token::id() const noexcept {
  const crypto::Digest digest = crypto::sha256(crypto::chars(id_input_));
  // In two parts, so that the digest need not be moved behind the route: its fresh bytes would have to be waited for.
  const std::array<std::byte, 3> head = {id_input_[id_context.size()], id_input_[id_context.size() + 1], digest[0]};
  SessionId id;
  base64url::encode(head, id.text_.data());
  base64url::encode(std::span(digest).subspan(1, digest_bytes - 1), id.text_.data() + 4);
  return id;
}

}  // namespace ficha
