// Stored records from hostile bytes: refused, or whole in every form the core gives them.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "session/record.hpp"
#include "session/session_image.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool same_text(const ficha::Session& session, const ficha::RecordFields& fields) {
  bool same = session.principal() == fields.principal && session.device_address() == fields.device_address &&
              session.device_user_agent() == fields.device_user_agent;
  for (std::size_t i = 0; i < fields.roles.size(); ++i) same &= session.role(i) == fields.roles[i];
  for (std::size_t i = 0; i < fields.scopes.size(); ++i) same &= session.scope(i) == fields.scopes[i];
  for (const auto& [name, json] : fields.attributes) same &= session.attribute(name) == json;
  for (const auto& [name, json] : fields.protected_attributes) same &= session.protected_attribute(name) == json;
  return same && session.role_count() == fields.roles.size() && session.scope_count() == fields.scopes.size() &&
         session.attribute_count() == fields.attributes.size() &&
         session.protected_count() == fields.protected_attributes.size();
}

void check_snapshot(const ficha::SessionId& id, const ficha::RecordFields& fields) {
  const ficha::Session session = ficha::make_session(id, fields, fields.expires_at);
  require(same_text(session, fields));
  std::vector<std::uint64_t> words(ficha::SessionImage::size(session));
  ficha::SessionImage::store(session, words);
  std::optional<ficha::Session> loaded;
  require(ficha::SessionImage::load(
      words.size(), [&](std::size_t i) { return words[i]; }, loaded));
  require(same_text(*loaded, fields));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The id of the conformance vectors, so that the seeds pass the guard.
  static const ficha::SessionId id = *ficha::SessionId::parse("dHF7zuIfUJe6C2kXYfag_Q8_");
  const auto record = ficha::decode_record({reinterpret_cast<const char*>(data), size}, id);
  if (!record) {
    require(record.error().code == ficha::ErrorCode::corrupt_record);
    return 0;
  }
  if (const auto* superseded = std::get_if<ficha::Superseded>(&*record)) {
    require(ficha::decode_record(ficha::encode_superseded(superseded->guard, superseded->successor), id).has_value());
    return 0;
  }
  const auto& fields = std::get<ficha::RecordFields>(*record);
  const std::string bytes = ficha::encode_record(fields);
  const auto again = ficha::decode_record(bytes, id);
  require(again.has_value() && ficha::encode_record(std::get<ficha::RecordFields>(*again)) == bytes);
  check_snapshot(id, fields);
  return 0;
}
