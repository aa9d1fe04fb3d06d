#include "ficha/policy.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "http/rule.hpp"

namespace ficha {
namespace {

constexpr std::size_t max_rules = 1000;
constexpr std::chrono::seconds longest_age = std::chrono::days(400);

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

RuleProblem compile_methods(const std::vector<std::string>& methods, MethodTable& table, MethodSet& compiled) {
  const auto lists = [&](std::string_view method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  };
  compiled = methods.empty() ? usual_methods : 0;
  for (const std::string& method : methods) {
    std::string upper_case = method;
    std::transform(upper_case.begin(), upper_case.end(), upper_case.begin(), upper);
    if (upper_case != method) return std::pair{"methods", "are case-sensitive: write \"" + upper_case + "\""};
    if (!is_token(method))
      return std::pair{"methods", std::string("must be tokens (RFC 9110 section 9.1), such as GET")};
    if (!table.add(method)) return std::pair{"methods", std::string("more than 40 methods that no RFC defines")};
    compiled |= table.bit(method);
  }
  if (lists("HEAD") && !lists("GET")) return std::pair{"methods", std::string("HEAD is judged as GET: list GET")};
  return std::nullopt;
}

}  // namespace

std::string rule_name(std::size_t index) {
  return "rule[" + std::to_string(index) + "]";
}

std::string rule_name(const Rule& rule, std::size_t index) {
  return rule.line > 0 ? rule_name(index) + " (line " + std::to_string(rule.line) + ")" : rule_name(index);
}

std::optional<ConfigProblem> RuleSet::add(const Rule& rule, std::size_t index) {
  const auto problem = [index](std::string_view key, std::string what) {
    return ConfigProblem{rule_name(index) + "." + std::string(key), std::move(what)};
  };
  Result<PathPattern> path = PathPattern::compile(rule.path);
  if (!path) return problem("path", std::move(path).error().message);
  MethodSet methods = 0;
  if (auto wrong = compile_methods(rule.methods, methods_, methods)) return problem(wrong->first, wrong->second);
  if (auto wrong = find_problem(rule.requirement)) return problem(wrong->first, wrong->second);

  PathPattern folded = path->folded();
  has_capitals_ = has_capitals_ || folded.text() != path->text();
  rules_.push_back({*std::move(path), std::move(folded), methods, rule});
  CompiledRule& added = rules_.back();
  for (std::size_t earlier = 0; earlier < index; ++earlier) {
    const bool follows = rules_[earlier].path.covers(added.path);
    added.follows.push_back(follows);
    added.follows_folded.push_back(follows || (has_capitals_ && rules_[earlier].folded.covers(added.folded)));
  }
  return std::nullopt;
}

// What the last rule has against an earlier one.
std::optional<ConfigProblem> RuleSet::find_conflict(std::size_t index) const {
  const CompiledRule& last = rules_[index];
  MethodSet uncovered = last.methods;
  for (std::size_t i = 0; i < index; ++i) {
    const CompiledRule& earlier = rules_[i];
    if (last.follows[i]) uncovered &= ~earlier.methods;
    if (uncovered == 0) {
      return ConfigProblem{rule_name(index) + ".path", "is never reached: " + rule_name(earlier.source, i) +
                                                           " matches first; move this one up or delete it"};
    }
    if (earlier.folded.text() == last.folded.text() && earlier.path.text() != last.path.text() &&
        earlier.source.requirement != last.source.requirement) {
      return ConfigProblem{rule_name(index) + ".path",
                           "differs from the path of " + rule_name(earlier.source, i) +
                               " in case only, which a router may ignore: both must require the same"};
    }
  }
  return std::nullopt;
}

std::optional<ConfigProblem> RuleSet::compile(const Policy& policy) {
  if (policy.rules.size() > max_rules) return ConfigProblem{"rule", "more than 1000 rules"};
  for (std::size_t index = 0; index < policy.rules.size(); ++index) {
    if (auto problem = add(policy.rules[index], index)) return problem;
    if (auto problem = find_conflict(index)) return problem;
  }
  if (!policy.rules.empty()) return std::nullopt;
  return add({.path = "/**", .requirement = {.allow = Allow::anyone}}, 0);
}

bool names_a_condition(const Requirement& requirement) noexcept {
  return !requirement.roles.empty() || !requirement.scopes.empty() || requirement.level > 0 || requirement.max_auth_age;
}

bool is_scope_token(std::string_view scope) noexcept {
  return !scope.empty() &&
         std::all_of(scope.begin(), scope.end(), [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

std::optional<ConfigProblem> find_problem(const Policy& policy) {
  RuleSet compiled;
  return compiled.compile(policy);
}

Result<void> validate(const Policy& policy) {
  const std::optional<ConfigProblem> problem = find_problem(policy);
  if (!problem) return {};
  return invalid_config(*problem);
}

Result<void> validate(const Requirement& requirement, bool says_allow) {
  if (const auto problem = find_problem(requirement)) {
    return Error{ErrorCode::invalid_argument, std::string(problem->first) + ": " + problem->second};
  }
  const bool says_nothing = requirement.allow == Allow::authenticated && !names_a_condition(requirement);
  if (!says_nothing || says_allow) return {};
  return Error{ErrorCode::invalid_argument,
               "the requirement names nothing: give it roles, scopes, a level or max_auth_age, or say for whom it is"};
}

}  // namespace ficha
