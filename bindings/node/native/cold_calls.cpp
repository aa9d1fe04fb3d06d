#include "cold_calls.hpp"

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cold.hpp"
#include "decision.hpp"
#include "environment.hpp"
#include "requests.hpp"
#include "session.hpp"
#include "values.hpp"

namespace ficha::node {
namespace {

// A function of the client that is written with node-addon-api.
template <auto Function>
napi_value cold(napi_env env, napi_callback_info raw) noexcept {
  try {
    const Napi::CallbackInfo info{env, raw};
    return Function(*static_cast<const SharedClient*>(info.Data()), info);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::exception&) {
    throw_error(env, {ErrorCode::overloaded, "out of memory"});
  }
  return nullptr;
}

// A promise of what the store answers.
template <auto Read>
Napi::Value submit(const SharedClient& handle, const Napi::CallbackInfo& info) {
  StoreRequest request = Read(info);
  Environment& environment = Environment::of(info.Env());
  handle->client.submit(environment.queue(), environment.next_id(), std::move(request));
  return {info.Env(), environment.begin(handle)};
}

// require(requirement, decision, session): `decision`, which allows, judged by its session or by that in the place of it.
Napi::Value require(const SharedClient& handle, const Napi::CallbackInfo& info) {
  const auto admitted = info[1].As<Napi::Object>();
  const Napi::Value session = info[2];
  const Decision judged = handle->client.require(read_requirement(info[0]), read_admitted(admitted, session));
  if (judged.allowed() && session.StrictEquals(admitted.Get("session"))) return admitted;
  const Napi::Value shown = judged.allowed() ? session : info.Env().Null();
  return {info.Env(), new_decision(info.Env(), judged, shown, admitted.Get("headers"))};
}

Napi::Value explain(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return {info.Env(), to_string(info.Env(), handle->client.explain(read_outcome(info[0])))};
}

// [name, value, path, domain, maximal age, SameSite, secure, field]
Napi::Value to_array(Napi::Env env, const ResponseCookie& cookie) {
  const std::array values{to_string(env, cookie.name),
                          to_string(env, cookie.value),
                          to_string(env, cookie.path),
                          to_string(env, cookie.domain),
                          cookie.max_age ? to_number(env, *cookie.max_age) : null_value(env),
                          to_string(env, name(cookie.same_site)),
                          to_boolean(env, cookie.secure),
                          to_string(env, cookie.field())};
  Napi::Array array = Napi::Array::New(env, values.size());
  for (std::uint32_t i = 0; i < values.size(); ++i) array[i] = Napi::Value{env, values[i]};
  return array;
}

// setCookie(session, token, maximal age): the token is that of the session, undefined for one just issued; the age is the
// configuration's where it is undefined, and none where it is null.
Napi::Value set_cookie(const SharedClient& handle, const Napi::CallbackInfo& info) {
  const SessionHolder* holder = as_session(info.Env(), info[0]);
  if (!holder) throw Napi::TypeError::New(info.Env(), "not a Session of ficha");
  std::optional<Token> token = holder->token;
  if (!token) token = Token::parse(text_of(info[1]), handle->client.config().session.token_keys);
  if (!token || token->id() != holder->session.id()) {
    raise(info.Env(), {ErrorCode::invalid_argument, "not the token of this session"});
  }
  ResponseCookie cookie = handle->client.set_cookie({*token, holder->session});
  if (info[2].IsNull()) cookie.max_age.reset();
  if (info[2].IsNumber()) cookie.max_age = info[2].As<Napi::Number>().Int64Value();
  return to_array(info.Env(), cookie);
}

Napi::Value clear_cookie(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return to_array(info.Env(), handle->client.clear_cookie());
}

Napi::Value csrf_token(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return {info.Env(), to_string(info.Env(), value_or_raise(info.Env(), handle->client.csrf_token(text_of(info[0]))))};
}

Napi::Value session_id(const SharedClient& handle, const Napi::CallbackInfo& info) {
  const auto token = Token::parse(text_of(info[0]), handle->client.config().session.token_keys);
  return {info.Env(), token ? to_string(info.Env(), token->id().str()) : null_value(info.Env())};
}

// [token, id] for a session to be created; the token is opaque to JavaScript.
Napi::Value token_ahead(const SharedClient& handle, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto token = std::make_unique<Token>(
      value_or_raise(env, Token::generate_anonymous(handle->client.config().session.token_keys)));
  Napi::Array pair = Napi::Array::New(env, 2);
  pair[1U] = Napi::Value{env, to_string(env, token->id().str())};
  pair[0U] = Napi::External<Token>::New(env, token.get(), [](Napi::Env, Token* owned) { delete owned; });
  static_cast<void>(token.release());
  return pair;
}

Napi::Value is_identity_header(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), handle->client.is_identity_header(text_of(info[0])));
}

