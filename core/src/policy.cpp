#include "ficha/policy.hpp"

#include <algorithm>
#include <utility>

#include "ascii.hpp"
#include "rule.hpp"
#include "utf8.hpp"

namespace ficha {
namespace {

constexpr std::size_t max_rules = 1000;
constexpr std::chrono::seconds longest_age = std::chrono::days(400);

std::string rule_name(std::size_t index) {
  return "rule[" + std::to_string(index) + "]";
}

std::string rule_name(const Rule& rule, std::size_t index) {
  return rule.line > 0 ? rule_name(index) + " (line " + std::to_string(rule.line) + ")" : rule_name(index);
}

// The key within the rule, and what is wrong with it.
using RuleProblem = std::optional<std::pair<std::string_view, std::string>>;

RuleProblem find_problem(const Requirement& requirement) {
  if (requirement.allow != Allow::authenticated && names_a_condition(requirement)) {
    return std::pair{"allow",
                     std::string("\"anyone\" and \"nobody\" contradict the roles, scopes, level or max_auth_age "
                                 "named beside them")};
  }
  const auto is_role = [](const std::string& role) { return !role.empty() && is_plain_text(role); };
  if (!std::all_of(requirement.roles.begin(), requirement.roles.end(), is_role)) {
    return std::pair{"roles", std::string("must be UTF-8 text without control characters, not empty")};
  }
  if (!std::all_of(requirement.scopes.begin(), requirement.scopes.end(), is_scope_token)) {
    return std::pair{"scopes", std::string("must be scope tokens (RFC 6749 section 3.3): visible ASCII without space, "
                                           "quotation mark and backslash")};
  }
  if (requirement.level < 0 || requirement.level > 3) return std::pair{"level", std::string("must be 0 to 3")};
  const auto age = requirement.max_auth_age;
  if (age && (*age < std::chrono::seconds(1) || *age > longest_age)) {
    return std::pair{"max_auth_age", std::string("must be between 1s and 400d")};
  }
  return std::nullopt;
}

RuleProblem compile_methods(const std::vector<std::string>& methods, MethodSet& compiled) {
  const auto is_known = [](std::string_view method) {
    return std::find(known_methods.begin(), known_methods.end(), method) != known_methods.end();
  };
  compiled = methods.empty() ? every_method : 0;
  for (const std::string& method : methods) {
    compiled |= method_bit(method);
    if (is_known(method)) continue;
    std::string upper_case = method;
    std::transform(upper_case.begin(), upper_case.end(), upper_case.begin(), upper);
    return std::pair{"methods",
                     is_known(upper_case)
                         ? "are case-sensitive: write \"" + upper_case + "\""
                         : std::string("holds an unknown method; a rule without `methods` covers every method "
                                       "but TRACE")};
  }
  const auto lists = [&](std::string_view method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  };
  if (lists("HEAD") && !lists("GET")) return std::pair{"methods", std::string("HEAD is judged as GET: list GET")};
  return std::nullopt;
}

// The rule's key and problem, if it has one on its own.
RuleProblem compile_rule(const Rule& rule, std::vector<CompiledRule>& compiled) {
  Result<PathPattern> path = PathPattern::compile(rule.path);
  if (!path) return std::pair{"path", std::move(path).error().message};
  MethodSet methods = 0;
  if (auto problem = compile_methods(rule.methods, methods)) return problem;
  if (auto problem = find_problem(rule.requirement)) return problem;
  compiled.push_back({*std::move(path), methods, rule});
  return std::nullopt;
}

// The index of the rule after which nothing is left for the last one; nullopt if it can be reached.
std::optional<std::size_t> shadowed_by(const std::vector<CompiledRule>& rules) {
  const CompiledRule& last = rules.back();
  MethodSet uncovered = last.methods;
  for (std::size_t earlier = 0; earlier + 1 < rules.size(); ++earlier) {
    if ((uncovered & rules[earlier].methods) == 0 || !rules[earlier].path.covers(last.path)) continue;
    uncovered &= ~rules[earlier].methods;
    if (uncovered == 0) return earlier;
  }
  return std::nullopt;
}

}  // namespace

bool names_a_condition(const Requirement& requirement) noexcept {
  return !requirement.roles.empty() || !requirement.scopes.empty() || requirement.level > 0 || requirement.max_auth_age;
}

bool is_scope_token(std::string_view scope) noexcept {
  return !scope.empty() &&
         std::all_of(scope.begin(), scope.end(), [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

std::optional<ConfigProblem> compile_rules(const Policy& policy, std::vector<CompiledRule>& compiled) {
  if (policy.rules.size() > max_rules) return ConfigProblem{"rule", "more than 1000 rules"};
  for (std::size_t index = 0; index < policy.rules.size(); ++index) {
    if (auto problem = compile_rule(policy.rules[index], compiled)) {
      return ConfigProblem{rule_name(index) + "." + std::string(problem->first), std::move(problem->second)};
    }
    if (const auto earlier = shadowed_by(compiled)) {
      return ConfigProblem{rule_name(index) + ".path",
                           "is never reached: " + rule_name(policy.rules[*earlier], *earlier) +
                               " matches first; move this one up or delete it"};
    }
  }
  return std::nullopt;
}

std::optional<ConfigProblem> find_problem(const Policy& policy) {
  std::vector<CompiledRule> compiled;
  return compile_rules(policy, compiled);
}

Result<void> validate(const Policy& policy) {
  const std::optional<ConfigProblem> problem = find_problem(policy);
  if (!problem) return {};
  return Error{ErrorCode::invalid_config, problem->key + ": " + problem->what};
}

}  // namespace ficha
