#include "http/csrf.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/ascii.hpp"
#include "base/base64url.hpp"
#include "base/crypto.hpp"
#include "config/config_problem.hpp"

namespace ficha {
namespace {

using namespace std::string_view_literals;

// A registered name or an address (RFC 3986 section 3.2.2), without percent escapes.
bool is_host(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    if (host.size() < 4 || !host.ends_with(']')) return false;
    const std::string_view address = host.substr(1, host.size() - 2);
    return std::all_of(address.begin(), address.end(),
                       [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
  }
  return !host.empty() && host.front() != '.' && std::all_of(host.begin(), host.end(), [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_scheme(std::string_view scheme) noexcept {
  return !scheme.empty() && !is_digit(scheme.front()) && is_alphanumeric(scheme.front()) &&
         std::all_of(scheme.begin(), scheme.end(),
                     [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
}

std::uint32_t default_port(std::string_view scheme) noexcept {
  if (equal_ignoring_case(scheme, "https")) return 443;
  return equal_ignoring_case(scheme, "http") ? 80 : 0;
}

// 1 to 65535; 0 for anything else.
std::uint32_t parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return 0;
  std::uint32_t port = 0;
  for (const char c : text) port = port * 10 + static_cast<std::uint32_t>(c - '0');
  return port <= 65535 ? port : 0;
}

// The origin of a Referer: what comes before its path. One with user information is no origin.
std::optional<Origin> origin_of_url(std::string_view url) noexcept {
  const std::size_t authority = url.find("://");
  if (authority == std::string_view::npos) return std::nullopt;
  return Origin::parse(url.substr(0, url.find_first_of("/?#", authority + 3)));
}

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t token_secret_bytes = 32;
constexpr std::size_t route_bytes = 2;
constexpr std::size_t check_bytes = 4;
constexpr auto context = "ficha/csrf\0"sv;

crypto::Digest csrf_mac(const Token& token, std::span<const std::byte> nonce) noexcept {
  std::array<std::byte, route_bytes + token_secret_bytes + check_bytes> raw{};
  // A Token holds nothing but what this decodes.
  [[maybe_unused]] const bool decoded = base64url::decode(token.reveal().substr(Token::prefix.size()), raw);
  const SessionId id = token.id();

  std::array<char, context.size() + SessionId::length + nonce_bytes> message;
  std::memcpy(message.data(), context.data(), context.size());
  std::memcpy(message.data() + context.size(), id.str().data(), SessionId::length);
  std::memcpy(message.data() + context.size() + SessionId::length, nonce.data(), nonce_bytes);
  const auto secret = std::span<const std::byte>(raw).subspan(route_bytes, token_secret_bytes);
  const crypto::Digest mac = crypto::hmac_sha256(crypto::chars(secret), {message.data(), message.size()});
  crypto::wipe(raw.data(), raw.size());
  return mac;
}

}  // namespace

std::optional<Origin> Origin::parse(std::string_view text) noexcept {
  const std::size_t end_of_scheme = text.find("://");
  if (end_of_scheme == std::string_view::npos) return std::nullopt;
  return from_authority(text.substr(0, end_of_scheme), text.substr(end_of_scheme + 3));
}

std::optional<Origin> Origin::from_authority(std::string_view scheme, std::string_view authority) noexcept {
  if (equal_ignoring_case(scheme, "wss")) scheme = "https";
  if (equal_ignoring_case(scheme, "ws")) scheme = "http";
  Origin origin{scheme, authority, default_port(scheme)};
  const std::size_t end_of_address = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = authority.find(':', std::min(end_of_address, authority.size()));
  if (colon != std::string_view::npos) {
    origin.host = authority.substr(0, colon);
    origin.port = parse_port(authority.substr(colon + 1));
    if (origin.port == 0) return std::nullopt;
  }
  if (!is_scheme(scheme) || !is_host(origin.host)) return std::nullopt;
  if (origin.host.ends_with('.')) origin.host.remove_suffix(1);
  return origin;
}

bool Origin::same_as(const Origin& other) const noexcept {
  return port == other.port && equal_ignoring_case(scheme, other.scheme) && equal_ignoring_case(host, other.host);
}

OriginEvidence origin_evidence(const OriginFields& fields, const std::optional<Origin>& own,
                               std::span<const std::string> trusted) noexcept {
  if (fields.sec_fetch_site.count > 1 || fields.origin.count > 1 || fields.referer.count > 1) {
    return OriginEvidence::foreign;
  }
  if (fields.sec_fetch_site.value == "same-origin" || fields.sec_fetch_site.value == "none") return OriginEvidence::own;

  std::optional<Origin> sender;
  if (fields.origin.present()) {
    sender = Origin::parse(fields.origin.value);
  } else if (fields.referer.present()) {
    sender = origin_of_url(fields.referer.value);
  } else {
    return fields.sec_fetch_site.present() ? OriginEvidence::foreign : OriginEvidence::none;
  }
  if (!sender) return OriginEvidence::foreign;
  if (own && sender->same_as(*own)) return OriginEvidence::own;
  const bool is_trusted = std::any_of(trusted.begin(), trusted.end(), [&](const std::string& text) {
    const std::optional<Origin> origin = Origin::parse(text);
    return origin && sender->same_as(*origin);
  });
  return is_trusted ? OriginEvidence::own : OriginEvidence::foreign;
}

Result<std::string> make_csrf_token(const Token& token, RandomSource& random) {
  std::array<std::byte, nonce_bytes + crypto::Digest{}.size()> bytes;
  const auto nonce = std::span<std::byte>(bytes).first(nonce_bytes);
  if (!random.fill(nonce)) {
    return Error{ErrorCode::unavailable, "the random source failed: no CSRF token can be made"};
  }
  const crypto::Digest mac = csrf_mac(token, nonce);
  std::copy(mac.begin(), mac.end(), bytes.begin() + nonce_bytes);
  std::string text(base64url::length(bytes.size()), '\0');
  base64url::encode(bytes, text.data());
  return text;
}

bool verify_csrf_token(std::string_view value, const Token& token) noexcept {
  std::array<std::byte, nonce_bytes + crypto::Digest{}.size()> bytes;
  if (!base64url::decode(value, bytes)) return false;
  const std::span<const std::byte> view = bytes;
  return crypto::equal_in_constant_time(crypto::chars(csrf_mac(token, view.first(nonce_bytes))),
                                        crypto::chars(view.subspan(nonce_bytes)));
}

std::optional<ConfigProblem> find_problem(const CsrfConfig& csrf) {
  for (const std::string& origin : csrf.trusted_origins) {
    if (!Origin::parse(origin)) {
      return ConfigProblem{"csrf.trusted_origins",
                           "must be origins such as \"https://app.example.org\", without a path"};
    }
  }
  constexpr std::array<std::string_view, 9> taken = {
      "cookie", "authorization", "host", "origin", "referer", "sec-fetch-site", "upgrade", "set-cookie", "destination"};
  const bool is_taken = std::any_of(taken.begin(), taken.end(),
                                    [&](std::string_view name) { return equal_ignoring_case(csrf.header, name); });
  if (!is_token(csrf.header) || is_taken) {
    return ConfigProblem{"csrf.header", "must be the name of a header field that has no other meaning"};
  }
  return std::nullopt;
}

}  // namespace ficha
