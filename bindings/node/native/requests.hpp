// What can be asked of a client, read from JavaScript values.
#pragma once

#include <napi.h>

#include "ficha/client.hpp"

namespace ficha::node {

// Each reads the arguments of the client's method of that name; the shapes are those that lib/requests.js makes. They
// throw a TypeError, or the FichaError invalid_argument.
[[nodiscard]] StoreRequest read_find(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_create(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_patch(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_rotate(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_login(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_revoke(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_revoke_principal(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_patch_principal(const Napi::CallbackInfo& info);
[[nodiscard]] StoreRequest read_list(const Napi::CallbackInfo& info);

// {allow, roles, scopes, level, maxAuthAge}
[[nodiscard]] Requirement read_requirement(Napi::Value value);
// A Decision object that allows, back as the core's.
[[nodiscard]] Decision read_admitted(Napi::Value value);
// What of any Decision object can be explained: its verdict, reason and rule.
[[nodiscard]] Decision read_explained(Napi::Value value);

// [{handler, methods, pattern}, …]
[[nodiscard]] std::vector<Route> read_routes(Napi::Value value);

}  // namespace ficha::node
