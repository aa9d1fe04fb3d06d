#include "requests.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace ficha::java {
namespace {

SessionId read_id(Reader& reader, bool& valid) {
  static const SessionId none = SessionId::parse("AAAAAAAAAAAAAAAAAAAAAAAA").value();
  const auto id = SessionId::parse(reader.text());
  valid = valid && id.has_value();
  return id.value_or(none);
}

std::optional<std::chrono::seconds> read_seconds(Reader& reader) {
  return reader.optional([&] { return std::chrono::seconds{reader.number<std::int64_t>()}; });
}

Device read_device(Reader& reader) {
  Device device;
  device.address = reader.string();
  device.user_agent = reader.string();
  return device;
}

std::vector<Attribute> read_attributes(Reader& reader) {
  std::vector<Attribute> attributes(reader.count(8));
  for (Attribute& attribute : attributes) {
    attribute.name = reader.string();
    attribute.json = reader.string();
  }
  return attributes;
}

NewSession read_new_session(Reader& reader) {
  NewSession session;
  session.principal = reader.string();
  session.roles = reader.strings();
  session.scopes = reader.strings();
  session.attributes = read_attributes(reader);
  session.protected_attributes = read_attributes(reader);
  session.device = read_device(reader);
  session.level = reader.number<std::int32_t>();
  session.authenticated = reader.flag();
  session.idle_timeout = read_seconds(reader);
  session.absolute_timeout = read_seconds(reader);
  return session;
}

std::vector<Patch::Op> read_ops(Reader& reader, bool& valid) {
  std::vector<Patch::Op> ops(reader.count(21));
  for (Patch::Op& op : ops) {
    const auto kind = reader.number<std::uint8_t>();
    valid = valid && kind <= static_cast<std::uint8_t>(Patch::Kind::take);
    op.kind = static_cast<Patch::Kind>(kind);
    op.name = reader.string();
    op.json = reader.string();
    op.by = reader.number<std::int64_t>();
    op.key = reader.string();
  }
  return ops;
}

Patch read_patch(Reader& reader, bool& valid) {
  Patch patch;
  patch.ops = read_ops(reader, valid);
  patch.protected_ops = read_ops(reader, valid);
  patch.roles = reader.optional([&] { return reader.strings(); });
  patch.scopes = reader.optional([&] { return reader.strings(); });
  patch.device = reader.optional([&] { return read_device(reader); });
  patch.expected_generation = reader.optional([&] { return reader.number<std::uint64_t>(); });
  patch.idle_timeout = read_seconds(reader);
  patch.absolute_timeout = read_seconds(reader);
  return patch;
}

Reading read_reading(Reader& reader) noexcept {
  Reading reading;
  reading.method = reader.text();
  reading.target = reader.text();
  reading.decoded = reader.flag();
  return reading;
}

LoginRequest read_login(Reader& reader, bool& valid) {
  Login login;
  login.session = read_new_session(reader);
  login.current = reader.optional([&] { return read_id(reader, valid); });
  login.keep_attributes = reader.flag();
  login.keep_protected = reader.string();
  return {std::move(login)};
}

StoreRequest read_fields(RequestKind kind, Reader& reader, bool& valid) {
  switch (kind) {
    case RequestKind::create:
      return CreateRequest{read_new_session(reader)};
    case RequestKind::patch: {
      const SessionId id = read_id(reader, valid);
      return PatchRequest{id, read_patch(reader, valid)};
    }
    case RequestKind::rotate: {
      const SessionId id = read_id(reader, valid);
      return RotateRequest{id, {std::chrono::seconds{reader.number<std::int64_t>()}}};
    }
    case RequestKind::login:
      return read_login(reader, valid);
    case RequestKind::revoke:
      return RevokeRequest{read_id(reader, valid)};
    case RequestKind::revoke_principal: {
      std::string principal = reader.string();
      return RevokePrincipalRequest{std::move(principal), reader.optional([&] { return read_id(reader, valid); })};
    }
    case RequestKind::patch_principal: {
      std::string principal = reader.string();
      return PatchPrincipalRequest{std::move(principal), read_patch(reader, valid)};
    }
    case RequestKind::find:
      return FindRequest{read_id(reader, valid)};
    case RequestKind::list:
      break;
  }
  valid = valid && kind == RequestKind::list;
  return ListRequest{reader.string()};
}

}  // namespace

Result<StoreRequest> read_request(Bytes bytes) {
  Reader reader{bytes};
  bool valid = true;
  const auto kind = static_cast<RequestKind>(reader.number<std::uint8_t>());
  StoreRequest request = read_fields(kind, reader, valid);
  if (!reader.complete()) return Error{ErrorCode::invalid_argument, "a malformed request"};
  if (!valid) return Error{ErrorCode::invalid_argument, "a session id has 24 characters of base64url"};
  return request;
}

