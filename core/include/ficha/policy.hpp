// Who may do what: requirements, the rules that apply them to paths, and their validation.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ficha/result.hpp"

namespace ficha {

enum class Allow : std::uint8_t {
  anyone,         // with or without a session; a credential that is presented is still looked up
  authenticated,  // a live session with a principal
  nobody,         // always denied
};

// What a session must have. Naming a role, scope, level or age implies Allow::authenticated.
struct Requirement {
  Allow allow = Allow::authenticated;
  std::vector<std::string> roles = {};                    // any one of them; empty = no role needed
  std::vector<std::string> scopes = {};                   // all of them
  int level = 0;                                          // least assurance level, 0 to 3
  std::optional<std::chrono::seconds> max_auth_age = {};  // since the principal last proved itself
  bool fresh = false;                                     // ask Redis, not the near cache

  friend bool operator==(const Requirement&, const Requirement&) = default;
};

// One [[rule]]: first match wins; a path that matches none is denied. A rule whose path matches and whose methods do not
// is skipped: a later rule decides only if its path is the same as that of every skipped one, or narrower.
struct Rule {
  std::string path;  // whole segments; `*` is one segment, `**` any number, as the last segment or between
  // Tokens in upper case; GET includes HEAD. Empty = GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.
  std::vector<std::string> methods = {};
  Requirement requirement = {};
  bool touch = true;  // false: a request here does not keep the session alive (polling)
  int line = 0;       // where the file defines it; 0 when given in code
};

// Without rules a policy is as with the one rule { path = "/**", allow = "anyone" }.
struct Policy {
  std::vector<Rule> rules;
};

// invalid_config, naming the rule (its line, or its index when given in code) and the key: a path that does not start
// with "/", a `**` inside a segment, a method that is not in upper case, a rule that an earlier one shadows, two rules
// whose paths differ in case only and that require different things, a contradiction.
[[nodiscard]] Result<void> validate(const Policy& policy);

// For a requirement on a route or handler, when it is defined: invalid_argument naming the key, for a value that no rule
// could have, and for a requirement that names nothing. `says_allow`: whether the definition itself says for whom it is,
// so that "authenticated" is all it asks.
[[nodiscard]] Result<void> validate(const Requirement& requirement, bool says_allow = false);

// A route of the service, for Client::check_routes().
struct Route {
  std::string handler;                    // what runs; the same name at several routes is the same handler
  std::vector<std::string> methods = {};  // empty = GET, POST, PUT, PATCH, DELETE
  std::string pattern;                    // as a rule's path: `*` for a parameter, `**` for any number of segments
};

// One rule that may decide about a route, and what is wrong with that.
struct RouteFinding {
  std::size_t route = 0;             // index of the Route
  std::vector<std::string> methods;  // for these
  int rule = -1;                     // index of the rule; -1 = none
  int line = 0;                      // where the file defines it
  std::string problem;               // "" where nothing is wrong
};

}  // namespace ficha
