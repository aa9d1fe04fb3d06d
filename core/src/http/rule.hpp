// The compiled form of the policy.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/config_problem.hpp"
#include "ficha/interceptor.hpp"
#include "http/method.hpp"
#include "http/path.hpp"

namespace ficha {

struct CompiledRule {
  PathPattern path;
  PathPattern folded;  // for paths whose case is folded
  MethodSet methods;
  Rule source;
  // By earlier rule: whether that one's path covers this one's, as they are written and with their case folded.
  std::vector<bool> follows = {};
  std::vector<bool> follows_folded = {};
};

// What the rules say about one path and method.
struct RuleMatch {
  int rule = -1;                    // the one that decides
  Reason denied = Reason::allowed;  // no_rule, method_not_allowed or nobody: the rule, or that there is none, denies
  MethodSet listed = 0;             // where the method is not: those that somebody may use on this path
  bool anyone_on_path = false;      // where the method is not: some rule on this path is for anyone
  SkippedRules skipped;
};

class RuleSet {
 public:
  // nullopt, or what is wrong with the policy. One compiled rule for each, in their order; one for anyone if there is none.
  [[nodiscard]] std::optional<ConfigProblem> compile(const Policy& policy);

  // `path` as CanonicalPath::text(), or that text with its case folded.
  [[nodiscard]] RuleMatch find(std::string_view path, MethodSet method, bool folded) const noexcept;

  [[nodiscard]] const CompiledRule& operator[](int index) const noexcept {
    return rules_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] bool has(int index) const noexcept {
    return index >= 0 && static_cast<std::size_t>(index) < rules_.size();
  }
  [[nodiscard]] int size() const noexcept { return static_cast<int>(rules_.size()); }
  [[nodiscard]] const MethodTable& methods() const noexcept { return methods_; }
  // Whether some rule's path is not the same when its case is folded.
  [[nodiscard]] bool has_capitals() const noexcept { return has_capitals_; }
  // Whether `rule` may decide about a path that `earlier` matches without listing the method.
  [[nodiscard]] bool follows(int rule, int earlier) const noexcept {
    return (*this)[rule].follows[static_cast<std::size_t>(earlier)];
  }

 private:
  [[nodiscard]] std::optional<ConfigProblem> add(const Rule& rule, std::size_t index);
  [[nodiscard]] std::optional<ConfigProblem> find_conflict(std::size_t index) const;
  [[nodiscard]] bool find_decider(std::string_view path, MethodSet method, bool folded,
                                  RuleMatch& match) const noexcept;
  [[nodiscard]] RuleMatch not_allowed(std::string_view path, MethodSet method, bool folded) const noexcept;
  [[nodiscard]] bool hinders(std::size_t earlier, std::size_t rule, std::string_view path, bool folded) const noexcept {
    const auto& follows = folded ? rules_[rule].follows_folded : rules_[rule].follows;
    return !follows[earlier] && matches(earlier, path, folded);
  }
  [[nodiscard]] bool matches(std::size_t index, std::string_view path, bool folded) const noexcept {
    return folded ? rules_[index].folded.matches(path) : rules_[index].path.matches(path);
  }

  std::vector<CompiledRule> rules_;
  MethodTable methods_;
  bool has_capitals_ = false;
};

// Whether the requirement asks for more than any live session: that implies an authenticated one.
[[nodiscard]] bool names_a_condition(const Requirement& requirement) noexcept;
// scope-token of RFC 6749 section 3.3, which a WWW-Authenticate field can carry unquoted.
[[nodiscard]] bool is_scope_token(std::string_view scope) noexcept;
// "rule[3]", and "rule[3] (line 27)" for one that a file defines.
[[nodiscard]] std::string rule_name(std::size_t index);
[[nodiscard]] std::string rule_name(const Rule& rule, std::size_t index);

}  // namespace ficha
