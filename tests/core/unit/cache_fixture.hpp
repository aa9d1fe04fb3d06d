// Sessions for the near cache's tests: every value follows from the generation, so that a mixture gives itself away.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/siphash.hpp"
#include "ficha/session.hpp"
#include "session/session_image.hpp"

namespace ficha::redis {

inline SessionId session_id(std::uint64_t number) {
  char text[SessionId::length + 1];
  std::snprintf(text, sizeof text, "AAAA%020llu", static_cast<unsigned long long>(number));
  return *SessionId::parse(text);
}

inline SipHash128 key_of(std::uint64_t number) {
  return siphash_2_4_128(SipHashKey{1, 2}, {reinterpret_cast<const char*>(&number), sizeof number});
}

struct SessionShape {
  std::int64_t expires_at = 1'000'000'000;
  std::int64_t idle_seconds = 1800;
  std::size_t attribute_bytes = 16;
};

// One attribute, "v": the generation's last digit, `attribute_bytes` times. The principal is the generation in decimal.
inline Session versioned_session(const SessionId& id, std::uint64_t generation, const SessionShape& shape = {}) {
  const std::string principal = std::to_string(generation);
  const std::string value(shape.attribute_bytes, principal.back());
  SessionBuilder builder(id, {.generation = generation,
                              .created_at = 0,
                              .expires_at = shape.expires_at,
                              .idle_deadline = 0,
                              .idle_seconds = shape.idle_seconds,
                              .authenticated_at = static_cast<std::int64_t>(generation),
                              .level = 1,
                              .role_count = 0,
                              .scope_count = 0,
                              .attribute_count = 1,
                              .string_bytes = principal.size() + 1 + value.size()});
  builder.add(principal);
  builder.add({});
  builder.add({});
  builder.add("v");
  builder.add(value);
  return std::move(builder).finish();
}

// Whether all of it is of one generation.
inline bool consistent(const Session& session) {
  const std::string principal = std::to_string(session.generation());
  const auto value = session.attribute("v");
  return session.principal() == principal &&
         session.authenticated_at() == static_cast<std::int64_t>(session.generation()) && value &&
         value->find_first_not_of(principal.back()) == std::string_view::npos;
}

}  // namespace ficha::redis
