// JavaScript values to C++ ones and back, by plain Node-API: what every request needs allocates nothing.
#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>

#include "ficha/result.hpp"

namespace ficha::node {

// Reads strings one character per byte (Latin-1), as node:http hands over paths and header fields. Views live as long as
// this object.
class ByteStrings {
 public:
  // False, with a TypeError pending, if `value` is no string.
  [[nodiscard]] bool read(napi_env env, napi_value value, std::string_view& text);

 private:
  std::array<char, 4096> buffer_;
  std::size_t used_ = 0;
  std::forward_list<std::string> large_;
};

[[nodiscard]] napi_value to_string(napi_env env, std::string_view text) noexcept;
[[nodiscard]] napi_value to_number(napi_env env, std::int64_t number) noexcept;
[[nodiscard]] napi_value to_boolean(napi_env env, bool value) noexcept;
[[nodiscard]] napi_value null_value(napi_env env) noexcept;

// The FichaError that lib/errors.js makes for the code; nullptr if the environment can run no JavaScript any more.
[[nodiscard]] napi_value new_error(napi_env env, const Error& error) noexcept;
// Leaves the error pending; always nullptr, so that `return throw_error(…)` reads well.
napi_value throw_error(napi_env env, const Error& error) noexcept;
napi_value throw_type_error(napi_env env, const char* message) noexcept;

}  // namespace ficha::node
