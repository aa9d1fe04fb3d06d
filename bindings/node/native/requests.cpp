#include "requests.hpp"

#include <utility>

#include "cold.hpp"
#include "decision.hpp"
#include "environment.hpp"
#include "outcome.hpp"
#include "session.hpp"

namespace ficha::node {
namespace {

using Names = std::vector<std::string>;

SessionId to_id(Napi::Value value) {
  const auto id = SessionId::parse(text_of(value));
  if (!id) raise(value.Env(), {ErrorCode::invalid_argument, "a session id has 24 characters of base64url"});
  return *id;
}

std::int64_t to_integer(Napi::Value value) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), "expected a number");
  return value.As<Napi::Number>().Int64Value();
}

std::optional<std::chrono::seconds> to_seconds(Napi::Value value) {
  if (value.IsUndefined()) return std::nullopt;
  return std::chrono::seconds{to_integer(value)};
}

Names to_names(Napi::Value value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "expected an array of strings");
  const auto array = value.As<Napi::Array>();
  Names names;
  for (std::uint32_t i = 0; i < array.Length(); ++i) names.push_back(text_of(array[i]));
  return names;
}

std::optional<Names> to_optional_names(Napi::Value value) {
  return value.IsUndefined() ? std::nullopt : std::optional{to_names(value)};
}

Device to_device(Napi::Object object) {
  return {text_of(object.Get("address")), text_of(object.Get("userAgent"))};
}

// {principal, roles, scopes, attributes: [name, JSON, …], protected: [name, JSON, …], device, level, authenticated, idleTimeout, absoluteTimeout}
NewSession to_new_session(Napi::Value value) {
  const auto object = value.As<Napi::Object>();
  NewSession session{.principal = text_of(object.Get("principal")),
                     .roles = to_names(object.Get("roles")),
                     .scopes = to_names(object.Get("scopes")),
                     .attributes = read_attributes(object.Get("attributes")),
                     .device = to_device(object.Get("device").As<Napi::Object>()),
                     .level = static_cast<int>(to_integer(object.Get("level"))),
                     .authenticated = object.Get("authenticated").ToBoolean(),
                     .idle_timeout = to_seconds(object.Get("idleTimeout")),
                     .absolute_timeout = to_seconds(object.Get("absoluteTimeout"))};
  session.protected_attributes = read_attributes(object.Get("protected"));
  return session;
}

Patch::Kind to_kind(Napi::Value value) {
  const std::string kind = text_of(value);
  if (kind == "set") return Patch::Kind::set;
  if (kind == "add") return Patch::Kind::add;
  if (kind == "remove") return Patch::Kind::remove;
  if (kind == "increment") return Patch::Kind::increment;
  if (kind == "put") return Patch::Kind::put;
  if (kind == "take") return Patch::Kind::take;
  throw Napi::TypeError::New(value.Env(), "a patch has set, add, remove, increment, put and take");
}

// [kind, name, JSON or number, key, …], or without keys.
std::vector<Patch::Op> to_ops(Napi::Value value, bool with_keys) {
  const auto steps = value.As<Napi::Array>();
  const std::uint32_t length = with_keys ? 4 : 3;
  std::vector<Patch::Op> ops;
  for (std::uint32_t i = 0; i + length <= steps.Length(); i += length) {
    Patch::Op op{to_kind(steps[i]), text_of(steps[i + 1]), {}, 0};
    if (op.kind == Patch::Kind::increment) {
      op.by = to_integer(steps[i + 2]);
    } else {
      op.json = text_of(steps[i + 2]);
    }
    if (with_keys) op.key = text_of(steps[i + 3]);
    ops.push_back(std::move(op));
  }
  return ops;
}

// {ops, protectedOps, roles, scopes, device, expectedGeneration, idleTimeout, absoluteTimeout}; what is undefined stays as
// it is.
Patch to_patch(Napi::Value value) {
  const auto object = value.As<Napi::Object>();
  Patch patch;
  patch.ops = to_ops(object.Get("ops"), true);
  patch.protected_ops = to_ops(object.Get("protectedOps"), false);
  patch.roles = to_optional_names(object.Get("roles"));
  patch.scopes = to_optional_names(object.Get("scopes"));
  const Napi::Value device = object.Get("device"), generation = object.Get("expectedGeneration");
  if (!device.IsUndefined()) patch.device = to_device(device.As<Napi::Object>());
  if (!generation.IsUndefined()) patch.expected_generation = static_cast<std::uint64_t>(to_integer(generation));
  patch.idle_timeout = to_seconds(object.Get("idleTimeout"));
  patch.absolute_timeout = to_seconds(object.Get("absoluteTimeout"));
  return patch;
}

// The enumerator whose name() this is; `last` is the enumeration's last.
template <class Enum>
Enum by_name(Napi::Value value, Enum last) {
  const std::string wanted = text_of(value);
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name(static_cast<Enum>(i)) == wanted) return static_cast<Enum>(i);
  }
  throw Napi::TypeError::New(value.Env(), "not a Decision of ficha");
}

SkippedRules to_skipped(Napi::Value value) {
  const auto array = value.As<Napi::Array>();
  SkippedRules skipped;
  for (; skipped.count < array.Length() && skipped.count < skipped.rules.size(); ++skipped.count) {
    const Napi::Value rule = array.Get(std::uint32_t{skipped.count});
    skipped.rules[skipped.count] = static_cast<std::int16_t>(to_integer(rule));
  }
  return skipped;
}

