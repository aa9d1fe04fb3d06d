#include "ficha/cookie.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"
#include "config/config_problem.hpp"

namespace ficha {
namespace {

// RFC 6265bis section 5.6: name and value together at most 4096 octets; the value is a token.
constexpr std::size_t max_name_bytes = 4096 - Token::length;
constexpr std::size_t max_domain_bytes = 253;
// RFC 6265bis section 5.5: user agents cap the lifetime here.
constexpr std::int64_t max_age_cap_seconds = 400LL * 24 * 60 * 60;

bool is_domain_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

// A name that a user agent would accept as Domain: at least two labels, and no IPv4 address.
bool is_cookie_domain(std::string_view domain) noexcept {
  if (domain.size() > max_domain_bytes) return false;
  int labels = 1;
  for (std::size_t dot; (dot = domain.find('.')) != std::string_view::npos; domain.remove_prefix(dot + 1)) {
    if (!is_domain_label(domain.substr(0, dot))) return false;
    ++labels;
  }
  return labels >= 2 && is_domain_label(domain) && !std::all_of(domain.begin(), domain.end(), is_digit);
}

std::string_view attribute_text(SameSite same_site) noexcept {
  switch (same_site) {
    case SameSite::strict:
      return "Strict";
    case SameSite::none:
      return "None";
    case SameSite::lax:
      break;
  }
  return "Lax";
}

// The same for a cookie that is set and one that is cleared: a user agent replaces only its exact counterpart.
ResponseCookie response_cookie(const CookieConfig& config, std::string_view value,
                               std::optional<std::int64_t> max_age) {
  return {.name = config.name,
          .value = std::string(value),
          .domain = config.domain,
          .max_age = max_age,
          .same_site = config.same_site,
          .secure = !config.insecure_http};
}

std::string_view skip_blanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

// Most pairs differ in the first byte: no call for those.
bool begins_with(std::string_view pair, std::string_view name) noexcept {
  return pair.size() > name.size() && pair.front() == name.front() && pair.starts_with(name);
}

// A name and an equals sign, as a cookie pair begins.
bool begins_a_pair(std::string_view text) noexcept {
  text = skip_blanks(text);
  const auto end = std::find_if_not(text.begin(), text.end(), is_token_char);
  return end != text.begin() && skip_blanks(text.substr(static_cast<std::size_t>(end - text.begin()))).starts_with('=');
}

// Takes what comes before the first `separator` off `rest`.
std::string_view take_until(std::string_view& rest, std::size_t separator) noexcept {
  const std::string_view taken = rest.substr(0, separator);
  rest.remove_prefix(separator < rest.size() ? separator + 1 : rest.size());
  return taken;
}

// Where a comma stands behind which another pair begins: some servers join several Cookie fields by "," (RFC 9110 section
// 5.3). No token holds a comma.
std::size_t find_joint(std::string_view pairs) noexcept {
  std::size_t comma = pairs.find(',');
  while (comma != std::string_view::npos && !begins_a_pair(pairs.substr(comma + 1))) comma = pairs.find(',', comma + 1);
  return comma;
}

// `pair` begins with `name`. `joined`: it stands behind a comma, where it may as well be part of another cookie's value. A
// sibling domain can set that, and gains by it where it cannot set a cookie of this name itself (RFC 6265bis 4.1.3.2).
void add_pair(CookieValue& result, std::string_view pair, std::string_view name, bool joined) noexcept {
  const std::string_view after_name = trim_blanks(pair.substr(name.size()));
  // Another cookie whose name begins with ours, or a nameless one.
  if (!after_name.starts_with('=')) return;
  const std::string_view value = trim_blanks(after_name.substr(1));
  const bool may_be_planted = joined && name.starts_with("__Host-");
  const bool differs = result.lookup == CookieLookup::absent ? may_be_planted : result.value != value;
  result = differs ? CookieValue{CookieLookup::ambiguous, {}} : CookieValue{CookieLookup::found, value};
}

// `pairs` has no semicolon.
void add_joined_pairs(CookieValue& result, std::string_view pairs, std::string_view name) noexcept {
  for (bool joined = false; !pairs.empty(); joined = true) {
    const std::string_view pair = skip_blanks(take_until(pairs, find_joint(pairs)));
    if (begins_with(pair, name)) add_pair(result, pair, name, joined);
    if (result.lookup == CookieLookup::ambiguous) return;
  }
}

}  // namespace

std::optional<ConfigProblem> find_problem(const CookieConfig& config) {
  if (!is_token(config.name)) {
    return ConfigProblem{"cookie.name",
                         "must be a token (RFC 9110 section 5.6.2): letters, digits and !#$%&'*+-.^_`|~"};
  }
  if (config.name.size() > max_name_bytes) {
    return ConfigProblem{"cookie.name", "browsers refuse a cookie of more than 4096 bytes of name and value"};
  }
  // User agents compare the prefixes without regard to case.
  const bool host_prefix = starts_with_ignoring_case(config.name, "__Host-");
  const bool secure_prefix = host_prefix || starts_with_ignoring_case(config.name, "__Secure-");
  if (host_prefix && !config.domain.empty()) {
    return ConfigProblem{"cookie.domain",
                         "browsers refuse a __Host- cookie with a domain; leave it out, or name the "
                         "cookie __Secure-…"};
  }
  if (secure_prefix && config.insecure_http) {
    return ConfigProblem{"cookie.insecure_http",
                         "browsers refuse a __Host- or __Secure- cookie without Secure; give the "
                         "cookie a name without that prefix"};
  }
  if (config.same_site == SameSite::none && config.insecure_http) {
    return ConfigProblem{"cookie.same_site", "browsers refuse SameSite=None without Secure"};
  }
  if (!config.domain.empty() && !is_cookie_domain(config.domain)) {
    return ConfigProblem{"cookie.domain", "must be a host name of two labels or more, without a leading dot"};
  }
  return std::nullopt;
}

Result<void> validate(const CookieConfig& config) {
  if (auto problem = find_problem(config)) {
    return invalid_config(*problem);
  }
  return {};
}

CookieValue find_cookie(std::span<const std::string_view> cookie_fields, std::string_view name) noexcept {
  CookieValue result;
  for (std::string_view field : cookie_fields) {
    const bool may_be_joined = field.find(',') != std::string_view::npos;
    while (!field.empty()) {
      const std::string_view pairs = take_until(field, field.find(';'));
      if (may_be_joined) {
        add_joined_pairs(result, pairs, name);
      } else if (const std::string_view pair = skip_blanks(pairs); begins_with(pair, name)) {
        add_pair(result, pair, name, false);
      }
      if (result.lookup == CookieLookup::ambiguous) return result;
    }
  }
  return result;
}

std::string ResponseCookie::field() const {
  std::string field = name;
  field.append("=").append(value).append("; Path=").append(path);
  if (!domain.empty()) field.append("; Domain=").append(domain);
  if (max_age) field.append("; Max-Age=").append(std::to_string(*max_age));
  if (secure) field.append("; Secure");
  field.append("; HttpOnly; SameSite=").append(attribute_text(same_site));
  return field;
}

ResponseCookie set_cookie(const CookieConfig& config, const Token& token, std::int64_t max_age_seconds) {
  std::optional<std::int64_t> max_age;
  if (config.persistent) max_age = std::clamp<std::int64_t>(max_age_seconds, 0, max_age_cap_seconds);
  return response_cookie(config, token.reveal(), max_age);
}

ResponseCookie clear_cookie(const CookieConfig& config) {
  return response_cookie(config, {}, 0);
}

}  // namespace ficha
