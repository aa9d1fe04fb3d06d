// What clients are told of errors and denials, and what a request changed: the core's answers, as values.
#pragma once

#include <napi.h>

namespace ficha::node {

// Adds errorResponses(), respondTo(decision), respondToError(number, message) and difference(before, after).
void define_responses(Napi::Env env, Napi::Object exports);

}  // namespace ficha::node
