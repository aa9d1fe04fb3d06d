// The stored record (wire format, version 1): MessagePack array to and from plain fields, and to a Session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ficha/session.hpp"

namespace ficha {

inline constexpr std::size_t max_record_bytes = 256U << 10U;
inline constexpr std::size_t max_attribute_bytes = 64U << 10U;
inline constexpr std::size_t max_attributes = 256;
inline constexpr std::size_t max_protected_attributes = 32;
inline constexpr std::size_t max_protected_bytes = 64U << 10U;  // of names and values together

// Fields 3 to 15 of a live session (kind 0), as views into the record or the caller's strings.
struct RecordFields {
  std::string_view guard;
  std::uint64_t generation = 1;
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0;
  std::int64_t idle_seconds = 0;
  std::int64_t authenticated_at = 0;
  int level = 0;
  std::string_view principal;
  std::vector<std::string_view> roles;
  std::vector<std::string_view> scopes;
  std::string_view device_address;
  std::string_view device_user_agent;
  std::vector<std::pair<std::string_view, std::string_view>> attributes;
  // Apart from the others, because what writes those must not reach these. A record need not have the element.
  std::vector<std::pair<std::string_view, std::string_view>> protected_attributes;
  // The raw bytes of elements after the 15th, which a later version added: written back as they are.
  std::uint32_t addition_count = 0;
  std::string_view additions;
};

// Kind 1: where a rotation with grace left the old token.
struct Superseded {
  std::string_view guard;
  SessionId successor;
};

using Record = std::variant<RecordFields, Superseded>;

[[nodiscard]] std::string encode_record(const RecordFields& fields);
[[nodiscard]] std::string encode_superseded(std::string_view guard, const SessionId& successor);

// Everything is checked: version, kind, guard, shape, ranges, UTF-8, limits. Hostile bytes are expected.
// Errors: corrupt_record (also for another guard than that of `expected`). Views point into `bytes`.
[[nodiscard]] Result<Record> decode_record(std::string_view bytes, const SessionId& expected);

// MessagePack `array of str`, as the scripts splice them into a record.
[[nodiscard]] std::string encode_strings(std::span<const std::string> strings);
[[nodiscard]] std::string encode_attributes(std::span<const Attribute> attributes);

// The snapshot that callers see. `idle_deadline` in Unix seconds.
[[nodiscard]] Session make_session(const SessionId& id, const RecordFields& fields, std::int64_t idle_deadline);

}  // namespace ficha
