// Which rule decides about a path and a method.
#include <algorithm>

#include "http/rule.hpp"

namespace ficha {
namespace {

void add_skipped(SkippedRules& skipped, std::size_t index) noexcept {
  if (skipped.count < skipped.rules.size()) skipped.rules[skipped.count++] = static_cast<std::int16_t>(index);
}

}  // namespace

RuleMatch RuleSet::find(std::string_view path, MethodSet method, bool folded) const noexcept {
  RuleMatch match;
  if (!find_decider(path, method, folded, match)) match = not_allowed(path, method, folded);
  return match;
}

// False where the rules on the path do not list the method.
bool RuleSet::find_decider(std::string_view path, MethodSet method, bool folded, RuleMatch& match) const noexcept {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!matches(i, path, folded)) continue;
    if ((rules_[i].methods & method) == 0) {
      add_skipped(match.skipped, i);
      continue;
    }
    for (std::size_t earlier = match.skipped.count > 0 ? 0 : i; earlier < i; ++earlier) {
      if (hinders(earlier, i, path, folded)) return false;
    }
    match.rule = static_cast<int>(i);
    if (rules_[i].source.requirement.allow == Allow::nobody) match.denied = Reason::nobody;
    return true;
  }
  match.denied = Reason::no_rule;
  return match.skipped.count == 0;
}

// What could have been asked for on this path instead: each method that reaches a rule by the same order.
RuleMatch RuleSet::not_allowed(std::string_view path, MethodSet method, bool folded) const noexcept {
  RuleMatch match;
  match.denied = Reason::method_not_allowed;
  MethodSet decided = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!matches(i, path, folded)) continue;
    const CompiledRule& rule = rules_[i];
    const Allow allow = rule.source.requirement.allow;
    if (allow == Allow::anyone) match.anyone_on_path = true;
    if ((rule.methods & method) == 0) add_skipped(match.skipped, i);

    MethodSet reached = rule.methods & ~decided;
    decided |= reached;
    for (std::size_t earlier = 0; earlier < i && reached != 0; ++earlier) {
      if (hinders(earlier, i, path, folded)) reached &= rules_[earlier].methods;
    }
    if (allow != Allow::nobody) match.listed |= reached;
  }
  return match;
}

}  // namespace ficha
