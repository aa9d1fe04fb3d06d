#include "http/trust.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/ascii.hpp"
#include "config/config_problem.hpp"

namespace ficha {
namespace {

constexpr int ipv4_mapped_bits = 96;

// The last element of the last field: what the nearest hop said.
std::string_view last_hop(const Field& field) noexcept {
  const std::size_t comma = field.value.rfind(',');
  return trim_blanks(comma == std::string_view::npos ? field.value : field.value.substr(comma + 1));
}

}  // namespace

std::optional<AddressBlock::Bytes> AddressBlock::parse_address(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  Bytes bytes{};
  if (inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) return bytes;
  bytes[10] = bytes[11] = 0xFF;
  if (inet_pton(AF_INET, terminated.data(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

Result<AddressBlock> AddressBlock::parse(std::string_view text) {
  const auto invalid = [](std::string what) { return Error{ErrorCode::invalid_config, std::move(what)}; };
  const std::size_t slash = text.find('/');
  const std::optional<Bytes> address = parse_address(text.substr(0, slash));
  if (!address) return invalid("must be an IPv4 or IPv6 address or block, such as \"10.0.0.0/8\"");

  AddressBlock block;
  block.network_ = *address;
  if (slash == std::string_view::npos) return block;
  const int offset = text.find(':') == std::string_view::npos ? ipv4_mapped_bits : 0;
  const std::string_view digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return invalid("must have a prefix length in digits after \"/\"");
  }
  int bits = 0;
  for (const char c : digits) bits = bits * 10 + (c - '0');
  if (offset + bits > 128) return invalid("has a prefix length beyond the address");
  if (bits == 0) return invalid("would trust every address; list the proxies' own blocks");
  block.prefix_bits_ = offset + bits;
  for (int bit = block.prefix_bits_; bit < 128; ++bit) {
    if ((block.network_[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) {
      return invalid("has bits set beyond its prefix length");
    }
  }
  return block;
}

bool AddressBlock::contains(const Bytes& address) const noexcept {
  const auto whole_bytes = static_cast<std::size_t>(prefix_bits_ / 8);
  if (std::memcmp(address.data(), network_.data(), whole_bytes) != 0) return false;
  const int rest = prefix_bits_ % 8;
  return rest == 0 || (address[whole_bytes] ^ network_[whole_bytes]) >> (8 - rest) == 0;
}

bool AddressBlock::contains(std::string_view address) const noexcept {
  const std::optional<Bytes> bytes = parse_address(address);
  return bytes && contains(*bytes);
}

std::optional<Origin> own_origin(const HttpRequest& request, const OriginFields& fields,
                                 std::span<const AddressBlock> proxies) noexcept {
  if (fields.host.count != 1) return std::nullopt;
  const std::optional<Origin> connection = Origin::from_authority(request.scheme, fields.host.value);
  if (!fields.forwarded_proto.present() && !fields.forwarded_host.present()) return connection;
  const bool trusted = std::any_of(proxies.begin(), proxies.end(),
                                   [&](const AddressBlock& block) { return block.contains(request.peer); });
  if (!trusted) return connection;

  const std::string_view scheme = fields.forwarded_proto.present() ? last_hop(fields.forwarded_proto) : request.scheme;
  const std::string_view host = fields.forwarded_host.present() ? last_hop(fields.forwarded_host) : fields.host.value;
  if (!equal_ignoring_case(scheme, "https") && !equal_ignoring_case(scheme, "http") &&
      !equal_ignoring_case(scheme, "wss") && !equal_ignoring_case(scheme, "ws")) {
    return connection;
  }
  const std::optional<Origin> forwarded = Origin::from_authority(scheme, host);
  return forwarded ? forwarded : connection;
}

bool is_header_alias(std::string_view a, std::string_view b) noexcept {
  const auto fold = [](char c) { return c == '_' || c == '.' ? '-' : lower(c); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return fold(x) == fold(y); });
}

std::optional<ConfigProblem> find_problem(const TrustConfig& trust) {
  for (const std::string& proxy : trust.proxies) {
    const auto block = AddressBlock::parse(proxy);
    if (!block) return ConfigProblem{"trust.proxies", block.error().message};
  }
  if (!std::all_of(trust.identity_headers.begin(), trust.identity_headers.end(), is_token)) {
    return ConfigProblem{"trust.identity_headers", "must be names of header fields"};
  }
  return std::nullopt;
}

}  // namespace ficha
