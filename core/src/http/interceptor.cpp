#include "ficha/interceptor.hpp"

#include <algorithm>
#include <utility>

#include "config/config_problem.hpp"
#include "http/bearer.hpp"
#include "http/cors.hpp"
#include "http/csrf.hpp"
#include "http/outcome.hpp"
#include "http/readings.hpp"
#include "http/request_fields.hpp"
#include "http/routes.hpp"
#include "http/rule.hpp"
#include "http/trust.hpp"

namespace ficha {
namespace {

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

// What a request presents, read once for all its readings.
struct Presented {
  std::optional<Reason> refused;  // what makes it a bad request
  Carrier carrier = Carrier::none;
  bool cookie_counted = true;
  bool ambiguous_cookie = false;
  bool websocket = false;
  std::string_view token;

  static Presented read(std::span<const HeaderField> headers, std::string_view cookie_name) noexcept {
    const CredentialFields fields = find_credentials(headers, cookie_name);
    Presented presented{.websocket = fields.websocket};
    BearerValue bearer;
    if (fields.authorization.count == 1) bearer = parse_authorization(fields.authorization.value);
    presented.cookie_counted = false;
    if (fields.authorization.count > 1 || bearer.lookup == BearerLookup::several) {
      presented.refused = Reason::two_authorizations;
      return presented;
    }
    if (bearer.lookup == BearerLookup::malformed) {
      presented.refused = Reason::malformed_bearer;
      return presented;
    }
    const bool has_bearer = bearer.lookup == BearerLookup::found;
    const bool has_cookie = fields.cookie.lookup != CookieLookup::absent;
    presented.cookie_counted = has_cookie || !has_bearer;
    presented.ambiguous_cookie = fields.cookie.lookup == CookieLookup::ambiguous;
    if (has_bearer && has_cookie) {
      presented.refused = Reason::two_credentials;
      return presented;
    }
    if (has_bearer) presented.carrier = Carrier::bearer;
    if (has_cookie) presented.carrier = Carrier::cookie;
    presented.token = has_bearer ? bearer.token : fields.cookie.value;
    return presented;
  }

  // Why it leads to no session, whatever the store says.
  [[nodiscard]] Reason why_no_token() const noexcept {
    if (carrier == Carrier::none) return Reason::no_credential;
    return ambiguous_cookie ? Reason::ambiguous_cookie : Reason::malformed_token;
  }
};

// Every reading must pass: the answer is that of the first of the highest rank.
Decision judge_readings(const RuleSet& rules, const Admission& admission, const Session* session, std::int64_t now,
                        const Context& context) {
  Decision decision = judge_session(rules[admission.rule].source.requirement, session, now, context);
  for (std::size_t i = 0; i < admission.further_count; ++i) {
    Context further = context;
    further.rule = admission.further_rules[i];
    Decision other = judge_session(rules[further.rule].source.requirement, session, now, further);
    if (rank(other.verdict) < rank(decision.verdict)) decision = std::move(other);
  }
  return decision;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

}  // namespace

struct Interceptor::Compiled {
  RuleSet rules;
  std::string cookie_name;
  CsrfConfig csrf;
  CorsConfig cors;
  std::vector<std::string> prefixes;
  std::vector<AddressBlock> proxies;
  std::vector<std::string> identity_headers;
  std::vector<std::string> judged_fields;
  TokenKeys token_keys;

  [[nodiscard]] ReadingContext reading_context() const noexcept { return {rules, prefixes, proxies}; }

  std::variant<Decision, Admission> admit(const HttpRequest& request) const;
  // Takes the session out of `lookup` if it allows.
  Decision judge(const HttpRequest& request, const Admission& admission, LookupResult& lookup, std::int64_t now) const;
  void add_cors(const HttpRequest& request, Decision& decision) const {
    if (!cors.origins.empty()) add_cors_headers(cors, find_field(request.headers, "origin"), decision);
  }

