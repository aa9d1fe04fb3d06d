#include "requests.hpp"

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

NewSession read_new_session(Reader& reader) {
  NewSession session;
  session.principal = reader.string();
  session.roles = reader.strings();
  session.scopes = reader.strings();
  session.attributes.resize(reader.count(8));
  for (Attribute& attribute : session.attributes) {
    attribute.name = reader.string();
    attribute.json = reader.string();
  }
  session.device = read_device(reader);
  session.level = reader.number<std::int32_t>();
  session.authenticated = reader.flag();
  session.idle_timeout = read_seconds(reader);
  session.absolute_timeout = read_seconds(reader);
  return session;
}

Patch read_patch(Reader& reader, bool& valid) {
  Patch patch;
  patch.ops.resize(reader.count(17));
  for (Patch::Op& op : patch.ops) {
    const auto kind = reader.number<std::uint8_t>();
    valid = valid && kind <= static_cast<std::uint8_t>(Patch::Kind::increment);
    op.kind = static_cast<Patch::Kind>(kind);
    op.name = reader.string();
    op.json = reader.string();
    op.by = reader.number<std::int64_t>();
  }
  patch.roles = reader.optional([&] { return reader.strings(); });
  patch.scopes = reader.optional([&] { return reader.strings(); });
  patch.device = reader.optional([&] { return read_device(reader); });
  patch.expected_generation = reader.optional([&] { return reader.number<std::uint64_t>(); });
  patch.idle_timeout = read_seconds(reader);
  patch.absolute_timeout = read_seconds(reader);
  return patch;
}

LoginRequest read_login(Reader& reader, bool& valid) {
  Login login;
  login.session = read_new_session(reader);
  if (reader.flag()) {
    login.current = read_session(reader.text());
    valid = valid && login.current.has_value();
  }
  login.keep_attributes = reader.flag();
  return {std::move(login)};
}

StoreRequest read_fields(RequestKind kind, Reader& reader, bool& valid) {
  switch (kind) {
    case RequestKind::load: {
      Secret token{reader.text()};
      const bool touch = reader.flag();
      return LoadRequest{std::move(token), {touch, reader.flag()}};
    }
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

template <class Number>
void put(Packed& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_image(Packed& out, const Session& session) {
  const std::size_t at = out.size();
  out.resize(at + session.image_size());
  session.write_image(reinterpret_cast<std::byte*>(out.data() + at));
}

Packed begin(Answer answer) {
  return Packed(1, static_cast<char>(answer));
}

struct Packer {
  Packed operator()(const std::optional<Session>& session) const {
    Packed out(packed_size(session), '\0');
    pack_into(session, out.data());
    return out;
  }
  Packed operator()(const IssuedSession& issued) const {
    Packed out = begin(Answer::issued);
    out.reserve(1 + Token::length + issued.session.image_size());
    out += issued.token.reveal();
    put_image(out, issued.session);
    return out;
  }
  Packed operator()(std::uint64_t number) const {
    Packed out = begin(Answer::number);
    put(out, number);
    return out;
  }
  Packed operator()(RevokeOutcome outcome) const {
    Packed out = begin(Answer::flag);
    put(out, static_cast<std::uint8_t>(outcome == RevokeOutcome::revoked));
    return out;
  }
  Packed operator()(const std::vector<Session>& sessions) const {
    Packed out = begin(Answer::sessions);
    for (const Session& session : sessions) {
      put(out, static_cast<std::uint32_t>(session.image_size()));
      put_image(out, session);
    }
    return out;
  }
  Packed operator()(const Decision& decision) const {
    Packed out(packed_size(decision), '\0');
    pack_into(decision, out.data());
    return out;
  }
};

class Writer {
 public:
  explicit Writer(char* out) noexcept : out_(out) {}
  template <class Number>
  void number(Number value) noexcept {
    std::memcpy(out_, &value, sizeof value);
    out_ += sizeof value;
  }
  void text(std::string_view text) noexcept {
    number(static_cast<std::uint32_t>(text.size()));
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }
  [[nodiscard]] char* place() const noexcept { return out_; }

 private:
  char* out_;
};

// Names of response headers must outlive the decision.
std::optional<std::string_view> header_name(std::string_view name) noexcept {
  for (const std::string_view known :
       {"WWW-Authenticate", "Retry-After", "Vary", "Cache-Control", "Allow", "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
        "Access-Control-Max-Age"}) {
    if (name == known) return known;
  }
  return std::nullopt;
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
  if (!reader.complete()) return std::nullopt;
  request.headers = {fields, count};
  return request;
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

std::optional<Decision> read_decision(Bytes bytes) {
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
  const std::size_t headers = reader.count(8);
  for (std::size_t i = 0; i < headers; ++i) {
    const auto name = header_name(reader.text());
    std::string value = reader.string();
    if (!name) return std::nullopt;
    decision.add_header(*name, std::move(value));
  }
  if (!known || reader.overrun()) return std::nullopt;
  if (!reader.rest().empty()) {
    decision.session = read_session(reader.rest());
    if (!decision.session) return std::nullopt;
  }
  return decision;
}

std::optional<Session> read_session(Bytes image) {
  return Session::from_image(std::as_bytes(std::span{image}));
}

Packed pack(const Error& error) {
  Packed out = begin(Answer::error);
  put(out, static_cast<std::int32_t>(error.code));
  return out += error.message;
}

Packed pack(const Outcome& outcome) {
  return std::visit(Packer{}, outcome);
}

Packed pack_text(std::string_view text) {
  return begin(Answer::text) += text;
}

std::size_t packed_size(const std::optional<Session>& session) noexcept {
  return 1 + (session ? session->image_size() : 0);
}

void pack_into(const std::optional<Session>& session, char* out) noexcept {
  *out = static_cast<char>(session ? Answer::session : Answer::none);
  if (session) session->write_image(reinterpret_cast<std::byte*>(out + 1));
}

std::size_t packed_size(const Decision& decision) noexcept {
  std::size_t size = 4 + 3 * 4;
  for (const ResponseHeader& header : decision.headers()) size += 8 + header.name.size() + header.value.size();
  return size + (decision.session ? decision.session->image_size() : 0);
}

void pack_into(const Decision& decision, char* out) noexcept {
  Writer writer{out};
  writer.number(static_cast<std::uint8_t>(Answer::decision));
  writer.number(static_cast<std::uint8_t>(decision.verdict));
  writer.number(static_cast<std::uint8_t>(decision.reason));
  writer.number(static_cast<std::uint8_t>(decision.carrier));
  writer.number(static_cast<std::int32_t>(decision.status));
  writer.number(static_cast<std::int32_t>(decision.rule));
  writer.number(static_cast<std::uint32_t>(decision.headers().size()));
  for (const ResponseHeader& header : decision.headers()) {
    writer.text(header.name);
    writer.text(header.value);
  }
  if (decision.session) decision.session->write_image(reinterpret_cast<std::byte*>(writer.place()));
}

}  // namespace ficha::java
