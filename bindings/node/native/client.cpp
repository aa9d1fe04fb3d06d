#include "client.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <utility>

#include "cold.hpp"
#include "config.hpp"
#include "decision.hpp"
#include "environment.hpp"
#include "ficha/client.hpp"
#include "requests.hpp"
#include "session.hpp"

namespace ficha::node {
namespace {

std::atomic<int> alive{0};
std::atomic<int> unclosed{0};

// Lives as long as one of its functions, or an operation that is under way.
struct ClientHandle {
  ClientHandle(Client opened, std::shared_ptr<ManualClock> manual_clock, std::shared_ptr<LogSink> log_sink)
      : clock(std::move(manual_clock)), log(std::move(log_sink)), client(std::move(opened)) {
    ++alive;
    ++unclosed;
  }
  ClientHandle(const ClientHandle&) = delete;
  ~ClientHandle() {
    if (!closed) --unclosed;
    --alive;
  }
  void close() noexcept {
    if (!std::exchange(closed, true)) --unclosed;
    client.close();
  }

  const std::shared_ptr<ManualClock> clock;
  const std::shared_ptr<LogSink> log;
  Client client;
  bool closed = false;
};

using SharedClient = std::shared_ptr<ClientHandle>;

// --- calls on every request ------------------------------------------------------------------------------------------

// A call's arguments; on the stack where there are not more than a request usually has.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) {
    count_ = few_.size();
    napi_get_cb_info(env, info, &count_, few_.data(), nullptr, &data_);
    if (count_ <= few_.size()) return;
    many_.resize(count_);
    napi_get_cb_info(env, info, &count_, many_.data(), nullptr, nullptr);
  }
  [[nodiscard]] const SharedClient& client() const noexcept { return *static_cast<const SharedClient*>(data_); }
  [[nodiscard]] std::span<const napi_value> values() const noexcept {
    return {many_.empty() ? few_.data() : many_.data(), count_};
  }
  [[nodiscard]] bool flag(napi_env env, std::size_t index, bool absent) const noexcept {
    bool value = absent;
    if (index < count_) napi_get_value_bool(env, values()[index], &value);
    return value;
  }

 private:
  std::size_t count_;
  void* data_ = nullptr;
  std::array<napi_value, 48> few_;
  std::vector<napi_value> many_;
};

// (method, path, scheme, peer, prefix, readings, name, value, name, value, …); `readings` is undefined, or an array
// [method, target, decoded, …].
class RequestReader {
 public:
  [[nodiscard]] bool read(napi_env env, std::span<const napi_value> values) {
    if (values.size() < first_header || values.size() % 2 != 0) {
      throw_type_error(env,
                       "a request has a method, a path, a scheme, a peer, a prefix, readings, and pairs of header "
                       "names and values");
      return false;
    }
    const std::size_t count = (values.size() - first_header) / 2;
    HeaderField* fields = few_.data();
    if (count > few_.size()) {
      many_.resize(count);
      fields = many_.data();
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!strings_.read(env, values[first_header + 2 * i], fields[i].name)) return false;
      if (!strings_.read(env, values[first_header + 2 * i + 1], fields[i].value)) return false;
    }
    request_.headers = {fields, count};
    return strings_.read(env, values[0], request_.method) && strings_.read(env, values[1], request_.path) &&
           strings_.read(env, values[2], request_.scheme) && strings_.read(env, values[3], request_.peer) &&
           strings_.read(env, values[4], request_.prefix) && read_readings(env, values[5]);
  }
  // One more than the request's own, for is_judged(): (method, target, decoded).
  [[nodiscard]] bool read_reading(napi_env env, std::span<const napi_value> values, Reading& reading) {
    return strings_.read(env, values[0], reading.method) && strings_.read(env, values[1], reading.target) &&
           napi_get_value_bool(env, values[2], &reading.decoded) == napi_ok;
  }
  [[nodiscard]] const HttpRequest& request() const noexcept { return request_; }

 private:
  static constexpr std::size_t first_header = 6;

  [[nodiscard]] bool read_readings(napi_env env, napi_value array) {
    bool is_array = false;
    napi_is_array(env, array, &is_array);
    if (!is_array) return true;
    std::uint32_t length = 0;
    napi_get_array_length(env, array, &length);
    // One too many is enough for the core to say so.
    const std::size_t count = std::min<std::size_t>(length / 3, readings_.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::array<napi_value, 3> values{};
      for (std::size_t k = 0; k < values.size(); ++k) {
        napi_get_element(env, array, static_cast<std::uint32_t>(3 * i + k), &values[k]);
      }
      if (!read_reading(env, values, readings_[i])) return false;
    }
    request_.readings = {readings_.data(), count};
    return true;
  }

  ByteStrings strings_;
  std::array<Reading, max_readings + 1> readings_;
  std::array<HeaderField, 22> few_;
  std::vector<HeaderField> many_;
  HttpRequest request_;
};

