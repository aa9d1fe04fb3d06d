#include "http/routes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace ficha {
namespace {

// The rules that may decide about some path of a route when asked with one method.
struct Deciders {
  std::set<int> rules;
  bool unruled = false;   // some path reaches no rule
  bool unlisted = false;  // every rule that some path reaches lists other methods
};

Deciders find_deciders(const PathPattern& route, MethodSet method, const RuleSet& rules) {
  Deciders found;
  bool skipped_all = false;  // a rule for the whole route does not list the method
  std::vector<int> skipped;
  for (int i = 0; i < rules.size(); ++i) {
    if (!rules[i].path.meets(route)) continue;
    const bool whole = rules[i].path.covers(route);
    if ((rules[i].methods & method) == 0) {
      skipped.push_back(i);
      skipped_all = skipped_all || whole;
      continue;
    }
    // One that covers the whole route without listing the method bars what does not lie within it.
    const bool barred = std::any_of(skipped.begin(), skipped.end(), [&](int earlier) {
      return rules[earlier].path.covers(route) && !rules.follows(i, earlier);
    });
    if (!barred) found.rules.insert(i);
    if (whole) {
      found.unlisted = barred && found.rules.empty();
      return found;
    }
  }
  found.unlisted = skipped_all && found.rules.empty();
  found.unruled = !skipped_all;
  return found;
}

// What of the rules must be the same at all routes of one handler: the text of what each requires.
std::string strictness(const Requirement& requirement) {
  std::string text = std::to_string(static_cast<int>(requirement.allow)) + '/' + std::to_string(requirement.level);
  text += '/' + std::to_string(requirement.max_auth_age ? requirement.max_auth_age->count() : -1);
  const auto append = [&text](const std::vector<std::string>& names) {
    text += '/';
    for (const std::string& name : std::set<std::string>(names.begin(), names.end())) text += name + '\n';
  };
  append(requirement.roles);
  append(requirement.scopes);
  return text;
}

class Finder {
 public:
  Finder(std::span<const Route> routes, const RuleSet& rules) : routes_(routes), rules_(rules) {}

  std::vector<RouteFinding> find() {
    for (std::size_t i = 0; i < routes_.size(); ++i) look_at(i);
    compare_handlers();
    return std::move(findings_);
  }

 private:
  void look_at(std::size_t index) {
    const Route& route = routes_[index];
    const Result<PathPattern> pattern = PathPattern::compile(route.pattern);
    if (!pattern) return report({.route = index, .problem = "the pattern " + pattern.error().message});
    std::vector<std::string> methods = route.methods;
    if (methods.empty()) methods = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (const std::string& method : methods) {
      const MethodSet bit = rules_.methods().bit(method);
      if (bit == 0) {
        report(
            {.route = index, .methods = {method}, .problem = "is always refused: a method is written in upper case"});
        continue;
      }
      look_at(index, method, find_deciders(*pattern, bit, rules_));
    }
  }

  void look_at(std::size_t index, const std::string& method, const Deciders& deciders) {
    std::set<std::string> required;
    for (const int rule : deciders.rules) {
      report({.route = index, .methods = {method}, .rule = rule, .line = rules_[rule].source.line});
      required.insert(strictness(rules_[rule].source.requirement));
    }
    if (deciders.unruled) report({.route = index, .methods = {method}, .problem = "no rule decides: always 403"});
    // Frameworks answer these two by themselves where another method has a handler.
    const bool automatic = method == "OPTIONS" || method == "HEAD";
    if (deciders.unlisted && !automatic) {
      report({.route = index, .methods = {method}, .problem = "no rule lists the method: always 405"});
    }
    const std::string judged_as = method == "HEAD" ? "GET" : method;
    if (!required.empty()) required_[{routes_[index].handler, judged_as}][index] = std::move(required);
  }

  // One handler, asked with one method, must not be under different requirements at different routes.
  void compare_handlers() {
    for (const auto& [handler, by_route] : required_) {
      const auto& [first, required] = *by_route.begin();
      for (const auto& [route, others] : by_route) {
        if (others == required) continue;
        report({.route = route,
                .methods = {handler.second},
                .problem = "the same handler is at " + routes_[first].pattern + ", under other requirements"});
      }
    }
  }

  // Findings that differ in their method only are one.
  void report(RouteFinding finding) {
    const auto same = std::find_if(findings_.begin(), findings_.end(), [&](const RouteFinding& other) {
      return other.route == finding.route && other.rule == finding.rule && other.problem == finding.problem;
    });
    if (same == findings_.end()) {
      findings_.push_back(std::move(finding));
    } else if (!finding.methods.empty()) {
      same->methods.push_back(std::move(finding.methods.front()));
    }
  }

  std::span<const Route> routes_;
  const RuleSet& rules_;
  std::vector<RouteFinding> findings_;
  // By handler and method, for each route: what the rules that may decide require.
  std::map<std::pair<std::string, std::string>, std::map<std::size_t, std::set<std::string>>> required_;
};

}  // namespace

std::vector<RouteFinding> find_routes(std::span<const Route> routes, const RuleSet& rules) {
  return Finder(routes, rules).find();
}

}  // namespace ficha
