// The service's routes against the policy: which rules may decide about each.
#pragma once

#include <span>
#include <vector>

#include "http/rule.hpp"

namespace ficha {

// See Interceptor::check_routes.
[[nodiscard]] std::vector<RouteFinding> find_routes(std::span<const Route> routes, const RuleSet& rules);

}  // namespace ficha
