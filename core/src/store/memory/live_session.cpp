#include "store/memory/live_session.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "session/bag.hpp"
#include "session/record.hpp"

namespace ficha {

namespace {

constexpr std::int64_t max_integer = std::int64_t{1} << 53U;  // what a JSON number holds exactly everywhere

auto find_attribute(std::vector<Attribute>& attributes, std::string_view name) {
  return std::ranges::find(attributes, name, &Attribute::name);
}

// An integer as JSON writes it, without fraction or exponent, within ±2^53.
std::optional<std::int64_t> parse_integer(std::string_view json) {
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  const std::size_t last = json.find_last_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  json = json.substr(first, last - first + 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc{} || end != json.data() + json.size()) return std::nullopt;
  if (value > max_integer || value < -max_integer) return std::nullopt;
  return value;
}

Result<void> increment(LiveSession& session, const Patch::Op& op) {
  const auto found = find_attribute(session.attributes, op.name);
  const auto value = found == session.attributes.end() ? std::int64_t{0} : parse_integer(found->json);
  if (!value) return Error{ErrorCode::invalid_argument, "attribute '" + op.name + "' is no integer to increment"};
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*value, op.by, &sum) || sum > max_integer || sum < -max_integer) {
    return Error{ErrorCode::invalid_argument, "attribute '" + op.name + "' would leave the range of 2^53"};
  }
  set_attribute(session.attributes, {op.name, std::to_string(sum)});
  return {};
}

Result<void> change_bag(LiveSession& session, const Patch::Op& op) {
  const auto found = find_attribute(session.attributes, op.name);
  const bool exists = found != session.attributes.end();
  const bool putting = op.kind == Patch::Kind::put;
  if (!putting && !exists) return {};
  const std::string before = exists ? found->json : "{}";
  auto bag = putting ? bag_with(before, op.key, op.json) : bag_without(before, op.key);
  if (!bag) return Error{bag.error().code, "attribute '" + op.name + "'" + bag.error().message};
  set_attribute(session.attributes, {op.name, std::move(*bag)});
  return {};
}

Result<void> apply(LiveSession& session, const Patch::Op& op, std::vector<Attribute>& attributes, Writes writes) {
  const auto found = find_attribute(attributes, op.name);
  const bool exists = found != attributes.end();
  if (exists && (op.kind == Patch::Kind::add || writes == Writes::add_only)) {
    return Error{ErrorCode::attribute_exists, "attribute '" + op.name + "' exists"};
  }
  switch (op.kind) {
    case Patch::Kind::set:
    case Patch::Kind::add:
      set_attribute(attributes, {op.name, op.json});
      return {};
    case Patch::Kind::remove:
      if (exists) attributes.erase(found);
      return {};
    case Patch::Kind::increment:
      return increment(session, op);
    case Patch::Kind::put:
    case Patch::Kind::take:
      return change_bag(session, op);
  }
  return Error{ErrorCode::invalid_argument, "unknown kind of change"};
}

std::size_t bytes_of(const std::vector<Attribute>& attributes) {
  std::size_t sum = 0;
  for (const Attribute& attribute : attributes) sum += attribute.name.size() + attribute.json.size();
  return sum;
}

RecordFields fields_of(const SessionId& id, const LiveSession& session) {
  RecordFields fields;
  fields.guard = id.guard();
  fields.generation = session.generation;
  fields.created_at = session.created_at;
  fields.expires_at = session.expires_at;
  fields.idle_seconds = session.idle_seconds;
  fields.authenticated_at = session.authenticated_at;
  fields.level = session.level;
  fields.principal = session.principal;
  fields.roles.assign(session.roles.begin(), session.roles.end());
  fields.scopes.assign(session.scopes.begin(), session.scopes.end());
  fields.device_address = session.device.address;
  fields.device_user_agent = session.device.user_agent;
  for (const Attribute& attribute : session.attributes) fields.attributes.emplace_back(attribute.name, attribute.json);
  for (const Attribute& attribute : session.protected_attributes) {
    fields.protected_attributes.emplace_back(attribute.name, attribute.json);
  }
  return fields;
}

}  // namespace

LiveSession new_live_session(const NewSession& wanted, std::int64_t now_seconds) {
  LiveSession session;
  session.created_at = now_seconds;
  session.authenticated_at = wanted.authenticated && !wanted.principal.empty() ? now_seconds : 0;
  session.level = wanted.level;
  session.principal = wanted.principal;
  session.roles = wanted.roles;
  session.scopes = wanted.scopes;
  session.device = wanted.device;
  session.attributes = wanted.attributes;
  session.protected_attributes = wanted.protected_attributes;
  return session;
}

void set_attribute(std::vector<Attribute>& attributes, const Attribute& attribute) {
  const auto found = find_attribute(attributes, attribute.name);
  if (found == attributes.end()) {
    attributes.push_back(attribute);
  } else {
    found->json = attribute.json;
  }
}

Result<LiveSession> patched(const SessionId& id, LiveSession session, const Patch& patch, Writes writes,
                            std::int64_t now_seconds) {
  if (patch.expected_generation && *patch.expected_generation != session.generation) {
    return Error{ErrorCode::conflict, "the session has another generation than expected"};
  }
  for (const Patch::Op& op : patch.protected_ops) {
    if (auto applied = apply(session, op, session.protected_attributes, writes); !applied) {
      return std::move(applied).error();
    }
  }
  for (const Patch::Op& op : patch.ops) {
    if (auto applied = apply(session, op, session.attributes, writes); !applied) return std::move(applied).error();
  }
  if (patch.roles) session.roles = *patch.roles;
  if (patch.scopes) session.scopes = *patch.scopes;
  if (patch.device) session.device = *patch.device;
  if (patch.idle_timeout) session.idle_seconds = patch.idle_timeout->count();
  if (patch.absolute_timeout) session.expires_at = now_seconds + patch.absolute_timeout->count();
  ++session.generation;
  if (auto fits = check_limits(id, session); !fits) return std::move(fits).error();
  return session;
}

Result<void> check_limits(const SessionId& id, const LiveSession& session) {
  if (session.attributes.size() > max_attributes) {
    return Error{ErrorCode::too_large, "a session holds at most 256 attributes"};
  }
  if (session.protected_attributes.size() > max_protected_attributes) {
    return Error{ErrorCode::too_large, "a session holds at most 32 protected attributes"};
  }
  if (bytes_of(session.protected_attributes) > max_protected_bytes) {
    return Error{ErrorCode::too_large, "the protected attributes of a session are at most 64 KiB"};
  }
  if (encode_record(fields_of(id, session)).size() > max_record_bytes) {
    return Error{ErrorCode::too_large, "a session's record is at most 256 KiB"};
  }
  return {};
}

Session snapshot(const SessionId& id, const LiveSession& session, std::int64_t deadline_ms) {
  return make_session(id, fields_of(id, session), deadline_ms / 1000);
}

}  // namespace ficha
