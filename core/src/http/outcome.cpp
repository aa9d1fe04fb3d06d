#include "http/outcome.hpp"

#include <algorithm>
#include <utility>

#include "http/rule.hpp"

namespace ficha {
namespace {

int status_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::allow:
      return 200;
    case Verdict::unauthenticated:
    case Verdict::reauthenticate:
      return 401;
    case Verdict::forbidden:
      return 403;
    case Verdict::bad_request:
      return 400;
    case Verdict::method_not_allowed:
      return 405;
    case Verdict::preflight:
      return 204;
    case Verdict::unavailable:
      break;
  }
  return 503;
}

Decision decide_with_challenge(Verdict verdict, Reason reason, const Context& context, std::string challenge) {
  Decision decision = decide(verdict, reason, context);
  decision.add_header("WWW-Authenticate", std::move(challenge));
  return decision;
}

// RFC 6750 section 3.1. A cookie's user gets no challenge: there is no other credential to try.
Decision missing_right(Reason reason, const Requirement& requirement, const Context& context) {
  if (context.carrier != Carrier::bearer) return decide(Verdict::forbidden, reason, context);
  std::string challenge = R"(Bearer error="insufficient_scope")";
  const auto& scopes = requirement.scopes;
  if (reason == Reason::missing_scope && std::all_of(scopes.begin(), scopes.end(), is_scope_token)) {
    challenge += ", scope=\"" + scopes.front();
    for (auto scope = scopes.begin() + 1; scope != scopes.end(); ++scope) challenge += " " + *scope;
    challenge += '"';
  }
  return decide_with_challenge(Verdict::forbidden, reason, context, std::move(challenge));
}

// RFC 9470 section 3, with everything the next authentication has to satisfy.
Decision reauthenticate(Reason reason, const Requirement& requirement, const Context& context) {
  std::string challenge = R"(Bearer error="insufficient_user_authentication")";
  if (requirement.max_auth_age) challenge += ", max_age=\"" + std::to_string(requirement.max_auth_age->count()) + '"';
  if (requirement.level > 0) challenge += ", acr_values=\"" + std::to_string(requirement.level) + '"';
  return decide_with_challenge(Verdict::reauthenticate, reason, context, std::move(challenge));
}

bool is_too_old(const Requirement& requirement, const Session& session, std::int64_t now) noexcept {
  if (!requirement.max_auth_age) return false;
  return session.authenticated_at() <= 0 || now - session.authenticated_at() > requirement.max_auth_age->count();
}

}  // namespace

Decision decide(Verdict verdict, Reason reason, const Context& context) {
  Decision decision;
  decision.verdict = verdict;
  decision.reason = reason;
  decision.status = status_of(verdict);
  decision.rule = context.rule;
  decision.carrier = context.carrier;
  decision.skipped = context.skipped;
  if (verdict == Verdict::unavailable) decision.add_header("Retry-After", "1");
  if (context.cookie_counted) decision.add_header("Vary", "Cookie");
  return decision;
}

Decision unauthenticated(Reason reason, const Context& context) {
  const bool presented = reason != Reason::no_credential && reason != Reason::anonymous_session;
  return decide_with_challenge(Verdict::unauthenticated, reason, context,
                               std::string(presented ? invalid_token_challenge : "Bearer"));
}

Decision invalid_request(Reason reason, const Context& context) {
  return decide_with_challenge(Verdict::bad_request, reason, context, R"(Bearer error="invalid_request")");
}

Decision method_not_allowed(const MethodTable& methods, MethodSet listed, const Context& context) {
  Decision decision = decide(Verdict::method_not_allowed, Reason::method_not_allowed, context);
  decision.add_header("Allow", methods.list(listed));
  return decision;
}

Decision judge_session(const Requirement& requirement, const Session* session, std::int64_t now,
                       const Context& context) {
  if (requirement.allow == Allow::nobody) return decide(Verdict::forbidden, Reason::nobody, context);
  if (requirement.allow == Allow::anyone && !names_a_condition(requirement)) {
    return decide(Verdict::allow, session != nullptr ? Reason::allowed : Reason::allowed_anonymous, context);
  }
  if (session == nullptr) {
    const bool presented = context.carrier != Carrier::none;
    return unauthenticated(presented ? Reason::session_not_live : Reason::no_credential, context);
  }
  if (session->anonymous()) return unauthenticated(Reason::anonymous_session, context);

  const auto& roles = requirement.roles;
  const auto& scopes = requirement.scopes;
  const bool has_role =
      std::any_of(roles.begin(), roles.end(), [&](const auto& role) { return session->has_role(role); });
  if (!roles.empty() && !has_role) return missing_right(Reason::missing_role, requirement, context);
  if (!std::all_of(scopes.begin(), scopes.end(), [&](const auto& scope) { return session->has_scope(scope); })) {
    return missing_right(Reason::missing_scope, requirement, context);
  }
  if (session->level() < requirement.level) return reauthenticate(Reason::level_too_low, requirement, context);
  if (is_too_old(requirement, *session, now))
    return reauthenticate(Reason::authentication_too_old, requirement, context);
  return decide(Verdict::allow, Reason::allowed, context);
}

int rank(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::bad_request:
      return 0;
    case Verdict::method_not_allowed:
      return 1;
    case Verdict::unauthenticated:
      return 2;
    case Verdict::unavailable:
      return 3;
    case Verdict::forbidden:
      return 4;
    case Verdict::reauthenticate:
      return 5;
    case Verdict::preflight:
    case Verdict::allow:
      break;
  }
  return 6;
}

}  // namespace ficha
