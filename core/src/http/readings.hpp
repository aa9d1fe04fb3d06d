// Every way in which a layer may route a request, and the rules that decide about each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/rule.hpp"
#include "http/trust.hpp"

namespace ficha {

// What the policy says about all readings of a request, before anybody looks at credentials.
struct RuledReadings {
  Reason refused = Reason::allowed;  // what makes the request a bad one; `allowed` for none
  std::optional<RuleMatch> denied;   // the first reading that the rules alone deny
  std::array<std::int16_t, 1 + Admission::max_further_rules> rules;  // of the others, each once, in their order
  std::size_t count = 0;
  bool changes_state = false;  // some reading's method does
  SkippedRules skipped;        // before the first rule
};

// What readings are made of besides the request. References into the interceptor's own.
struct ReadingContext {
  const RuleSet& rules;
  std::span<const std::string> prefixes;
  std::span<const AddressBlock> proxies;
};

void rule_readings(const HttpRequest& request, const ReadingContext& context, RuledReadings& ruled) noexcept;
// The same for the request that a CORS preflight asks about: `method` in the place of every reading's own.
void rule_preflight(const HttpRequest& request, std::string_view method, const ReadingContext& context,
                    RuledReadings& ruled) noexcept;
// See Interceptor::is_judged.
[[nodiscard]] bool is_among_readings(const HttpRequest& request, const Reading& routed,
                                     const ReadingContext& context) noexcept;

// Whether a request with this method needs proof against CSRF.
[[nodiscard]] bool changes_state(MethodSet method) noexcept;

}  // namespace ficha
