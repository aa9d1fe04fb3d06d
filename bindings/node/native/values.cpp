#include "values.hpp"

#include "environment.hpp"

namespace ficha::node {

bool ByteStrings::read(napi_env env, napi_value value, std::string_view& text) {
  const std::size_t room = buffer_.size() - used_;
  std::size_t length = 0;
  if (room > 1) {
    char* begin = buffer_.data() + used_;
    if (napi_get_value_string_latin1(env, value, begin, room, &length) != napi_ok) {
      throw_type_error(env, "a request's method, path, scheme, peer and header fields are strings");
      return false;
    }
    if (length < room - 1) {
      used_ += length;
      text = {begin, length};
      return true;
    }
  }
  if (napi_get_value_string_latin1(env, value, nullptr, 0, &length) != napi_ok) {
    throw_type_error(env, "a request's method, path, scheme, peer and header fields are strings");
    return false;
  }
  std::string& whole = large_.emplace_front(length + 1, '\0');
  napi_get_value_string_latin1(env, value, whole.data(), whole.size(), &length);
  text = std::string_view{whole}.substr(0, length);
  return true;
}

napi_value to_string(napi_env env, std::string_view text) noexcept {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value to_number(napi_env env, std::int64_t number) noexcept {
  napi_value value = nullptr;
  napi_create_int64(env, number, &value);
  return value;
}

napi_value to_boolean(napi_env env, bool boolean) noexcept {
  napi_value value = nullptr;
  napi_get_boolean(env, boolean, &value);
  return value;
}

napi_value null_value(napi_env env) noexcept {
  napi_value value = nullptr;
  napi_get_null(env, &value);
  return value;
}

napi_value new_error(napi_env env, const Error& error) noexcept {
  const std::array arguments{to_number(env, static_cast<int>(error.code)), to_string(env, error.message)};
  return Environment::of(env).call(Environment::Callback::make_error, arguments);
}

napi_value throw_error(napi_env env, const Error& error) noexcept {
  if (napi_value value = new_error(env, error)) napi_throw(env, value);
  return nullptr;
}

napi_value throw_type_error(napi_env env, const char* message) noexcept {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

}  // namespace ficha::node
