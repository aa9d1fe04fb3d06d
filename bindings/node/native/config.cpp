#include "config.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cold.hpp"
#include "ficha/cookie.hpp"
#include "ficha/settings.hpp"

namespace ficha::node {
namespace {

// External values of this addon are told apart by these tags; those of another addon are refused.
constexpr napi_type_tag config_tag{0x66696368612e636f, 0x6e6669672e763100};
constexpr napi_type_tag clock_tag{0x66696368612e636c, 0x6f636b2e76310000};

template <class T>
T& tagged(Napi::Value handle, const napi_type_tag& tag, const char* message) {
  if (!handle.IsExternal() || !handle.As<Napi::External<T>>().CheckTypeTag(&tag)) {
    throw Napi::TypeError::New(handle.Env(), message);
  }
  return *handle.As<Napi::External<T>>().Data();
}

template <class T>
Napi::External<T> make_tagged(Napi::Env env, T value, const napi_type_tag& tag) {
  auto external = Napi::External<T>::New(env, new T(std::move(value)), [](Napi::Env, T* data) { delete data; });
  external.TypeTag(&tag);
  return external;
}

SettingValue setting_value(Napi::Value value) {
  if (value.IsUndefined()) return std::monostate{};
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  if (value.IsNumber()) return value.As<Napi::Number>().Int64Value();
  if (!value.IsArray()) return text_of(value);
  const auto list = value.As<Napi::Array>();
  std::vector<std::string> texts;
  texts.reserve(list.Length());
  for (std::uint32_t i = 0; i < list.Length(); ++i) texts.push_back(text_of(list.Get(i)));
  return texts;
}

Napi::Value describe(Napi::Env env, Config config) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("cookieName", config.cookie.name);
  object.Set("cookieDomain", config.cookie.domain);
  object.Set("cookieSameSite", word(env, name(config.cookie.same_site)));
  object.Set("cookieSecure", !config.cookie.insecure_http);
  object.Set("cookiePersistent", config.cookie.persistent);
  object.Set("csrfMode", word(env, name(config.csrf.mode)));
  object.Set("csrfHeader", config.csrf.header);
  object.Set("idleTimeout", static_cast<double>(config.session.idle_timeout.count()));
  object.Set("absoluteTimeout", static_cast<double>(config.session.absolute_timeout.count()));
  object.Set("hasIdentityHeaders", !config.trust.identity_headers.empty());
  object.Set("passCredential", config.trust.pass_credential);
  Napi::Array prefixes = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < config.prefixes.size(); ++i) prefixes[i] = config.prefixes[i];
  object.Set("prefixes", prefixes);
  object.Set("ruleCount", static_cast<double>(config.policy.rules.size()));
  object.Set("handle", make_tagged(env, std::move(config), config_tag));
  return object;
}

Napi::Value load(const Napi::CallbackInfo& info) {
  return describe(info.Env(), value_or_raise(info.Env(), load_config(text_of(info[0]))));
}

Napi::Value parse(const Napi::CallbackInfo& info) {
  return describe(info.Env(), value_or_raise(info.Env(), parse_config(text_of(info[0]), text_of(info[1]))));
}

// [name, value, name, value, …]
Napi::Value from_settings(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray()) throw Napi::TypeError::New(info.Env(), "expected an array");
  const auto pairs = info[0].As<Napi::Array>();
  std::vector<Setting> settings;
  for (std::uint32_t i = 0; i + 1 < pairs.Length(); i += 2) {
    settings.push_back({text_of(pairs.Get(i)), setting_value(pairs.Get(i + 1))});
  }
  return describe(info.Env(), value_or_raise(info.Env(), make_config(settings, "configuration")));
}

// (configuration, [prefix, …])
Napi::Value with_prefixes(const Napi::CallbackInfo& info) {
  Config config = config_of(info[0]);
  const auto prefixes = info[1].As<Napi::Array>();
  for (std::uint32_t i = 0; i < prefixes.Length(); ++i) config.prefixes.push_back(text_of(prefixes.Get(i)));
  if (const auto valid = validate(config); !valid) raise(info.Env(), valid.error());
  return describe(info.Env(), std::move(config));
}

Napi::Value create_clock(const Napi::CallbackInfo& info) {
  auto clock = std::make_shared<ManualClock>(info[0].ToNumber().Int64Value());
  return make_tagged(info.Env(), std::move(clock), clock_tag);
}

void advance_clock(const Napi::CallbackInfo& info) {
  clock_of(info[0])->advance(info[1].ToNumber().Int64Value());
}

// The value of a cookie in raw Cookie fields: a string, null when it is absent, undefined when it is ambiguous.
Napi::Value find_cookie_value(const Napi::CallbackInfo& info) {
  ByteStrings strings;
  std::string_view wanted;
  std::vector<std::string_view> fields(info.Length() - 1);
  if (!strings.read(info.Env(), info[0], wanted)) return {};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!strings.read(info.Env(), info[i + 1], fields[i])) return {};
  }
  const CookieValue cookie = find_cookie(fields, wanted);
  if (cookie.lookup == CookieLookup::absent) return info.Env().Null();
  if (cookie.lookup == CookieLookup::ambiguous) return info.Env().Undefined();
  napi_value value = nullptr;
  napi_create_string_latin1(info.Env(), cookie.value.data(), cookie.value.size(), &value);
  return {info.Env(), value};
}

}  // namespace

const Config& config_of(Napi::Value handle) {
  return tagged<Config>(handle, config_tag, "not a configuration of ficha");
}

std::shared_ptr<ManualClock> clock_of(Napi::Value handle) {
  return tagged<std::shared_ptr<ManualClock>>(handle, clock_tag, "not a ManualClock");
}

void define_config(Napi::Env env, Napi::Object exports) {
  exports.Set("loadConfig", Napi::Function::New(env, load));
  exports.Set("parseConfig", Napi::Function::New(env, parse));
  exports.Set("configFromSettings", Napi::Function::New(env, from_settings));
  exports.Set("configWithPrefixes", Napi::Function::New(env, with_prefixes));
  exports.Set("createClock", Napi::Function::New(env, create_clock));
  exports.Set("advanceClock", Napi::Function::New(env, advance_clock));
  exports.Set("findCookie", Napi::Function::New(env, find_cookie_value));
}

}  // namespace ficha::node