napi_value undefined_value(napi_env env) noexcept {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

// (token, touch, fresh)
class LoadReader {
 public:
  [[nodiscard]] bool read(napi_env env, const Arguments& arguments) {
    if (arguments.values().empty() ||
        napi_get_value_string_latin1(env, arguments.values()[0], token_.data(), token_.size(), &length_) != napi_ok) {
      throw_type_error(env, "a token is a string");
      return false;
    }
    options_ = {arguments.flag(env, 1, true), arguments.flag(env, 2, false)};
    return true;
  }
  [[nodiscard]] std::string_view token() const noexcept { return {token_.data(), length_}; }
  [[nodiscard]] const LoadOptions& options() const noexcept { return options_; }

 private:
  std::array<char, Token::length + 8> token_;  // what is longer than a token is none, wherever it is cut
  std::size_t length_ = 0;
  LoadOptions options_;
};

napi_value session_value(napi_env env, const std::optional<Session>& session) noexcept {
  return session ? Environment::of(env).sessions().get(env, *session) : null_value(env);
}

// tryLoad(token, touch, fresh): a Session, null, or undefined when only the store knows.
napi_value try_load(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  LoadReader reader;
  if (!reader.read(env, arguments)) return nullptr;
  const auto tried = arguments.client()->client.try_load(reader.token(), reader.options());
  const auto* known = std::get_if<std::optional<Session>>(&tried);
  return known ? session_value(env, *known) : undefined_value(env);
}

// A promise of what was submitted. What a request waits for is sent with that of the other requests of this turn of the
// event loop.
template <class Unanswered>
napi_value begin_with_turn(Environment& environment, const SharedClient& handle, Unanswered unanswered) {
  handle->client.submit(environment.queue(), environment.next_id(), std::move(unanswered), Sending::at_flush);
  environment.flush_later({handle, &handle->client});
  return environment.begin(handle);
}

// load(token, touch, fresh): a Session or null, or a promise of one when only the store knows.
napi_value load(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  LoadReader reader;
  if (!reader.read(env, arguments)) return nullptr;
  const SharedClient& handle = arguments.client();
  auto tried = handle->client.try_load(reader.token(), reader.options());
  if (const auto* known = std::get_if<std::optional<Session>>(&tried)) return session_value(env, *known);
  return begin_with_turn(Environment::of(env), handle, std::get<UncachedSession>(std::move(tried)));
}

// tryAuthorize(…): a Decision, or undefined when only the store knows.
napi_value try_authorize(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  RequestReader reader;
  if (!reader.read(env, arguments.values())) return nullptr;
  const auto tried = arguments.client()->client.try_authorize(reader.request());
  const auto* decision = std::get_if<Decision>(&tried);
  return decision ? to_value(env, *decision) : undefined_value(env);
}

// authorize(…): a Decision, or a promise of one when only the store knows.
napi_value authorize(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  RequestReader reader;
  if (!reader.read(env, arguments.values())) return nullptr;
  const SharedClient& handle = arguments.client();
  auto tried = handle->client.try_authorize(reader.request());
  if (const auto* decision = std::get_if<Decision>(&tried)) return to_value(env, *decision);
  return begin_with_turn(Environment::of(env), handle, std::get<UndecidedRequest>(std::move(tried)));
}

// isJudged(method, target, decoded, …request): whether authorize() of the request judges this reading.
napi_value is_judged(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  const auto values = arguments.values();
  RequestReader reader;
  Reading routed;
  if (values.size() < 3 || !reader.read_reading(env, values, routed) || !reader.read(env, values.subspan(3))) {
    return throw_type_error(env, "a reading has a method, a target, and whether that is decoded");
  }
  return to_boolean(env, arguments.client()->client.is_judged(reader.request(), routed));
}

// --- everything else -------------------------------------------------------------------------------------------------

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

Napi::Value require(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return {info.Env(), to_value(info.Env(), handle->client.require(read_requirement(info[0]), read_admitted(info[1])))};
}

Napi::Value explain(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return {info.Env(), to_string(info.Env(), handle->client.explain(read_explained(info[0])))};
}

// setCookie(session) for a session just issued; setCookie(session, token) for another one's session.
Napi::Value set_cookie(const SharedClient& handle, const Napi::CallbackInfo& info) {
  const SessionHolder* holder = as_session(info.Env(), info[0]);
  if (!holder) throw Napi::TypeError::New(info.Env(), "not a Session of ficha");
  std::optional<Token> token = holder->token;
  if (!token) token = Token::parse(text_of(info[1]), handle->client.config().session.token_keys);
  if (!token || token->id() != holder->session.id()) {
    raise(info.Env(), {ErrorCode::invalid_argument, "not the token of this session"});
  }
  return {info.Env(), to_string(info.Env(), handle->client.set_cookie({*token, holder->session}).field())};
}

Napi::Value clear_cookie(const SharedClient& handle, const Napi::CallbackInfo& info) {
  return {info.Env(), to_string(info.Env(), handle->client.clear_cookie().field())};
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

struct Method {
  const char* name;
  napi_callback callback;
};

constexpr std::array methods{Method{"tryLoad", try_load},
                             Method{"tryAuthorize", try_authorize},
                             Method{"authorize", authorize},
                             Method{"isJudged", is_judged},
                             Method{"judgedFields", cold<judged_fields>},
                             Method{"checkRoutes", cold<check_routes>},
                             Method{"load", load},
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

// A function with the client as its data: reaching it costs nothing, and the client lives as long as the function.
void define_method(Napi::Env env, Napi::Object object, const Method& method, const SharedClient& handle) {
  auto* data = new SharedClient(handle);
  napi_value function = nullptr;
  if (napi_create_function(env, method.name, NAPI_AUTO_LENGTH, method.callback, data, &function) != napi_ok ||
      napi_add_finalizer(
          env, function, data, [](napi_env, void* owned, void*) { delete static_cast<SharedClient*>(owned); }, nullptr,
          nullptr) != napi_ok) {
    delete data;
    throw Napi::Error::New(env, "the client's functions could not be made");
  }
  object.Set(method.name, Napi::Value{env, function});
}

Napi::Value open_client(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Environment& environment = Environment::of(env);
  Hooks hooks;
  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<LogSink> log;
  if (!info[2].IsUndefined()) {
    clock = clock_of(info[2]);
    hooks.clock = clock.get();
  }
  if (!info[1].IsUndefined()) {
    napi_ref callback = nullptr;
    napi_create_reference(env, info[1], 1, &callback);
    log = std::make_shared<LogSink>(environment.queue(), callback);
    hooks.log = [log](LogLevel level, std::string_view message) { log->write(level, message); };
    environment.add_log(log);
  }
  auto opened = Client::open(config_of(info[0]), std::move(hooks));
  if (!opened) {
    if (log) environment.remove_log(log);
    raise(env, opened.error());
  }
  const auto handle = std::make_shared<ClientHandle>(std::move(*opened), std::move(clock), std::move(log));
  Napi::Object object = Napi::Object::New(env);
  for (const Method& method : methods) define_method(env, object, method, handle);
  return object;
}

}  // namespace

int live_clients() noexcept {
  return alive;
}

int unclosed_clients() noexcept {
  return unclosed;
}

void define_client(Napi::Env env, Napi::Object exports) {
  exports.Set("openClient", Napi::Function::New(env, open_client));
}

}  // namespace ficha::node
