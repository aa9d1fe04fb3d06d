#include "decision.hpp"

#include <array>

#include "environment.hpp"
#include "values.hpp"

namespace ficha::node {
namespace {

napi_value headers_of(napi_env env, const Decision& decision) noexcept {
  const auto headers = decision.headers();
  napi_value array = nullptr;
  napi_create_array_with_length(env, 2 * headers.size(), &array);
  std::uint32_t i = 0;
  for (const ResponseHeader& header : headers) {
    napi_set_element(env, array, i++, to_string(env, header.name));
    napi_set_element(env, array, i++, to_string(env, header.value));
  }
  return array;
}

void append_fields(napi_env env, napi_value headers, napi_value added) noexcept {
  std::uint32_t end = 0, count = 0;
  napi_get_array_length(env, headers, &end);
  napi_get_array_length(env, added, &count);
  for (std::uint32_t i = 0; i < 2 * count; ++i) {
    napi_value field = nullptr, text = nullptr;
    napi_get_element(env, added, i / 2, &field);
    napi_get_element(env, field, i % 2, &text);
    napi_set_element(env, headers, end + i, text);
  }
}

napi_value skipped_of(napi_env env, const Decision& decision) noexcept {
  napi_value array = nullptr;
  napi_create_array_with_length(env, decision.skipped.count, &array);
  for (std::uint32_t i = 0; i < decision.skipped.count; ++i) {
    napi_set_element(env, array, i, to_number(env, decision.skipped.rules[i]));
  }
  return array;
}

}  // namespace

napi_value new_decision(napi_env env, const Decision& decision, napi_value session, napi_value added) noexcept {
  const napi_value headers = headers_of(env, decision);
  if (added) append_fields(env, headers, added);
  const std::array arguments{to_string(env, name(decision.verdict)),
                             to_string(env, name(decision.reason)),
                             to_number(env, decision.status),
                             to_number(env, decision.rule),
                             to_string(env, name(decision.carrier)),
                             session,
                             headers,
                             skipped_of(env, decision)};
  return Environment::of(env).call(Environment::Callback::make_decision, arguments);
}

napi_value to_value(napi_env env, const Decision& decision) noexcept {
  // What allows with a session is Verdict::allow for Reason::allowed; its headers are few, and seldom differ.
  if (decision.allowed() && decision.session) return Environment::of(env).sessions().get(env, decision);
  return new_decision(env, decision, null_value(env));
}

}  // namespace ficha::node