 private:
  std::optional<Decision> admit_preflight(const HttpRequest& request) const;
  std::variant<Decision, Admission> admit_unlisted_method(const RuleMatch& match, const Presented& presented) const;
  std::variant<Decision, Admission> admit_ruled(const HttpRequest& request, const RuledReadings& ruled,
                                                const Presented& presented) const;
  std::variant<Decision, Admission> make_admission(const RuledReadings& ruled, const Presented& presented) const;
  // Of the rules of all readings the first that is, or is not, for anyone; -1 for none.
  int first_rule(const RuledReadings& ruled, bool for_anyone) const noexcept;
  std::optional<Reason> refused_by_origin(const HttpRequest& request, const RuledReadings& ruled,
                                          const Presented& presented) const;
  Decision judge_lookup(const HttpRequest& request, const Admission& admission, const LookupResult& lookup,
                        std::int64_t now) const;
  bool has_csrf_token(const HttpRequest& request, const Admission& admission) const;
};

std::variant<Decision, Admission> Interceptor::Compiled::admit(const HttpRequest& request) const {
  if (!cors.origins.empty() && request.method == "OPTIONS") {
    if (auto answer = admit_preflight(request)) return *std::move(answer);
  }
  RuledReadings ruled;
  rule_readings(request, reading_context(), ruled);
  if (ruled.refused != Reason::allowed) return decide(Verdict::bad_request, ruled.refused, {});
  if (ruled.denied && ruled.count == 0) {
    const RuleMatch& match = *ruled.denied;
    const Context context{.rule = match.rule, .skipped = match.skipped};
    if (match.denied != Reason::method_not_allowed) return decide(Verdict::forbidden, match.denied, context);
    if (match.anyone_on_path) return method_not_allowed(rules.methods(), match.listed, context);
  }
  const Presented presented = Presented::read(request.headers, cookie_name);
  const int rule = ruled.count > 0 ? ruled.rules[0] : -1;
  const Context context{rule, Carrier::none, presented.cookie_counted, ruled.skipped};
  if (presented.refused) return invalid_request(*presented.refused, context);
  if (!ruled.denied) return admit_ruled(request, ruled, presented);

  const RuleMatch& match = *ruled.denied;
  if (match.denied == Reason::method_not_allowed && !match.anyone_on_path) {
    return admit_unlisted_method(match, presented);
  }
  const Context denied{.rule = match.rule, .skipped = match.skipped};
  if (match.denied == Reason::method_not_allowed) return method_not_allowed(rules.methods(), match.listed, denied);
  return decide(Verdict::forbidden, match.denied, denied);
}

// Nobody learns from a 405 about a path that is for nobody without a session.
std::variant<Decision, Admission> Interceptor::Compiled::admit_unlisted_method(const RuleMatch& match,
                                                                               const Presented& presented) const {
  const Context context{-1, presented.carrier, presented.cookie_counted, match.skipped};
  if (!has_token_shape(presented.token)) return unauthenticated(presented.why_no_token(), context);
  std::variant<Decision, Admission> admitted{std::in_place_type<Admission>, -1, presented.carrier, presented.token};
  Admission& admission = *std::get_if<Admission>(&admitted);
  admission.touch = false;
  admission.method_not_allowed = true;
  admission.listed_methods = match.listed;
  admission.skipped = match.skipped;
  return admitted;
}

std::variant<Decision, Admission> Interceptor::Compiled::admit_ruled(const HttpRequest& request,
                                                                     const RuledReadings& ruled,
                                                                     const Presented& presented) const {
  const int guarded = first_rule(ruled, false);
  const bool anonymous = presented.carrier == Carrier::none;
  Context context{ruled.rules[0], presented.carrier, presented.cookie_counted, ruled.skipped};
  if (anonymous && guarded >= 0) context.rule = first_rule(ruled, true);
  if (context.rule >= 0) {
    if (const auto reason = refused_by_origin(request, ruled, presented)) {
      return decide(Verdict::forbidden, *reason, context);
    }
  }
  if (!has_token_shape(presented.token)) {
    if (guarded < 0) return decide(Verdict::allow, Reason::allowed_anonymous, context);
    context.rule = guarded;
    return unauthenticated(presented.why_no_token(), context);
  }
  return make_admission(ruled, presented);
}

std::variant<Decision, Admission> Interceptor::Compiled::make_admission(const RuledReadings& ruled,
                                                                        const Presented& presented) const {
  std::variant<Decision, Admission> admitted{std::in_place_type<Admission>, ruled.rules[0], presented.carrier,
                                             presented.token};
  Admission& admission = *std::get_if<Admission>(&admitted);
  for (std::size_t i = 0; i < ruled.count; ++i) {
    const Rule& rule = rules[ruled.rules[i]].source;
    admission.fresh = admission.fresh || rule.requirement.fresh;
    admission.touch = admission.touch && rule.touch;
    if (i > 0) admission.further_rules[admission.further_count++] = ruled.rules[i];
  }
  admission.changes_state = ruled.changes_state;
  admission.skipped = ruled.skipped;
  return admitted;
}

int Interceptor::Compiled::first_rule(const RuledReadings& ruled, bool for_anyone) const noexcept {
  for (std::size_t i = 0; i < ruled.count; ++i) {
    if ((rules[ruled.rules[i]].source.requirement.allow == Allow::anyone) == for_anyone) return ruled.rules[i];
  }
  return -1;
}

// Without the store, and without a look at credentials: a browser sends none with it.
std::optional<Decision> Interceptor::Compiled::admit_preflight(const HttpRequest& request) const {
  const CorsFields fields = CorsFields::find(request.headers);
  if (!is_preflight(request.method, fields)) return std::nullopt;
  RuledReadings ruled;
  rule_preflight(request, fields.asked_method.value, reading_context(), ruled);
  const bool bad = ruled.refused != Reason::allowed && ruled.refused != Reason::ambiguous_method;
  if (bad) return decide(Verdict::bad_request, ruled.refused, {});
  const bool once = fields.origin.count == 1 && fields.asked_method.count == 1;
  const Context context{.rule = ruled.count > 0 ? ruled.rules[0] : -1};
  if (!once || ruled.refused != Reason::allowed || ruled.denied || !is_listed(cors, fields.origin)) {
    return decide(Verdict::forbidden, Reason::cors_refused, context);
  }
  Decision answer = decide(Verdict::preflight, Reason::cors_preflight, context);
  add_preflight_headers(cors, fields.asked_method.value, answer);
  return answer;
}

std::optional<Reason> Interceptor::Compiled::refused_by_origin(const HttpRequest& request, const RuledReadings& ruled,
                                                               const Presented& presented) const {
  if (csrf.mode == CsrfMode::off || presented.carrier == Carrier::bearer) return std::nullopt;
  const bool has_cookie = presented.carrier == Carrier::cookie;
  // A handshake opens a channel in both directions that no same-origin policy guards; a page cannot add a token to it.
  const bool handshake = presented.websocket || request.method == "CONNECT";
  if (!ruled.changes_state && !(handshake && has_cookie)) return std::nullopt;
  const OriginFields fields = find_origin(request.headers);
  switch (origin_evidence(fields, own_origin(request, fields, proxies), csrf.trusted_origins)) {
    case OriginEvidence::own:
      return std::nullopt;
    case OriginEvidence::foreign:
      return Reason::csrf_foreign_origin;
    case OriginEvidence::none:
      break;
  }
  const bool proof_is_due = has_cookie && (csrf.mode == CsrfMode::origin || !ruled.changes_state);
  return proof_is_due ? std::optional(Reason::csrf_no_proof) : std::nullopt;
}

bool Interceptor::Compiled::has_csrf_token(const HttpRequest& request, const Admission& admission) const {
  const Field field = find_field(request.headers, csrf.header);
  const std::optional<Token> token = Token::parse(admission.token, token_keys);
  return token && field.count == 1 && verify_csrf_token(field.value, *token);
}

Decision Interceptor::Compiled::judge_lookup(const HttpRequest& request, const Admission& admission,
                                             const LookupResult& lookup, std::int64_t now) const {
  const Context context{admission.rule, admission.carrier, admission.carrier == Carrier::cookie, admission.skipped};
  const auto further = std::span(admission.further_rules).first(admission.further_count);
  const bool all_known = rules.has(admission.rule) &&
                         std::all_of(further.begin(), further.end(), [this](int rule) { return rules.has(rule); });
  if (!all_known && !admission.method_not_allowed) return decide(Verdict::forbidden, Reason::no_rule, {});
  if (!lookup) return decide(Verdict::unavailable, Reason::store_unavailable, context);

  const bool live = lookup->has_value() && (*lookup)->expires_at() > now;
  const Session* session = live ? &**lookup : nullptr;
  if (admission.method_not_allowed) {
    if (!live) return unauthenticated(Reason::session_not_live, context);
    if (session->anonymous()) return unauthenticated(Reason::anonymous_session, context);
    return method_not_allowed(rules.methods(), admission.listed_methods, context);
  }
  const bool token_is_due =
      csrf.mode == CsrfMode::token && admission.carrier == Carrier::cookie && live && admission.changes_state;
  if (token_is_due && !has_csrf_token(request, admission)) {
    return decide(Verdict::forbidden, Reason::csrf_bad_token, context);
  }
  return judge_readings(rules, admission, session, now, context);
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
  if (const auto problem = compiled->rules.compile(config.policy)) {
    return Error{ErrorCode::invalid_config, problem->key + ": " + problem->what};
  }
  for (const std::string& proxy : config.trust.proxies) {
    Result<AddressBlock> block = AddressBlock::parse(proxy);
    if (!block) return std::move(block).error();
    compiled->proxies.push_back(*block);
  }
  compiled->cookie_name = config.cookie.name;
  compiled->csrf = config.csrf;
  compiled->cors = config.cors;
  compiled->prefixes = config.prefixes;
  compiled->identity_headers = config.trust.identity_headers;
  compiled->token_keys = config.session.token_keys;
  for (const std::string_view field : judged_by_name) compiled->judged_fields.emplace_back(field);
  compiled->judged_fields.push_back(lower_case(config.csrf.header));
  return Interceptor(std::move(compiled));
}

std::variant<Decision, Admission> Interceptor::admit(const HttpRequest& request) const noexcept {
  return fail_closed([&] {
    auto admitted = compiled_->admit(request);
    if (auto* decision = std::get_if<Decision>(&admitted)) compiled_->add_cors(request, *decision);
    return admitted;
  });
}

Decision Interceptor::judge(const HttpRequest& request, const Admission& admission, LookupResult lookup,
                            std::int64_t now) const noexcept {
  return fail_closed([&] {
    Decision decision = compiled_->judge(request, admission, lookup, now);
    compiled_->add_cors(request, decision);
    return decision;
  });
}

Decision Interceptor::require(const Requirement& requirement, const Decision& admitted,
                              std::int64_t now) const noexcept {
  return fail_closed([&] {
    if (!admitted.allowed()) return admitted;
    const Session* session = admitted.session ? &*admitted.session : nullptr;
    Decision decision = require(requirement, Admitted{admitted.rule, admitted.carrier, admitted.skipped, session}, now);
    if (decision.allowed()) return admitted;
    for (const ResponseHeader& header : admitted.headers()) decision.add_header(header.name, header.value);
    return decision;
  });
}

Decision Interceptor::require(const Requirement& requirement, const Admitted& admitted,
                              std::int64_t now) const noexcept {
  return fail_closed([&] {
    Decision decision =
        judge_session(requirement, admitted.session, now, {admitted.rule, admitted.carrier, false, admitted.skipped});
    if (decision.allowed() && admitted.session != nullptr) decision.session = *admitted.session;
    return decision;
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

const std::vector<std::string>& Interceptor::judged_fields() const noexcept {
  return compiled_->judged_fields;
}

bool Interceptor::is_judged(const HttpRequest& request, const Reading& routed) const noexcept {
  return is_among_readings(request, routed, compiled_->reading_context());
}

std::vector<RouteFinding> Interceptor::check_routes(std::span<const Route> routes) const {
  return find_routes(routes, compiled_->rules);
}

std::string Interceptor::explain(const Decision& decision) const {
  const auto named = [this](int index) {
    const Rule& rule = compiled_->rules[index].source;
    std::string text = "rule[" + std::to_string(index) + "] " + rule.path;
    if (rule.line > 0) text += " (line " + std::to_string(rule.line) + ")";
    return text;
  };
  std::string text(name(decision.verdict));
  text.append(": ").append(name(decision.reason));
  if (compiled_->rules.has(decision.rule)) text += ", by " + named(decision.rule);
  std::string_view joint = ", without the method: ";
  for (std::size_t i = 0; i < decision.skipped.count; ++i) {
    if (!compiled_->rules.has(decision.skipped.rules[i])) continue;
    text.append(joint).append(named(decision.skipped.rules[i]));
    joint = ", ";
  }
  return text;
}

}  // namespace ficha
