// What is wrong with a configuration, before it is known whether it came from a file or from code.
#pragma once

#include <optional>
#include <string>

#include "ficha/config.hpp"

namespace ficha {

struct ConfigProblem {
  std::string key;   // as in the file: "session.idle_timeout", "rule[2].path"
  std::string what;  // what is wrong and what to do; never the value of a secret
};

// The first problem found; nullopt for a configuration that works.
[[nodiscard]] std::optional<ConfigProblem> find_problem(const CookieConfig& config);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const Policy& policy);
[[nodiscard]] std::optional<ConfigProblem> find_problem(const Config& config);

}  // namespace ficha
