#include "ficha/config.hpp"

#include <algorithm>
#include <array>

#include "ascii.hpp"
#include "config_problem.hpp"
#include "csrf.hpp"
#include "may_write.hpp"
#include "path.hpp"
#include "redis/url.hpp"
#include "secret_source.hpp"
#include "trust.hpp"

namespace ficha {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t max_file_bytes = 1U << 20U;
constexpr std::size_t least_key_bytes = 16;
constexpr seconds longest_session = std::chrono::days(400);

using Problem = std::optional<ConfigProblem>;

Problem timeout_problem(std::string key, milliseconds value) {
  if (value >= milliseconds(1) && value <= seconds(60)) return std::nullopt;
  return ConfigProblem{std::move(key), "must be between 1ms and 60s"};
}

Problem find_problem(const RedisConfig& redis) {
  const auto in_name_space = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-'; };
  const std::string& name_space = redis.name_space;
  if (name_space.empty() || name_space.size() > 32 ||
      !std::all_of(name_space.begin(), name_space.end(), in_name_space)) {
    return ConfigProblem{"redis.namespace", "must be 1 to 32 characters of a-z, 0-9, \"_\" and \"-\""};
  }
  if (auto problem = timeout_problem("redis.connect_timeout", redis.connect_timeout)) return problem;
  if (auto problem = timeout_problem("redis.command_timeout", redis.command_timeout)) return problem;
  if (auto problem = timeout_problem("redis.operation_timeout", redis.operation_timeout)) return problem;
  if (redis.operation_timeout < 2 * redis.command_timeout) {
    return ConfigProblem{"redis.operation_timeout",
                         "must be at least twice command_timeout, or no second round trip could end in time"};
  }
  if (redis.max_in_flight < 1 || redis.max_in_flight > 1'000'000) {
    return ConfigProblem{"redis.max_in_flight", "must be between 1 and 1000000"};
  }
  if (redis.url.reveal() == "memory://") return std::nullopt;
  const auto endpoint = redis::parse_endpoint(redis);
  if (endpoint) return std::nullopt;
  const std::string& message = endpoint.error().message;  // "redis.url: …"
  const std::size_t end_of_key = message.find(": ");
  return ConfigProblem{message.substr(0, end_of_key), message.substr(end_of_key + 2)};
}

Problem find_problem(const NearCacheConfig& cache) {
  if (cache.max_staleness < milliseconds(10) || cache.max_staleness > seconds(60)) {
    return ConfigProblem{"near_cache.max_staleness", "must be between 10ms and 60s"};
  }
  if (cache.max_entries < 1 || cache.max_entries > (1U << 24U)) {
    return ConfigProblem{"near_cache.max_entries", "must be between 1 and 16777216"};
  }
  if (cache.max_bytes < (64U << 10U)) return ConfigProblem{"near_cache.max_bytes", "must be at least 65536"};
  return std::nullopt;
}

Problem find_problem(const SessionConfig& session) {
  if (session.absolute_timeout < seconds(1) || session.absolute_timeout > longest_session) {
    return ConfigProblem{"session.absolute_timeout", "must be between 1s and 400d"};
  }
  if (session.idle_timeout < seconds(0)) {
    return ConfigProblem{"session.idle_timeout", "must be at least 1s, or 0s for none"};
  }
  if (session.idle_timeout > session.absolute_timeout) {
    return ConfigProblem{"session.idle_timeout", "must not be longer than absolute_timeout"};
  }
  if (session.max_per_principal > 1'000'000)
    return ConfigProblem{"session.max_per_principal", "must be at most 1000000"};
  for (const std::string& pattern : session.may_write) {
    if (const char* what = problem_of_pattern(pattern)) return ConfigProblem{"session.may_write", what};
  }
  const bool too_short = std::any_of(session.token_keys.begin(), session.token_keys.end(),
                                     [](const Secret& key) { return key.size() < least_key_bytes; });
  if (too_short) return ConfigProblem{"session.token_keys", "a key must have at least 16 bytes"};
  return std::nullopt;
}

Problem find_problem(const CsrfConfig& csrf) {
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

Problem find_problem(const CorsConfig& cors) {
  const bool any = std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
  if (cors.origins.empty() && (!cors.headers.empty() || cors.credentials || cors.max_age != seconds(0))) {
    return ConfigProblem{"cors.origins", "is missing: name at least one"};
  }
  if (any && cors.origins.size() > 1)
    return ConfigProblem{"cors.origins", "\"*\" and other origins contradict each other"};
  if (any && cors.credentials) {
    return ConfigProblem{"cors.credentials", "browsers refuse credentials for \"*\": list the origins"};
  }
  const auto is_origin = [](const std::string& text) { return Origin::parse(text).has_value(); };
  if (!any && !std::all_of(cors.origins.begin(), cors.origins.end(), is_origin)) {
    return ConfigProblem{"cors.origins",
                         "must be origins such as \"https://app.example.org\", without a path, or only \"*\""};
  }
  const auto is_name = [](const std::string& text) { return is_token(text) && text != "*"; };
  if (!std::all_of(cors.headers.begin(), cors.headers.end(), is_name)) {
    return ConfigProblem{"cors.headers", "must be names of header fields"};
  }
  if (cors.max_age < seconds(0) || cors.max_age > std::chrono::days(1)) {
    return ConfigProblem{"cors.max_age", "must be at most 1d"};
  }
  return std::nullopt;
}

// As a canonical path is written: what is taken off one.
Problem find_prefix_problem(const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    CanonicalPath path;
    if (!path.parse(prefix) || path.text() != prefix || prefix.empty() || prefix.find_first_of("%*?") != prefix.npos) {
      return ConfigProblem{"prefixes",
                           "must be paths such as \"/shop\": decoded, without \"/\" at the end, \"*\" and query"};
    }
  }
  return std::nullopt;
}

Problem find_problem(const TrustConfig& trust) {
  for (const std::string& proxy : trust.proxies) {
    const auto block = AddressBlock::parse(proxy);
    if (!block) return ConfigProblem{"trust.proxies", block.error().message};
  }
  if (!std::all_of(trust.identity_headers.begin(), trust.identity_headers.end(), is_token)) {
    return ConfigProblem{"trust.identity_headers", "must be names of header fields"};
  }
  return std::nullopt;
}

}  // namespace

