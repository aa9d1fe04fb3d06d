#include "ficha/interceptor.hpp"

#include <algorithm>
#include <utility>

#include "bearer.hpp"
#include "config_problem.hpp"
#include "csrf.hpp"
#include "method.hpp"
#include "path.hpp"
#include "request_fields.hpp"
#include "rule.hpp"
#include "trust.hpp"

namespace ficha {
namespace {

// What a decision says about the request besides its verdict.
struct Context {
  int rule = -1;
  Carrier carrier = Carrier::none;
  bool cookie_counted = false;  // another Cookie field could have changed the decision
};

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
    case Verdict::unavailable:
      break;
  }
  return 503;
}

Decision decide(Verdict verdict, Reason reason, const Context& context, std::string challenge = {}) {
  Decision decision;
  decision.verdict = verdict;
  decision.reason = reason;
  decision.status = status_of(verdict);
  decision.rule = context.rule;
  decision.carrier = context.carrier;
  if (!challenge.empty()) decision.add_header("WWW-Authenticate", std::move(challenge));
  if (verdict == Verdict::unavailable) decision.add_header("Retry-After", "1");
  if (context.cookie_counted) decision.add_header("Vary", "Cookie");
  return decision;
}

Decision unauthenticated(Reason reason, const Context& context) {
  const bool presented = reason != Reason::no_credential && reason != Reason::anonymous_session;
  return decide(Verdict::unauthenticated, reason, context, presented ? R"(Bearer error="invalid_token")" : "Bearer");
}

Decision invalid_request(Reason reason, const Context& context) {
  return decide(Verdict::bad_request, reason, context, R"(Bearer error="invalid_request")");
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
  return decide(Verdict::forbidden, reason, context, std::move(challenge));
}

// RFC 9470 section 3, with everything the next authentication has to satisfy.
Decision reauthenticate(Reason reason, const Requirement& requirement, const Context& context) {
  std::string challenge = R"(Bearer error="insufficient_user_authentication")";
  if (requirement.max_auth_age) challenge += ", max_age=\"" + std::to_string(requirement.max_auth_age->count()) + '"';
  if (requirement.level > 0) challenge += ", acr_values=\"" + std::to_string(requirement.level) + '"';
  return decide(Verdict::reauthenticate, reason, context, std::move(challenge));
}

bool is_too_old(const Requirement& requirement, const Session& session, std::int64_t now) noexcept {
  if (!requirement.max_auth_age) return false;
  return session.authenticated_at() <= 0 || now - session.authenticated_at() > requirement.max_auth_age->count();
}

// The requirement against a live session, or none. On allow, the caller adds the session.
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

// Enough to spare the store what cannot be a token; Token::parse() decides about the rest.
bool has_token_shape(std::string_view token) noexcept {
  return token.size() == Token::length && token.starts_with(Token::prefix);
}

// An exception here can only mean that no memory is left.
template <class Judge>
auto fail_closed(Judge judge) noexcept -> decltype(judge()) {
  try {
    return judge();
  } catch (...) {
    return decide(Verdict::unavailable, Reason::store_unavailable, {});
  }
}

constexpr MethodSet connect_method = method_bit("CONNECT");

bool changes_state(MethodSet method) noexcept {
  return (method & (safe_methods | connect_method)) == 0;
}

}  // namespace

struct Interceptor::Compiled {
  std::vector<CompiledRule> rules;
  std::string cookie_name;
  CsrfConfig csrf;
  std::vector<AddressBlock> proxies;
  std::vector<std::string> identity_headers;
  TokenKeys token_keys;

  std::variant<Decision, Admission> admit(const HttpRequest& request) const;
  // Takes the session out of `lookup` if it allows.
  Decision judge(const HttpRequest& request, const Admission& admission, LookupResult& lookup, std::int64_t now) const;

 private:
  std::optional<Decision> find_rule(const HttpRequest& request, MethodSet method, int& index) const;
  std::optional<Reason> refused_by_origin(const HttpRequest& request, bool websocket, MethodSet method,
                                          Carrier carrier) const;
  Decision judge_lookup(const HttpRequest& request, const Admission& admission, const LookupResult& lookup,
                        std::int64_t now) const;
  bool has_csrf_token(const HttpRequest& request, const Admission& admission) const;
};

