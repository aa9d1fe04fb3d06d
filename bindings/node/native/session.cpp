#include "session.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "decision.hpp"
#include "environment.hpp"
#include "session_objects.hpp"
#include "values.hpp"

namespace ficha::node {
namespace {

constexpr napi_type_tag session_tag{0x66696368612e7365, 0x7373696f6e2e7631};

std::atomic<int> alive{0};

void finalize(napi_env, void* data, void*) {
  delete static_cast<SessionHolder*>(data);
  --alive;
}

template <class Text>
napi_value to_array(napi_env env, std::size_t count, Text text) {
  napi_value array = nullptr;
  napi_create_array_with_length(env, count, &array);
  for (std::size_t i = 0; i < count; ++i)
    napi_set_element(env, array, static_cast<std::uint32_t>(i), to_string(env, text(i)));
  return array;
}

const SessionHolder* only_argument(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  const SessionHolder* holder = as_session(env, argument);
  if (!holder) throw_type_error(env, "not a Session of ficha");
  return holder;
}

// [id, generation, createdAt, expiresAt, idleDeadline, idleSeconds, authenticatedAt, level, principal, device address,
//  user agent, roles, scopes, attributes: name, JSON, name, JSON, …, protected attributes: likewise]
napi_value session_fields(napi_env env, napi_callback_info info) {
  const SessionHolder* holder = only_argument(env, info);
  if (!holder) return nullptr;
  const Session& s = holder->session;
  const std::array fields{
      to_string(env, s.id().str()),
      to_number(env, static_cast<std::int64_t>(s.generation())),
      to_number(env, s.created_at()),
      to_number(env, s.expires_at()),
      to_number(env, s.idle_deadline()),
      to_number(env, s.idle_seconds()),
      to_number(env, s.authenticated_at()),
      to_number(env, s.level()),
      to_string(env, s.principal()),
      to_string(env, s.device_address()),
      to_string(env, s.device_user_agent()),
      to_array(env, s.role_count(), [&](std::size_t i) { return s.role(i); }),
      to_array(env, s.scope_count(), [&](std::size_t i) { return s.scope(i); }),
      to_array(env, 2 * s.attribute_count(),
               [&](std::size_t i) { return i % 2 == 0 ? s.attribute_name(i / 2) : s.attribute_json(i / 2); }),
      to_array(env, 2 * s.protected_count(),
               [&](std::size_t i) { return i % 2 == 0 ? s.protected_name(i / 2) : s.protected_json(i / 2); }),
  };
  napi_value array = nullptr;
  napi_create_array_with_length(env, fields.size(), &array);
  for (std::size_t i = 0; i < fields.size(); ++i)
    napi_set_element(env, array, static_cast<std::uint32_t>(i), fields[i]);
  return array;
}

napi_value session_token(napi_env env, napi_callback_info info) {
  const SessionHolder* holder = only_argument(env, info);
  if (!holder) return nullptr;
  return holder->token ? to_string(env, holder->token->reveal()) : null_value(env);
}

}  // namespace

napi_value new_session(napi_env env, SessionHolder holder) noexcept {
  napi_value object = Environment::of(env).construct(Environment::Callback::session_class);
  if (!object) return nullptr;
  auto* kept = new (std::nothrow) SessionHolder(std::move(holder));
  if (!kept) return throw_error(env, {ErrorCode::overloaded, "out of memory"});
  ++alive;
  if (napi_wrap(env, object, kept, finalize, nullptr, nullptr) != napi_ok) {
    finalize(env, kept, nullptr);
    return nullptr;
  }
  napi_type_tag_object(env, object, &session_tag);
  return object;
}

const SessionHolder* as_session(napi_env env, napi_value value) noexcept {
  // Asked for the tag of null or undefined, Node-API leaves an exception pending.
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, value, &session_tag, &tagged) != napi_ok || !tagged) return nullptr;
  if (napi_unwrap(env, value, &data) != napi_ok) return nullptr;
  return static_cast<const SessionHolder*>(data);
}

int live_sessions() noexcept {
  return alive;
}

void define_session(napi_env env, napi_value exports) {
  const std::array properties{napi_property_descriptor{"sessionFields", nullptr, session_fields, nullptr, nullptr,
                                                       nullptr, napi_enumerable, nullptr},
                              napi_property_descriptor{"sessionToken", nullptr, session_token, nullptr, nullptr,
                                                       nullptr, napi_enumerable, nullptr}};
  napi_define_properties(env, exports, properties.size(), properties.data());
}

// --- the objects in use ----------------------------------------------------------------------------------------------

namespace {

// An id is a digest: any of its bytes choose a slot evenly.
std::size_t slot_index(const SessionId& id, unsigned bits) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, id.str().data() + id.str().size() - sizeof word, sizeof word);
  return static_cast<std::size_t>((word * 0x9e3779b97f4a7c15U) >> (64U - bits));
}

void drop(napi_env env, napi_ref& reference) noexcept {
  if (reference) napi_delete_reference(env, reference);
  reference = nullptr;
}

}  // namespace

SessionObjects::Slot* SessionObjects::find(napi_env env, const Session& session, napi_value& object) noexcept {
  const SessionId id = session.id();
  Slot& slot = slots_[slot_index(id, slot_bits)];
  if (slot.object && slot.id == id && slot.generation == session.generation() &&
      slot.idle_deadline == session.idle_deadline()) {
    napi_get_reference_value(env, slot.object, &object);
    return &slot;
  }
  drop(env, slot.object);
  drop(env, slot.decision);
  object = new_session(env, {session, std::nullopt});
  if (!object || napi_create_reference(env, object, 1, &slot.object) != napi_ok) return nullptr;
  slot.id = id;
  slot.generation = session.generation();
  slot.idle_deadline = session.idle_deadline();
  return &slot;
}

napi_value SessionObjects::get(napi_env env, const Session& session) noexcept {
  napi_value object = nullptr;
  return find(env, session, object) ? object : nullptr;
}

napi_value SessionObjects::get(napi_env env, const Decision& decision) noexcept {
  napi_value session = nullptr, object = nullptr;
  Slot* slot = find(env, *decision.session, session);
  if (!slot) return nullptr;
  // With [cors] the fields depend on the request: those of the object must be these.
  const auto headers = decision.headers();
  const auto same = [](const ResponseHeader& a, const ResponseHeader& b) {
    return a.name == b.name && a.value == b.value;
  };
  if (slot->decision && slot->rule == decision.rule && slot->carrier == decision.carrier &&
      std::ranges::equal(slot->headers, headers, same)) {
    napi_get_reference_value(env, slot->decision, &object);
    return object;
  }
  drop(env, slot->decision);
  object = new_decision(env, decision, session);
  if (!object || napi_create_reference(env, object, 1, &slot->decision) != napi_ok) return object;
  slot->rule = decision.rule;
  slot->carrier = decision.carrier;
  slot->headers.assign(headers.begin(), headers.end());
  return object;
}

}  // namespace ficha::node
