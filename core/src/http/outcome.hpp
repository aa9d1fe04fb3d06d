// What decisions look like: a verdict's status and headers, and a session against a requirement.
#pragma once

#include <cstdint>

#include "ficha/interceptor.hpp"
#include "http/method.hpp"

namespace ficha {

inline constexpr std::string_view invalid_token_challenge = R"(Bearer error="invalid_token")";

// What a decision says about the request besides its verdict.
struct Context {
  int rule = -1;
  Carrier carrier = Carrier::none;
  bool cookie_counted = false;  // another Cookie field could have changed the decision
  SkippedRules skipped = {};
};

[[nodiscard]] Decision decide(Verdict verdict, Reason reason, const Context& context);
[[nodiscard]] Decision unauthenticated(Reason reason, const Context& context);
// The credential is refused.
[[nodiscard]] Decision invalid_request(Reason reason, const Context& context);
[[nodiscard]] Decision method_not_allowed(const MethodTable& methods, MethodSet listed, const Context& context);

// The requirement against a live session, or none. On allow, the caller adds the session.
[[nodiscard]] Decision judge_session(const Requirement& requirement, const Session* session, std::int64_t now,
                                     const Context& context);

// Of two decisions on two readings of a request, the one with the lower rank is the answer.
[[nodiscard]] int rank(Verdict verdict) noexcept;

}  // namespace ficha
