#include "responses.hpp"

#include <array>
#include <string>

#include "cold.hpp"
#include "ficha/client.hpp"
#include "requests.hpp"

namespace ficha::node {
namespace {

// {status, code, message, body}
Napi::Object to_object(Napi::Env env, const ErrorResponse& response) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("status", response.status);
  object.Set("code", word(env, response.code));
  object.Set("message", word(env, response.message));
  object.Set("body", response.body());
  return object;
}

// For every error {number, status, code, message, body, headers: {name: value}}.
Napi::Value error_responses(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array responses = Napi::Array::New(env);
  std::uint32_t i = 0;
  for (int number = 0; number <= static_cast<int>(last_error_code); ++number) {
    const auto error = static_cast<ErrorCode>(number);
    if (name(error) == "unknown") continue;
    const ErrorResponse response = respond_to(error);
    Napi::Object object = to_object(env, response);
    Napi::Object headers = Napi::Object::New(env);
    for (const ResponseHeader& header : response.headers.view()) headers.Set(word(env, header.name), header.value);
    object.Set("number", number);
    object.Set("name", word(env, name(error)));
    object.Set("headers", headers);
    responses[i++] = object;
  }
  return responses;
}

// Without the headers, which the Decision object has.
Napi::Value respond_to_decision(const Napi::CallbackInfo& info) {
  return to_object(info.Env(), respond_to(read_outcome(info[0])));
}

// Without the headers, which errorResponses() has. An error's number, and its own sentence.
Napi::Value respond_to_error(const Napi::CallbackInfo& info) {
  const auto code = static_cast<ErrorCode>(info[0].ToNumber().Int32Value());
  return to_object(info.Env(), respond_to(Error{code, text_of(info[1])}));
}

// difference([name, JSON, …], [name, JSON, …]): [name, JSON or null where the attribute is removed, …]
Napi::Value difference_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto ops = value_or_raise(env, difference(read_attributes(info[0]), read_attributes(info[1])));
  Napi::Array changes = Napi::Array::New(env, 2 * ops.size());
  std::uint32_t i = 0;
  for (const Patch::Op& op : ops) {
    changes[i++] = op.name;
    if (op.kind == Patch::Kind::remove) {
      changes[i++] = env.Null();
    } else {
      changes[i++] = op.json;
    }
  }
  return changes;
}

}  // namespace

void define_responses(Napi::Env env, Napi::Object exports) {
  exports.Set("errorResponses", Napi::Function::New(env, error_responses));
  exports.Set("respondTo", Napi::Function::New(env, respond_to_decision));
  exports.Set("respondToError", Napi::Function::New(env, respond_to_error));
  exports.Set("difference", Napi::Function::New(env, difference_of));
}

}  // namespace ficha::node
