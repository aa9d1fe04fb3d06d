// JSON in and out of a service on Boost.Beast: replies, errors, and what of a session is worth showing.
#pragma once

#include <ficha/ficha.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "adapter.hpp"

namespace ficha_beast {

using nlohmann::json;

inline Response reply(http::status status, const json& content) {
  Response response{status, 11};
  response.set(http::field::content_type, "application/json");
  response.body() = content.dump(2) + "\n";
  return response;
}

inline Response refuse(int status, std::string_view error, std::string_view message) {
  return reply(static_cast<http::status>(status), {{"error", error}, {"message", message}});
}

inline Response refuse(const ficha::ErrorResponse& refused) {
  Response response{static_cast<http::status>(refused.status), 11};
  response.body() = refused.body();
  if (!response.body().empty()) response.set(http::field::content_type, "application/json");
  return response;
}

// 503 where Redis could not answer, 401 where the session has ended meanwhile, … What the store said is not for clients.
inline Response refuse(const ficha::Error& error) {
  const ficha::ErrorResponse refused = ficha::respond_to(error);
  Response response = refuse(refused);
  for (const ficha::ResponseHeader& header : refused.headers.view())
    response.set(std::string{header.name}, header.value);
  return response;
}

// Without the decision's header fields, which go with every response: add_headers().
inline Response refuse(const ficha::Decision& decision) {
  return refuse(ficha::respond_to(decision));
}

inline json roles_of(const ficha::Session& session) {
  json roles = json::array();
  for (std::size_t i = 0; i < session.role_count(); ++i) roles.push_back(session.role(i));
  return roles;
}

inline json scopes_of(const ficha::Session& session) {
  json scopes = json::array();
  for (std::size_t i = 0; i < session.scope_count(); ++i) scopes.push_back(session.scope(i));
  return scopes;
}

inline json attributes_of(const ficha::Session& session) {
  json attributes = json::object();
  for (std::size_t i = 0; i < session.attribute_count(); ++i) {
    attributes[std::string{session.attribute_name(i)}] = json::parse(session.attribute_json(i));
  }
  return attributes;
}

// One segment of a path that the policy has let through: its escapes are valid.
inline std::string decode_segment(std::string_view segment) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      decoded.push_back(segment[i]);
      continue;
    }
    decoded.push_back(static_cast<char>(digit(segment[i + 1]) * 16 + digit(segment[i + 2])));
    i += 2;
  }
  return decoded;
}

}  // namespace ficha_beast
