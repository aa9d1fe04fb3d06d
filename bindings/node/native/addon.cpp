// The addon's entry: what lib/native.js finds in it.
#include <napi.h>

#include "client.hpp"
#include "cold.hpp"
#include "config.hpp"
#include "environment.hpp"
#include "responses.hpp"
#include "session.hpp"

namespace ficha::node {
namespace {

// setCallbacks(makeError, makeDecision, Session)
void set_callbacks(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  environment.set_callback(Environment::Callback::make_error, info[0]);
  environment.set_callback(Environment::Callback::make_decision, info[1]);
  environment.set_callback(Environment::Callback::session_class, info[2]);
}

// What is alive, so that tests can fail on a leak: clients of the process, those of them that are not closed, its
// sessions, and operations of the environment.
Napi::Value live_handles(const Napi::CallbackInfo& info) {
  Napi::Object handles = Napi::Object::New(info.Env());
  handles.Set("clients", live_clients());
  handles.Set("unclosed", unclosed_clients());
  handles.Set("sessions", live_sessions());
  handles.Set("operations", static_cast<double>(Environment::of(info.Env()).pending()));
  return handles;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  if (auto environment = Environment::create(env); !environment) {
    throw Napi::Error::New(env, environment.error().message);
  }
  define_config(env, exports);
  define_session(env, exports);
  define_client(env, exports);
  define_responses(env, exports);
  exports.Set("setCallbacks", Napi::Function::New(env, set_callbacks));
  exports.Set("liveHandles", Napi::Function::New(env, live_handles));
  return exports;
}

}  // namespace
}  // namespace ficha::node

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  return ficha::node::init(env, exports);
}

NODE_API_MODULE(ficha, Init)
