#include "session/validation.hpp"

#include <algorithm>
#include <span>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "session/bag.hpp"
#include "session/record.hpp"

namespace ficha {
namespace {

constexpr std::int64_t max_integer = std::int64_t{1} << 53U;

// A record's array, its numbers, its guard and the headers of its lists, at their longest.
constexpr std::size_t fixed_record_bytes = 128;

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}
Error too_large(std::string message) {
  return {ErrorCode::too_large, std::move(message)};
}

// Bytes of a MessagePack str.
std::size_t packed_bytes(std::string_view text) {
  const std::size_t header = text.size() < 32 ? 1 : text.size() < 256 ? 2 : text.size() < 65536 ? 3 : 5;
  return header + text.size();
}

std::size_t packed_bytes(std::span<const std::string> texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += packed_bytes(text);
  return bytes;
}

std::size_t packed_bytes(const Device& device) {
  return packed_bytes(device.address) + packed_bytes(device.user_agent);
}

Result<void> validate_record_bytes(std::size_t bytes) {
  if (bytes + fixed_record_bytes > max_record_bytes) return too_large("the session: a record is at most 256 KiB");
  return {};
}

Result<void> validate_list(std::string_view field, std::span<const std::string> items) {
  const std::string name{field};
  if (items.size() > max_list_items) return too_large(name + ": at most 256 items");
  for (const std::string& item : items) {
    if (item.size() > max_list_item_bytes) return too_large(name + ": an item is at most 128 bytes long");
    if (item.empty() || item.find(' ') != std::string::npos || !is_plain_text(item)) {
      return invalid(name + ": an item is not empty and is UTF-8 without spaces and control characters");
    }
  }
  return {};
}

Result<void> validate_name(std::string_view name) {
  if (name.size() > max_attribute_name_bytes) return too_large("an attribute's name is at most 64 bytes long");
  if (name.empty() || !is_plain_text(name)) {
    return invalid("an attribute's name is not empty and is UTF-8 without control characters");
  }
  return {};
}

Result<void> validate_attribute(const std::string& name, std::string_view json) {
  if (auto valid = validate_name(name); !valid) return valid;
  if (json.size() > max_attribute_bytes) return too_large("attribute \"" + name + "\": a value is at most 64 KiB");
  if (!is_json(json)) {
    return invalid("attribute \"" + name + "\": a value is one JSON text (RFC 8259), nested at most 64 deep");
  }
  return {};
}

Result<void> validate_attributes(std::span<const Attribute> attributes) {
  std::vector<std::string_view> names;
  names.reserve(attributes.size());
  for (const Attribute& attribute : attributes) {
    if (auto valid = validate_attribute(attribute.name, attribute.json); !valid) return valid;
    names.push_back(attribute.name);
  }
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    return invalid("attribute \"" + std::string(*twice) + "\" is given twice");
  }
  return {};
}

Result<void> validate_protected(std::span<const Attribute> attributes) {
  if (attributes.size() > max_protected_attributes) return too_large("protected attributes: at most 32");
  std::size_t bytes = 0;
  for (const Attribute& attribute : attributes) bytes += attribute.name.size() + attribute.json.size();
  if (bytes > max_protected_bytes) return too_large("protected attributes: at most 64 KiB together");
  return validate_attributes(attributes);
}

using Timeout = std::optional<std::chrono::seconds>;

Result<void> validate_timeouts(const Timeout& idle, const Timeout& absolute) {
  using std::chrono::seconds;
  if (absolute && (*absolute < seconds{1} || *absolute > max_absolute_timeout)) {
    return invalid("absolute_timeout: 1 second to 400 days");
  }
  if (idle && (*idle < seconds{0} || *idle > absolute.value_or(max_absolute_timeout))) {
    return invalid("idle_timeout: 0 for none, or 1 second to the absolute timeout");
  }
  return {};
}

Result<void> validate_bag_key(const Patch::Op& op) {
  if (auto valid = validate_name(op.name); !valid) return valid;
  if (op.key.size() > max_bag_key_bytes)
    return too_large("attribute \"" + op.name + "\": a key is at most 256 bytes long");
  if (op.key.empty() || !is_utf8(op.key)) {
    return invalid("attribute \"" + op.name + "\": a key is not empty and is UTF-8");
  }
  return {};
}

