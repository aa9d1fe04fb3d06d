// The class Session of JavaScript: a snapshot, with the C++ session inside.
#pragma once

#include <node_api.h>

#include <optional>

#include "ficha/session.hpp"

namespace ficha::node {

struct SessionHolder {
  Session session;
  std::optional<Token> token;  // only of a session just issued
};

// nullptr with a JavaScript exception pending.
[[nodiscard]] napi_value new_session(napi_env env, SessionHolder holder) noexcept;
// The session inside, or nullptr if `value` is no Session.
[[nodiscard]] const SessionHolder* as_session(napi_env env, napi_value value) noexcept;
// Session objects that JavaScript holds, in all environments.
[[nodiscard]] int live_sessions() noexcept;

// Adds sessionFields(session) and sessionToken(session), by which the JavaScript class reads.
void define_session(napi_env env, napi_value exports);

}  // namespace ficha::node