// A decision when no rule is to be asked any further.
std::optional<Decision> Interceptor::Compiled::find_rule(const HttpRequest& request, MethodSet method,
                                                         int& index) const {
  // "OPTIONS *" asks about the server as a whole (RFC 9110 section 9.3.7), which no rule can be about.
  const bool whole_server = request.path == "*" && request.method == "OPTIONS";
  CanonicalPath path;
  if (!whole_server && !path.parse(request.path)) return decide(Verdict::bad_request, Reason::ambiguous_path, {});
  bool path_matched = false;
  for (std::size_t i = 0; i < rules.size() && !whole_server; ++i) {
    if (!rules[i].path.matches(path.text())) continue;
    path_matched = true;
    if ((rules[i].methods & method) == 0) continue;
    index = static_cast<int>(i);
    if (rules[i].source.requirement.allow != Allow::nobody) return std::nullopt;
    return decide(Verdict::forbidden, Reason::nobody, {.rule = index});
  }
  return decide(Verdict::forbidden, path_matched ? Reason::method_not_listed : Reason::no_rule, {});
}

std::variant<Decision, Admission> Interceptor::Compiled::admit(const HttpRequest& request) const {
  const MethodSet method = method_bit(request.method);
  Context context;
  if (auto denied = find_rule(request, method, context.rule)) return *std::move(denied);
  const Rule& rule = rules[static_cast<std::size_t>(context.rule)].source;

  const CredentialFields fields = find_credentials(request.headers, cookie_name);
  BearerValue bearer;
  if (fields.authorization.count == 1) bearer = parse_authorization(fields.authorization.value);
  if (fields.authorization.count > 1 || bearer.lookup == BearerLookup::several) {
    return invalid_request(Reason::two_authorizations, context);
  }
  if (bearer.lookup == BearerLookup::malformed) return invalid_request(Reason::malformed_bearer, context);

  const bool has_bearer = bearer.lookup == BearerLookup::found;
  const bool has_cookie = fields.cookie.lookup != CookieLookup::absent;
  context.cookie_counted = has_cookie || !has_bearer;
  if (has_bearer && has_cookie) return invalid_request(Reason::two_credentials, context);
  if (has_bearer) context.carrier = Carrier::bearer;
  if (has_cookie) context.carrier = Carrier::cookie;
  const bool anonymous_passes = rule.requirement.allow == Allow::anyone;

  if (context.carrier == Carrier::none && !anonymous_passes) return unauthenticated(Reason::no_credential, context);
  if (const auto reason = refused_by_origin(request, fields.websocket, method, context.carrier)) {
    return decide(Verdict::forbidden, *reason, context);
  }
  const std::string_view token = has_bearer ? bearer.token : fields.cookie.value;
  if (!has_token_shape(token)) {
    if (anonymous_passes) return decide(Verdict::allow, Reason::allowed_anonymous, context);
    const bool ambiguous = fields.cookie.lookup == CookieLookup::ambiguous;
    return unauthenticated(ambiguous ? Reason::ambiguous_cookie : Reason::malformed_token, context);
  }
  return Admission{context.rule, context.carrier, token, rule.requirement.fresh, rule.touch};
}

std::optional<Reason> Interceptor::Compiled::refused_by_origin(const HttpRequest& request, bool websocket,
                                                               MethodSet method, Carrier carrier) const {
  if (csrf.mode == CsrfMode::off || carrier == Carrier::bearer) return std::nullopt;
  const bool has_cookie = carrier == Carrier::cookie;
  // A handshake opens a channel in both directions that no same-origin policy guards; a page cannot add a token to it.
  const bool handshake = websocket || method == connect_method;
  if (!changes_state(method) && !(handshake && has_cookie)) return std::nullopt;
  const OriginFields fields = find_origin(request.headers);
  switch (origin_evidence(fields, own_origin(request, fields, proxies), csrf.trusted_origins)) {
    case OriginEvidence::own:
      return std::nullopt;
    case OriginEvidence::foreign:
      return Reason::csrf_foreign_origin;
    case OriginEvidence::none:
      break;
  }
  const bool proof_is_due = has_cookie && (csrf.mode == CsrfMode::origin || !changes_state(method));
  return proof_is_due ? std::optional(Reason::csrf_no_proof) : std::nullopt;
}

bool Interceptor::Compiled::has_csrf_token(const HttpRequest& request, const Admission& admission) const {
  const Field field = find_field(request.headers, csrf.header);
  const std::optional<Token> token = Token::parse(admission.token, token_keys);
  return token && field.count == 1 && verify_csrf_token(field.value, *token);
}

