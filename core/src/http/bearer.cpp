#include "http/bearer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/ascii.hpp"

namespace ficha {
namespace {

constexpr std::string_view scheme = "bearer";

// ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" of RFC 6750's b64token.
constexpr std::array<bool, 256> b64token_chars = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 128; ++c) table[c] = is_alphanumeric(static_cast<char>(c));
  for (const char c : std::string_view("-._~+/")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// 1*( b64token character ) *"="
bool is_b64token(std::string_view text) noexcept {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return b64token_chars[static_cast<unsigned char>(c)]; });
}

// Whether another scheme's parameters are followed by a comma and a Bearer credential: two fields that a proxy joined.
bool joins_a_bearer(std::string_view parameters) noexcept {
  for (std::size_t comma; (comma = parameters.find(',')) != std::string_view::npos;) {
    parameters = parameters.substr(comma + 1);
    while (!parameters.empty() && (parameters.front() == ' ' || parameters.front() == '\t'))
      parameters.remove_prefix(1);
    if (!starts_with_ignoring_case(parameters, scheme)) continue;
    const std::string_view rest = parameters.substr(scheme.size());
    if (rest.empty() || !is_token_char(rest.front())) return true;
  }
  return false;
}

}  // namespace

BearerValue parse_authorization(std::string_view field) noexcept {
  field = trim_blanks(field);
  const auto scheme_end = std::find_if_not(field.begin(), field.end(), is_token_char);
  const auto scheme_length = static_cast<std::size_t>(scheme_end - field.begin());
  if (scheme_length == 0) return {BearerLookup::malformed, {}};

  std::string_view rest = field.substr(scheme_length);
  if (!equal_ignoring_case(field.substr(0, scheme_length), scheme)) {
    return {joins_a_bearer(rest) ? BearerLookup::several : BearerLookup::absent, {}};
  }
  if (rest.find(',') != std::string_view::npos) return {BearerLookup::several, {}};
  const std::size_t token_start = rest.find_first_not_of(' ');
  if (token_start == 0 || token_start == std::string_view::npos) return {BearerLookup::malformed, {}};
  rest.remove_prefix(token_start);
  return is_b64token(rest) ? BearerValue{BearerLookup::found, rest} : BearerValue{BearerLookup::malformed, {}};
}

}  // namespace ficha
