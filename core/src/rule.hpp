// The compiled form of a Rule.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config_problem.hpp"
#include "method.hpp"
#include "path.hpp"

namespace ficha {

struct CompiledRule {
  PathPattern path;
  MethodSet methods;
  Rule source;
};

// Fills `compiled`, one for each rule in its order, unless there is a problem.
[[nodiscard]] std::optional<ConfigProblem> compile_rules(const Policy& policy, std::vector<CompiledRule>& compiled);

// Whether the requirement asks for more than any live session: that implies an authenticated one.
[[nodiscard]] bool names_a_condition(const Requirement& requirement) noexcept;
// scope-token of RFC 6749 section 3.3, which a WWW-Authenticate field can carry unquoted.
[[nodiscard]] bool is_scope_token(std::string_view scope) noexcept;

}  // namespace ficha