const Session& to_session(Napi::Value value) {
  const SessionHolder* holder = as_session(value.Env(), value);
  if (!holder) throw Napi::TypeError::New(value.Env(), "not a Session of ficha");
  return holder->session;
}

struct Converter {
  napi_env env;

  napi_value operator()(const std::optional<Session>& session) const {
    return session ? Environment::of(env).sessions().get(env, *session) : null_value(env);
  }
  napi_value operator()(IssuedSession issued) const {
    return new_session(env, {std::move(issued.session), std::move(issued.token)});
  }
  napi_value operator()(std::uint64_t number) const { return to_number(env, static_cast<std::int64_t>(number)); }
  napi_value operator()(RevokeOutcome outcome) const { return to_boolean(env, outcome == RevokeOutcome::revoked); }
  napi_value operator()(std::vector<Session> sessions) const {
    napi_value array = nullptr;
    napi_create_array_with_length(env, sessions.size(), &array);
    std::uint32_t i = 0;
    for (Session& session : sessions) {
      napi_value object = new_session(env, {std::move(session), std::nullopt});
      if (!object) return nullptr;
      napi_set_element(env, array, i++, object);
    }
    return array;
  }
  napi_value operator()(const Decision& decision) const { return to_value(env, decision); }
};

}  // namespace

std::vector<Attribute> read_attributes(Napi::Value value) {
  const Names texts = to_names(value);
  std::vector<Attribute> attributes;
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) attributes.push_back({texts[i], texts[i + 1]});
  return attributes;
}

napi_value to_value(napi_env env, Outcome&& outcome) noexcept {
  return std::visit(Converter{env}, std::move(outcome));
}

StoreRequest read_find(const Napi::CallbackInfo& info) {
  return FindRequest{to_id(info[0])};
}

StoreRequest read_create(const Napi::CallbackInfo& info) {
  NewSession session = to_new_session(info[0]);
  if (info[1].IsExternal()) session.token = *info[1].As<Napi::External<Token>>().Data();
  return CreateRequest{std::move(session)};
}

StoreRequest read_patch(const Napi::CallbackInfo& info) {
  return PatchRequest{to_id(info[0]), to_patch(info[1])};
}

StoreRequest read_rotate(const Napi::CallbackInfo& info) {
  return RotateRequest{to_id(info[0]), RotateOptions{std::chrono::seconds{to_integer(info[1])}}};
}

StoreRequest read_login(const Napi::CallbackInfo& info) {
  const std::optional<SessionId> current = info[1].IsNull() ? std::nullopt : std::optional(to_id(info[1]));
  return LoginRequest{Login{to_new_session(info[0]), current, info[2].ToBoolean()}};
}

StoreRequest read_revoke(const Napi::CallbackInfo& info) {
  return RevokeRequest{to_id(info[0])};
}

StoreRequest read_revoke_principal(const Napi::CallbackInfo& info) {
  return RevokePrincipalRequest{text_of(info[0]), info[1].IsNull() ? std::nullopt : std::optional{to_id(info[1])}};
}

StoreRequest read_patch_principal(const Napi::CallbackInfo& info) {
  return PatchPrincipalRequest{text_of(info[0]), to_patch(info[1])};
}

StoreRequest read_list(const Napi::CallbackInfo& info) {
  return ListRequest{text_of(info[0])};
}

Requirement read_requirement(Napi::Value value) {
  const auto object = value.As<Napi::Object>();
  const std::string allow = text_of(object.Get("allow"));
  if (allow != "authenticated" && allow != "anyone" && allow != "nobody") {
    raise(value.Env(), {ErrorCode::invalid_argument, "allow is \"anyone\", \"authenticated\" or \"nobody\""});
  }
  return {.allow = allow == "anyone"   ? Allow::anyone
                   : allow == "nobody" ? Allow::nobody
                                       : Allow::authenticated,
          .roles = to_names(object.Get("roles")),
          .scopes = to_names(object.Get("scopes")),
          .level = static_cast<int>(to_integer(object.Get("level"))),
          .max_auth_age = to_seconds(object.Get("maxAuthAge"))};
}

Admitted read_admitted(Napi::Value decision, Napi::Value session) {
  const auto object = decision.As<Napi::Object>();
  const std::string carrier = text_of(object.Get("carrier"));
  return {.rule = static_cast<int>(to_integer(object.Get("rule"))),
          .carrier = carrier == "cookie"   ? Carrier::cookie
                     : carrier == "bearer" ? Carrier::bearer
                                           : Carrier::none,
          .skipped = to_skipped(object.Get("skipped")),
          .session = session.IsNull() ? nullptr : &to_session(session)};
}

Decision read_outcome(Napi::Value value) {
  const auto object = value.As<Napi::Object>();
  Decision decision;
  decision.verdict = by_name<Verdict>(object.Get("verdict"), last_verdict);
  decision.reason = by_name<Reason>(object.Get("reason"), last_reason);
  decision.status = static_cast<int>(to_integer(object.Get("status")));
  decision.rule = static_cast<int>(to_integer(object.Get("rule")));
  decision.skipped = to_skipped(object.Get("skipped"));
  return decision;
}

std::vector<Route> read_routes(Napi::Value value) {
  const auto array = value.As<Napi::Array>();
  std::vector<Route> routes;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto object = array.Get(i).As<Napi::Object>();
    routes.push_back({.handler = text_of(object.Get("handler")),
                      .methods = to_names(object.Get("methods")),
                      .pattern = text_of(object.Get("pattern"))});
  }
  return routes;
}

}  // namespace ficha::node