// The bag is one level around the value.
Result<void> validate_put(const Patch::Op& op) {
  if (auto valid = validate_bag_key(op); !valid) return valid;
  if (auto valid = validate_attribute(op.name, op.json); !valid) return valid;
  if (is_json(op.json, max_json_depth - 1)) return {};
  return invalid("attribute \"" + op.name + "\": a value in a bag is nested at most 63 deep");
}

Result<void> validate_op(const Patch::Op& op) {
  switch (op.kind) {
    case Patch::Kind::set:
    case Patch::Kind::add:
      return validate_attribute(op.name, op.json);
    case Patch::Kind::remove:
      return validate_name(op.name);
    case Patch::Kind::increment:
      if (auto valid = validate_name(op.name); !valid) return valid;
      if (op.by < -max_integer || op.by > max_integer) {
        return invalid("attribute \"" + op.name + "\": an increment is within 2^53 of zero");
      }
      return {};
    case Patch::Kind::put:
      return validate_put(op);
    case Patch::Kind::take:
      return validate_bag_key(op);
  }
  return invalid("patch: unknown kind of change");
}

Result<void> validate_protected_op(const Patch::Op& op) {
  if (op.kind == Patch::Kind::set || op.kind == Patch::Kind::remove) return validate_op(op);
  return invalid("protected attributes take set and remove only");
}

}  // namespace

void make_storable(Device& device) {
  device.address = to_plain_text(device.address, max_device_bytes);
  device.user_agent = to_plain_text(device.user_agent, max_device_bytes);
}

Result<void> validate_principal(std::string_view principal, bool allow_empty) {
  if (principal.size() > max_principal_bytes) return too_large("principal: at most 256 bytes");
  if (principal.empty() && !allow_empty) return invalid("principal: must not be empty");
  if (!is_plain_text(principal)) return invalid("principal: UTF-8 without control characters");
  return {};
}

Result<void> validate(const NewSession& session) {
  if (auto valid = validate_principal(session.principal, true); !valid) return valid;
  if (auto valid = validate_list("roles", session.roles); !valid) return valid;
  if (auto valid = validate_list("scopes", session.scopes); !valid) return valid;
  if (session.attributes.size() > max_attributes) return too_large("attributes: at most 256");
  if (auto valid = validate_attributes(session.attributes); !valid) return valid;
  if (auto valid = validate_protected(session.protected_attributes); !valid) return valid;
  if (auto valid = validate_timeouts(session.idle_timeout, session.absolute_timeout); !valid) return valid;
  if (session.level < 0 || session.level > 3) return invalid("level: 0 to 3");
  if (session.token && !session.principal.empty() && session.token->id().route() != route_of(session.principal)) {
    return invalid("token: on another route than the principal");
  }

  std::size_t bytes = packed_bytes(session.principal) + packed_bytes(session.roles) + packed_bytes(session.scopes) +
                      packed_bytes(session.device);
  for (const auto* attributes : {&session.attributes, &session.protected_attributes}) {
    for (const Attribute& attribute : *attributes) bytes += packed_bytes(attribute.name) + packed_bytes(attribute.json);
  }
  return validate_record_bytes(bytes);
}

Result<void> validate(const Patch& patch) {
  if (patch.ops.size() + patch.protected_ops.size() > max_patch_ops) return too_large("patch: at most 512 changes");
  std::size_t bytes = 0;
  for (const Patch::Op& op : patch.protected_ops) {
    if (auto valid = validate_protected_op(op); !valid) return valid;
    bytes += packed_bytes(op.name) + packed_bytes(op.json);
  }
  for (const Patch::Op& op : patch.ops) {
    if (auto valid = validate_op(op); !valid) return valid;
    bytes += packed_bytes(op.name) + packed_bytes(op.key) + packed_bytes(op.json);
  }
  if (patch.roles) {
    if (auto valid = validate_list("roles", *patch.roles); !valid) return valid;
    bytes += packed_bytes(*patch.roles);
  }
  if (patch.scopes) {
    if (auto valid = validate_list("scopes", *patch.scopes); !valid) return valid;
    bytes += packed_bytes(*patch.scopes);
  }
  if (patch.device) bytes += packed_bytes(*patch.device);
  if (auto valid = validate_timeouts(patch.idle_timeout, patch.absolute_timeout); !valid) return valid;
  return validate_record_bytes(bytes);
}

Result<void> validate(const RotateOptions& options) {
  if (options.grace < std::chrono::seconds{0} || options.grace > max_grace) return invalid("grace: 0 to 30 seconds");
  return {};
}

}  // namespace ficha
