// The native half of the class Client of JavaScript.
#pragma once

#include <napi.h>

namespace ficha::node {

// Adds openClient(config, log, clock), which returns an object of functions, one for each method.
void define_client(Napi::Env env, Napi::Object exports);

// Clients in all environments: in memory, and those of them that close() was not called on.
[[nodiscard]] int live_clients() noexcept;
[[nodiscard]] int unclosed_clients() noexcept;

}  // namespace ficha::node
