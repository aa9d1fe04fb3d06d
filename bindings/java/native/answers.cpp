#include "requests.hpp"

namespace ficha::java {
namespace {

void put_image(Packed& out, const Session& session) {
  const std::size_t at = out.size();
  out.resize(at + session.image_size());
  session.write_image(reinterpret_cast<std::byte*>(out.data() + at));
}

void put_text(Packed& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
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

}  // namespace

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

Packed pack_findings(const std::vector<RouteFinding>& findings) {
  Packed out = begin(Answer::findings);
  for (const RouteFinding& finding : findings) {
    put(out, static_cast<std::int32_t>(finding.route));
    put(out, static_cast<std::int32_t>(finding.rule));
    put(out, static_cast<std::int32_t>(finding.line));
    put(out, static_cast<std::uint32_t>(finding.methods.size()));
    for (const std::string& method : finding.methods) put_text(out, method);
    put_text(out, finding.problem);
  }
  return out;
}

Packed pack(const ResponseCookie& cookie) {
  Packed out = begin(Answer::cookie);
  for (const std::string_view text : {std::string_view{cookie.name}, std::string_view{cookie.value},
                                      std::string_view{cookie.path}, std::string_view{cookie.domain}}) {
    put_text(out, text);
  }
  put(out, static_cast<std::uint8_t>(cookie.max_age.has_value()));
  if (cookie.max_age) put(out, *cookie.max_age);
  put(out, static_cast<std::uint8_t>(cookie.same_site));
  put(out, static_cast<std::uint8_t>(cookie.secure));
  put_text(out, cookie.field());
  return out;
}

Packed pack(const ErrorResponse& response) {
  Packed out = begin(Answer::response);
  put(out, static_cast<std::int32_t>(response.status));
  put_text(out, response.code);
  put_text(out, response.message);
  put_text(out, response.body());
  put(out, static_cast<std::uint32_t>(response.headers.view().size()));
  for (const ResponseHeader& header : response.headers.view()) {
    put_text(out, header.name);
    put_text(out, header.value);
  }
  return out;
}

void pack_unknown(std::int64_t kept, char* out) noexcept {
  *out = static_cast<char>(Answer::unknown);
  std::memcpy(out + 1, &kept, sizeof kept);
}

std::size_t packed_size(const std::optional<Session>& session) noexcept {
  return 1 + (session ? session->image_size() : 0);
}

void pack_into(const std::optional<Session>& session, char* out) noexcept {
  *out = static_cast<char>(session ? Answer::session : Answer::none);
  if (session) session->write_image(reinterpret_cast<std::byte*>(out + 1));
}

std::size_t packed_size(const Decision& decision) noexcept {
  std::size_t size = 1 + facts_size + 1 + 4;
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
  writer.number(decision.skipped.count);
  for (const std::int16_t rule : decision.skipped.rules) writer.number(rule);
  writer.number(static_cast<std::uint8_t>(decision.session.has_value()));
  writer.number(static_cast<std::uint32_t>(decision.headers().size()));
  for (const ResponseHeader& header : decision.headers()) {
    writer.text(header.name);
    writer.text(header.value);
  }
  if (decision.session) decision.session->write_image(reinterpret_cast<std::byte*>(writer.place()));
}

}  // namespace ficha::java
