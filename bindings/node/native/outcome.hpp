// What operations answer, as JavaScript values.
#pragma once

#include <node_api.h>

#include "ficha/client.hpp"

namespace ficha::node {

// Session, null, number, boolean, array of Session, or Decision; nullptr with a JavaScript exception pending.
[[nodiscard]] napi_value to_value(napi_env env, Outcome&& outcome) noexcept;

}  // namespace ficha::node
