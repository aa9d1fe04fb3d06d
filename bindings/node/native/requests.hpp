// What can be asked of the core, read from JavaScript values.
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
// What require() needs of a Decision object that allows, and the Session object (or null) that is judged, which must live as
// long.
[[nodiscard]] Admitted read_admitted(Napi::Value decision, Napi::Value session);
// What can be told of any Decision object, to people and to clients; without its session and headers.
[[nodiscard]] Decision read_outcome(Napi::Value value);
// [name, JSON, …]
[[nodiscard]] std::vector<Attribute> read_attributes(Napi::Value value);

// [{handler, methods, pattern}, …]
[[nodiscard]] std::vector<Route> read_routes(Napi::Value value);

}  // namespace ficha::node
