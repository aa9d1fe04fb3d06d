// Who may do what: requirements, the rules that apply them to paths, and their validation.
#pragma once

#include <chrono>
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
};

// One [[rule]]: first match wins; a path that matches none is denied.
struct Rule {
  std::string path;  // whole segments; `*` is one segment, `**` any number, as the last segment or between
  std::vector<std::string> methods = {};  // upper case; empty = every method but TRACE; GET includes HEAD
  Requirement requirement = {};
  bool touch = true;  // false: a request here does not keep the session alive (polling)
  int line = 0;       // where the file defines it; 0 when given in code
};

struct Policy {
  std::vector<Rule> rules;
};

// invalid_config, naming the rule (its line, or its index when given in code) and the key: a path that does not start
// with "/", a `**` inside a segment, an unknown method, a rule that an earlier one shadows, a contradiction.
[[nodiscard]] Result<void> validate(const Policy& policy);

}  // namespace ficha
