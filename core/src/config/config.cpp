#include "ficha/config.hpp"

#include <algorithm>

#include "config/config_problem.hpp"
#include "config/secret_source.hpp"
#include "session/may_write.hpp"

namespace ficha {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t max_file_bytes = 1U << 20U;
constexpr std::size_t least_key_bytes = 16;
constexpr seconds longest_session = std::chrono::days(400);

using Problem = std::optional<ConfigProblem>;

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
  return invalid_config(*problem);
}

Result<Config> load_config(const std::string& path) {
  const Result<std::string> text = read_file(path, max_file_bytes);
  if (!text) return text.error();
  return parse_config(*text, path);
}

}  // namespace ficha