Napi::Value judged_fields(const SharedClient& handle, const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  std::uint32_t i = 0;
  for (const std::string& name : handle->client.judged_fields()) names[i++] = name;
  return names;
}

// checkRoutes([{handler, methods, pattern}, …]): [{route, methods, rule, line, problem}, …]
Napi::Value check_routes(const SharedClient& handle, const Napi::CallbackInfo& info) {
  Napi::Array findings = Napi::Array::New(info.Env());
  std::uint32_t i = 0;
  for (const RouteFinding& found : handle->client.check_routes(read_routes(info[0]))) {
    Napi::Object finding = Napi::Object::New(info.Env());
    Napi::Array methods = Napi::Array::New(info.Env());
    for (std::uint32_t k = 0; k < found.methods.size(); ++k) methods[k] = found.methods[k];
    finding.Set("route", static_cast<double>(found.route));
    finding.Set("methods", methods);
    finding.Set("rule", found.rule);
    finding.Set("line", found.line);
    finding.Set("problem", found.problem);
    findings[i++] = finding;
  }
  return findings;
}

Napi::Value stats(const SharedClient& handle, const Napi::CallbackInfo& info) {
  const Stats s = handle->client.stats();
  Napi::Object object = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, std::uint64_t value) { object.Set(name, static_cast<double>(value)); };
  set("hits", s.hits);
  set("misses", s.misses);
  set("sharedFlights", s.shared_flights);
  set("invalidations", s.invalidations);
  set("flushesDisconnect", s.flushes_disconnect);
  set("flushesServer", s.flushes_server);
  set("flushesStaleness", s.flushes_staleness);
  set("evictions", s.evictions);
  set("touchesSent", s.touches_sent);
  set("touchesEffective", s.touches_effective);
  set("commands", s.commands);
  set("connects", s.connects);
  set("connectFailures", s.connect_failures);
  set("timeouts", s.timeouts);
  set("inFlight", s.in_flight);
  set("cacheEntries", s.cache_entries);
  set("cacheBytes", s.cache_bytes);
  set("roundTripSumUs", s.round_trip_sum_us);
  set("keyWalks", s.key_walks);
  set("incomplete", s.incomplete);
  object.Set("evictedKeys", s.evicted_keys
                                ? Napi::Value(Napi::Number::New(info.Env(), static_cast<double>(*s.evicted_keys)))
                                : info.Env().Null());
  object.Set("evictionPolicy", std::string{name(s.eviction_policy)});
  Napi::Array round_trips = Napi::Array::New(info.Env(), s.round_trips.size());
  for (std::uint32_t i = 0; i < s.round_trips.size(); ++i) round_trips[i] = static_cast<double>(s.round_trips[i]);
  object.Set("roundTrips", round_trips);
  return object;
}

Napi::Value prometheus(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return {info.Env(), to_string(info.Env(), prometheus_text(handle->client.stats(), text_of(info[0])))};
}

Napi::Value close(const SharedClient& handle, const Napi::CallbackInfo& info) {
  handle->close();
  if (handle->log) Environment::of(info.Env()).remove_log(handle->log);
  return info.Env().Undefined();
}

constexpr std::array cold_methods{Method{"judgedFields", cold<judged_fields>},
                                  Method{"checkRoutes", cold<check_routes>},
                                  Method{"find", cold<submit<read_find>>},
                                  Method{"create", cold<submit<read_create>>},
                                  Method{"patch", cold<submit<read_patch>>},
                                  Method{"rotate", cold<submit<read_rotate>>},
                                  Method{"login", cold<submit<read_login>>},
                                  Method{"revoke", cold<submit<read_revoke>>},
                                  Method{"revokePrincipal", cold<submit<read_revoke_principal>>},
                                  Method{"patchPrincipal", cold<submit<read_patch_principal>>},
                                  Method{"list", cold<submit<read_list>>},
                                  Method{"require", cold<require>},
                                  Method{"explain", cold<explain>},
                                  Method{"setCookie", cold<set_cookie>},
                                  Method{"clearCookie", cold<clear_cookie>},
                                  Method{"csrfToken", cold<csrf_token>},
                                  Method{"sessionId", cold<session_id>},
                                  Method{"tokenAhead", cold<token_ahead>},
                                  Method{"isIdentityHeader", cold<is_identity_header>},
                                  Method{"stats", cold<stats>},
                                  Method{"prometheusText", cold<prometheus>},
                                  Method{"close", cold<close>}};

}  // namespace

std::span<const Method> cold_calls() noexcept {
  return cold_methods;
}

}  // namespace ficha::node
