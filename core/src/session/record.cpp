#include "session/record.hpp"

#include <msgpack/pack.hpp>

#include "session/session_image.hpp"

namespace ficha {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::uint64_t live = 0;
constexpr std::uint64_t superseded = 1;
constexpr std::uint32_t live_elements = 14;  // without the protected attributes
constexpr std::uint32_t superseded_elements = 4;

struct Buffer {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};
using Packer = msgpack::packer<Buffer>;

void pack_text(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

template <class Strings>
void pack_list(Packer& packer, const Strings& strings) {
  packer.pack_array(static_cast<std::uint32_t>(strings.size()));
  for (const auto& text : strings) pack_text(packer, text);
}

template <class Pairs>
void pack_pairs(Packer& packer, const Pairs& pairs) {
  packer.pack_map(static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [name, json] : pairs) {
    pack_text(packer, name);
    pack_text(packer, json);
  }
}

}  // namespace

std::string encode_record(const RecordFields& fields) {
  Buffer buffer;
  Packer packer(buffer);
  const bool has_protected = !fields.protected_attributes.empty() || fields.addition_count > 0;
  packer.pack_array(live_elements + (has_protected ? 1 : 0) + fields.addition_count);
  packer.pack_uint64(version);
  packer.pack_uint64(live);
  pack_text(packer, fields.guard);
  packer.pack_uint64(fields.generation);
  for (const std::int64_t number : {fields.created_at, fields.expires_at, fields.idle_seconds, fields.authenticated_at,
                                    std::int64_t{fields.level}}) {
    packer.pack_int64(number);
  }
  pack_text(packer, fields.principal);
  pack_list(packer, fields.roles);
  pack_list(packer, fields.scopes);
  packer.pack_array(2);
  pack_text(packer, fields.device_address);
  pack_text(packer, fields.device_user_agent);
  pack_pairs(packer, fields.attributes);
  if (has_protected) pack_pairs(packer, fields.protected_attributes);
  buffer.bytes.append(fields.additions);
  return std::move(buffer.bytes);
}

std::string encode_superseded(std::string_view guard, const SessionId& successor) {
  Buffer buffer;
  Packer packer(buffer);
  packer.pack_array(superseded_elements);
  packer.pack_uint64(version);
  packer.pack_uint64(superseded);
  pack_text(packer, guard);
  pack_text(packer, successor.str());
  return std::move(buffer.bytes);
}

std::string encode_strings(std::span<const std::string> strings) {
  Buffer buffer;
  Packer packer(buffer);
  pack_list(packer, strings);
  return std::move(buffer.bytes);
}

std::string encode_attributes(std::span<const Attribute> attributes) {
  Buffer buffer;
  Packer packer(buffer);
  pack_pairs(packer, attributes);
  return std::move(buffer.bytes);
}

Session make_session(const SessionId& id, const RecordFields& fields, std::int64_t idle_deadline) {
  std::size_t bytes = fields.principal.size() + fields.device_address.size() + fields.device_user_agent.size();
  for (const std::string_view role : fields.roles) bytes += role.size();
  for (const std::string_view scope : fields.scopes) bytes += scope.size();
  for (const auto& [name, json] : fields.attributes) bytes += name.size() + json.size();
  for (const auto& [name, json] : fields.protected_attributes) bytes += name.size() + json.size();

  SessionBuilder builder(id, {.generation = fields.generation,
                              .created_at = fields.created_at,
                              .expires_at = fields.expires_at,
                              .idle_deadline = idle_deadline,
                              .idle_seconds = fields.idle_seconds,
                              .authenticated_at = fields.authenticated_at,
                              .level = fields.level,
                              .role_count = fields.roles.size(),
                              .scope_count = fields.scopes.size(),
                              .attribute_count = fields.attributes.size(),
                              .protected_count = fields.protected_attributes.size(),
                              .string_bytes = bytes});
  builder.add(fields.principal);
  builder.add(fields.device_address);
  builder.add(fields.device_user_agent);
  for (const std::string_view role : fields.roles) builder.add(role);
  for (const std::string_view scope : fields.scopes) builder.add(scope);
  for (const auto* pairs : {&fields.attributes, &fields.protected_attributes}) {
    for (const auto& [name, json] : *pairs) {
      builder.add(name);
      builder.add(json);
    }
  }
  return std::move(builder).finish();
}

}  // namespace ficha
