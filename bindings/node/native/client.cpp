#include "client.hpp"

#include <memory>
#include <span>
#include <utility>

#include "client_handle.hpp"
#include "cold.hpp"
#include "cold_calls.hpp"
#include "config.hpp"
#include "environment.hpp"
#include "hot_calls.hpp"

namespace ficha::node {
namespace {

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
  for (const std::span<const Method> calls : {hot_calls(), cold_calls()}) {
    for (const Method& method : calls) define_method(env, object, method, handle);
  }
  return object;
}

}  // namespace

int live_clients() noexcept {
  return ClientHandle::alive;
}

int unclosed_clients() noexcept {
  return ClientHandle::unclosed;
}

void define_client(Napi::Env env, Napi::Object exports) {
  exports.Set("openClient", Napi::Function::New(env, open_client));
}

}  // namespace ficha::node
