// For functions that are not called on every request: written with node-addon-api, C++ exceptions inside.
#pragma once

#include <napi.h>

#include <string>
#include <string_view>
#include <utility>

#include "ficha/result.hpp"
#include "values.hpp"

namespace ficha::node {

[[noreturn]] inline void raise(Napi::Env env, const Error& error) {
  throw Napi::Error(env, new_error(env, error));
}

template <class T>
T value_or_raise(Napi::Env env, Result<T> result) {
  if (!result) raise(env, result.error());
  return std::move(result).value();
}

inline std::string text_of(Napi::Value value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "expected a string");
  return value.As<Napi::String>().Utf8Value();
}

inline Napi::String word(Napi::Env env, std::string_view text) {
  return Napi::String::New(env, text.data(), text.size());
}

}  // namespace ficha::node