Decision Interceptor::Compiled::judge_lookup(const HttpRequest& request, const Admission& admission,
                                             const LookupResult& lookup, std::int64_t now) const {
  const Context context{admission.rule, admission.carrier, admission.carrier == Carrier::cookie};
  const auto index = static_cast<std::size_t>(admission.rule);
  if (admission.rule < 0 || index >= rules.size()) return decide(Verdict::forbidden, Reason::no_rule, {});
  if (!lookup) return decide(Verdict::unavailable, Reason::store_unavailable, context);

  const bool live = lookup->has_value() && (*lookup)->expires_at() > now;
  const Session* session = live ? &**lookup : nullptr;
  const bool token_is_due = csrf.mode == CsrfMode::token && admission.carrier == Carrier::cookie && live &&
                            changes_state(method_bit(request.method));
  if (token_is_due && !has_csrf_token(request, admission)) {
    return decide(Verdict::forbidden, Reason::csrf_bad_token, context);
  }
  return judge_session(rules[index].source.requirement, session, now, context);
}

Decision Interceptor::Compiled::judge(const HttpRequest& request, const Admission& admission, LookupResult& lookup,
                                      std::int64_t now) const {
  Decision decision = judge_lookup(request, admission, lookup, now);
  if (decision.reason == Reason::allowed) decision.session = std::move(*lookup);
  return decision;
}

Interceptor::Interceptor(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Interceptor::Interceptor(Interceptor&&) noexcept = default;
Interceptor& Interceptor::operator=(Interceptor&&) noexcept = default;
Interceptor::~Interceptor() = default;

Result<Interceptor> Interceptor::compile(const Config& config) {
  if (auto valid = validate(config); !valid) return std::move(valid).error();
  auto compiled = std::make_unique<Compiled>();
  if (const auto problem = compile_rules(config.policy, compiled->rules)) {
    return Error{ErrorCode::invalid_config, problem->key + ": " + problem->what};
  }
  for (const std::string& proxy : config.trust.proxies) {
    Result<AddressBlock> block = AddressBlock::parse(proxy);
    if (!block) return std::move(block).error();
    compiled->proxies.push_back(*block);
  }
  compiled->cookie_name = config.cookie.name;
  compiled->csrf = config.csrf;
  compiled->identity_headers = config.trust.identity_headers;
  compiled->token_keys = config.session.token_keys;
  return Interceptor(std::move(compiled));
}

std::variant<Decision, Admission> Interceptor::admit(const HttpRequest& request) const noexcept {
  return fail_closed([&] { return compiled_->admit(request); });
}

Decision Interceptor::judge(const HttpRequest& request, const Admission& admission, LookupResult lookup,
                            std::int64_t now) const noexcept {
  return fail_closed([&] { return compiled_->judge(request, admission, lookup, now); });
}

Decision Interceptor::require(const Requirement& requirement, const Decision& admitted,
                              std::int64_t now) const noexcept {
  return fail_closed([&] {
    if (!admitted.allowed()) return admitted;
    const auto headers = admitted.headers();
    const bool varies =
        std::any_of(headers.begin(), headers.end(), [](const auto& header) { return header.name == "Vary"; });
    Decision decision = judge_session(requirement, admitted.session ? &*admitted.session : nullptr, now,
                                      {admitted.rule, admitted.carrier, varies});
    return decision.allowed() ? admitted : decision;
  });
}

Result<std::string> Interceptor::csrf_token(const Token& token, RandomSource& random) const {
  return make_csrf_token(token, random);
}

bool Interceptor::is_identity_header(std::string_view name) const noexcept {
  const auto& listed = compiled_->identity_headers;
  return std::any_of(listed.begin(), listed.end(),
                     [name](const std::string& header) { return is_header_alias(header, name); });
}

std::string Interceptor::explain(const Decision& decision) const {
  std::string text(name(decision.verdict));
  text.append(": ").append(name(decision.reason));
  const auto index = static_cast<std::size_t>(decision.rule);
  if (decision.rule < 0 || index >= compiled_->rules.size()) return text;
  const Rule& rule = compiled_->rules[index].source;
  text += ", by rule[" + std::to_string(index) + "] " + rule.path;
  if (rule.line > 0) text += " (line " + std::to_string(rule.line) + ")";
  return text;
}

}  // namespace ficha