Problem find_problem(const Config& config) {
  if (auto problem = find_problem(config.redis)) return problem;
  if (auto problem = find_problem(config.near_cache)) return problem;
  if (auto problem = find_problem(config.session)) return problem;
  if (auto problem = find_problem(config.cookie)) return problem;
  if (auto problem = find_problem(config.csrf)) return problem;
  if (auto problem = find_problem(config.cors)) return problem;
  if (auto problem = find_problem(config.trust)) return problem;
  if (auto problem = find_prefix_problem(config.prefixes)) return problem;
  return find_problem(config.policy);
}

std::string_view name(SameSite same_site) noexcept {
  switch (same_site) {
    case SameSite::strict:
      return "strict";
    case SameSite::lax:
      return "lax";
    case SameSite::none:
      return "none";
  }
  return "";
}

std::string_view name(CsrfMode mode) noexcept {
  switch (mode) {
    case CsrfMode::origin:
      return "origin";
    case CsrfMode::token:
      return "token";
    case CsrfMode::off:
      return "off";
  }
  return "";
}

Result<void> validate(const Config& config) {
  const Problem problem = find_problem(config);
  if (!problem) return {};
  return Error{ErrorCode::invalid_config, problem->key + ": " + problem->what};
}

Result<Config> load_config(const std::string& path) {
  const Result<std::string> text = read_file(path, max_file_bytes);
  if (!text) return text.error();
  return parse_config(*text, path);
}

}  // namespace ficha
