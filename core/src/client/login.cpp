#include "client/login.hpp"

#include <algorithm>
#include <utility>

#include "session/validation.hpp"

namespace ficha {

namespace {

void carry_over(const Session& from, NewSession& to) {
  for (std::size_t i = 0; i < from.attribute_count(); ++i) {
    const std::string_view name = from.attribute_name(i);
    if (std::ranges::find(to.attributes, name, &Attribute::name) != to.attributes.end()) continue;
    to.attributes.push_back({std::string{name}, std::string{from.attribute_json(i)}});
  }
}

// The new session first, so that a login that fails does not cost the visitor the anonymous one.
Task<IssuedSession> replace_anonymous(SessionStore& store, Login login) {
  if (login.keep_attributes) carry_over(*login.current, login.session);
  if (Result<void> valid = validate(login.session); !valid) co_return std::move(valid).error();
  Result<IssuedSession> issued = co_await store.create(std::move(login.session));
  if (!issued) co_return issued;
  Result<RevokeOutcome> revoked = co_await store.revoke(login.current->id());
  if (revoked) co_return issued;
  // The old token may still live, and its holder may be an attacker who planted it: this login must not have happened.
  static_cast<void>(co_await store.revoke(issued->session.id()));
  co_return std::move(revoked).error();
}

// The old session first: should the second step fail, the client is logged out, not logged in twice.
Task<IssuedSession> change_principal(SessionStore& store, Login login) {
  Result<RevokeOutcome> revoked = co_await store.revoke(login.current->id());
  if (!revoked) co_return std::move(revoked).error();
  co_return co_await store.create(std::move(login.session));
}

}  // namespace

Task<IssuedSession> log_in(SessionStore& store, Login login) {
  if (!login.current) return store.create(std::move(login.session));
  if (login.current->anonymous()) return replace_anonymous(store, std::move(login));
  if (login.current->principal() != login.session.principal) return change_principal(store, std::move(login));
  return store.reauthenticate(login.current->id(), std::move(login.session));
}

}  // namespace ficha
