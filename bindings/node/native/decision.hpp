// Decisions as JavaScript objects.
#pragma once

#include <node_api.h>

#include "ficha/interceptor.hpp"

namespace ficha::node {

// The object for a decision, shared where it allows with a session; nullptr with a JavaScript exception pending.
[[nodiscard]] napi_value to_value(napi_env env, const Decision& decision) noexcept;
// A new object; `session` is the Session object or null, `added` an array of header fields [name, value] or null.
[[nodiscard]] napi_value new_decision(napi_env env, const Decision& decision, napi_value session,
                                      napi_value added = nullptr) noexcept;

}  // namespace ficha::node