std::optional<HttpRequest> read_http_request(Bytes bytes, HeaderSpace& space) {
  Reader reader{bytes};
  HttpRequest request;
  const std::size_t count = reader.count(8);
  request.method = reader.text();
  request.path = reader.text();
  HeaderField* fields = space.few;
  if (count > std::size(space.few)) {
    space.many.resize(count);
    fields = space.many.data();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = reader.text();
    std::construct_at(&fields[i], HeaderField{name, reader.text()});
  }
  request.scheme = reader.text();
  request.peer = reader.text();
  request.prefix = reader.text();
  const std::size_t readings = std::min(reader.count(9), std::size(space.readings));
  for (std::size_t i = 0; i < readings; ++i) std::construct_at(&space.readings[i], read_reading(reader));
  request.readings = {space.readings, readings};
  if (reader.overrun() || (readings <= max_readings && !reader.complete())) return std::nullopt;
  request.headers = {fields, count};
  return request;
}

std::optional<Reading> read_reading(Bytes bytes) {
  Reader reader{bytes};
  const Reading reading = read_reading(reader);
  return reader.complete() ? std::optional{reading} : std::nullopt;
}

std::optional<std::vector<Route>> read_routes(Bytes bytes) {
  Reader reader{bytes};
  std::vector<Route> routes(reader.count(12));
  for (Route& route : routes) {
    route.handler = reader.string();
    route.methods = reader.strings();
    route.pattern = reader.string();
  }
  if (!reader.complete()) return std::nullopt;
  return routes;
}

std::optional<std::vector<std::string>> read_strings(Bytes bytes) {
  Reader reader{bytes};
  std::vector<std::string> strings = reader.strings();
  if (!reader.complete()) return std::nullopt;
  return strings;
}

std::optional<std::vector<Setting>> read_settings(Bytes bytes) {
  Reader reader{bytes};
  std::vector<Setting> settings(reader.count(5));
  for (Setting& setting : settings) {
    setting.name = reader.string();
    switch (reader.number<std::uint8_t>()) {
      case 0:
        break;
      case 1:
        setting.value = reader.flag();
        break;
      case 2:
        setting.value = reader.number<std::int64_t>();
        break;
      case 3:
        setting.value = reader.string();
        break;
      case 4:
        setting.value = reader.strings();
        break;
      default:
        return std::nullopt;
    }
  }
  if (!reader.complete()) return std::nullopt;
  return settings;
}

std::optional<Requirement> read_requirement(Bytes bytes) {
  Reader reader{bytes};
  Requirement requirement;
  const auto allow = reader.number<std::uint8_t>();
  requirement.allow = static_cast<Allow>(allow);
  requirement.roles = reader.strings();
  requirement.scopes = reader.strings();
  requirement.level = reader.number<std::int32_t>();
  requirement.max_auth_age = read_seconds(reader);
  requirement.fresh = reader.flag();
  if (!reader.complete() || allow > static_cast<std::uint8_t>(Allow::nobody)) return std::nullopt;
  return requirement;
}

std::optional<Decision> read_facts(Bytes bytes) {
  Reader reader{bytes};
  Decision decision;
  const auto verdict = reader.number<std::uint8_t>();
  const auto reason = reader.number<std::uint8_t>();
  const auto carrier = reader.number<std::uint8_t>();
  const bool known = verdict <= static_cast<std::uint8_t>(last_verdict) &&
                     reason <= static_cast<std::uint8_t>(last_reason) &&
                     carrier <= static_cast<std::uint8_t>(Carrier::bearer);
  decision.verdict = static_cast<Verdict>(verdict);
  decision.reason = static_cast<Reason>(reason);
  decision.carrier = static_cast<Carrier>(carrier);
  decision.status = reader.number<std::int32_t>();
  decision.rule = reader.number<std::int32_t>();
  decision.skipped.count = std::min<std::uint8_t>(reader.number<std::uint8_t>(), max_skipped);
  for (std::int16_t& rule : decision.skipped.rules) rule = reader.number<std::int16_t>();
  if (!known || !reader.complete()) return std::nullopt;
  return decision;
}

std::optional<Change> read_change(Bytes bytes) {
  Reader reader{bytes};
  Change change;
  change.before = read_attributes(reader);
  change.after = read_attributes(reader);
  if (!reader.complete()) return std::nullopt;
  return change;
}

std::optional<Session> read_session(Bytes image) {
  return Session::from_image(std::as_bytes(std::span{image}));
}

}  // namespace ficha::java
