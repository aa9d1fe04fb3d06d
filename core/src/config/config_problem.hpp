// What is wrong with a configuration, before it is known whether it came from a file or from code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ficha/config.hpp"

namespace ficha {

struct ConfigProblem {
  std::string key;   // as in the file: "session.idle_timeout", "rule[2].path"
  std::string what;  // what is wrong and what to do; never the value of a secret
};

[[nodiscard]] inline Error invalid_config(const ConfigProblem& problem) {
  return {ErrorCode::invalid_config, problem.key + ": " + problem.what};
}

// The first problem found; nullopt for a configuration that works. Each section's stands beside its subject.
[[nodiscard]] std::optional<ConfigProblem> find_problem(const RedisConfig& config);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const CookieConfig& config);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const CsrfConfig& config);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const CorsConfig& config);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const TrustConfig& config);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const Policy& policy);
[[nodiscard]] std::optional<ConfigProblem> find_prefix_problem(const std::vector<std::string>& prefixes);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const Config& config);

}  // namespace ficha
