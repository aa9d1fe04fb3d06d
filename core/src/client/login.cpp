#include "client/login.hpp"

#include <algorithm>
#include <utility>

#include "session/validation.hpp"

namespace ficha {

namespace {

// Unless the login itself has said what it shall be.
void carry(std::vector<Attribute>& attributes, std::string_view name, std::string_view json) {
  if (std::ranges::find(attributes, name, &Attribute::name) != attributes.end()) return;
  attributes.push_back({std::string{name}, std::string{json}});
}

NewSession with_attributes(NewSession session, const Session& from, std::string_view keep_protected) {
  for (std::size_t i = 0; i < from.attribute_count(); ++i) {
    carry(session.attributes, from.attribute_name(i), from.attribute_json(i));
  }
  for (std::size_t i = 0; i < from.protected_count() && !keep_protected.empty(); ++i) {
    if (!from.protected_name(i).starts_with(keep_protected)) continue;
    carry(session.protected_attributes, from.protected_name(i), from.protected_json(i));
  }
  return session;
}

// `carried`: of an anonymous session.
Task<IssuedSession> create_with(SessionStore& store, NewSession session, std::optional<Session> carried,
                                std::string_view keep_protected) {
  if (carried) session = with_attributes(std::move(session), *carried, keep_protected);
  if (Result<void> valid = validate(session); !valid) co_return std::move(valid).error();
  co_return co_await store.create(std::move(session));
}

// The new session first, so that a login that fails does not cost the visitor the anonymous one. Taking that is what decides
// which attributes it ended with: should they differ from what was read, another session is made of them.
Task<IssuedSession> replace_anonymous(SessionStore& store, Login login, std::optional<Session> read) {
  if (!login.keep_attributes) read.reset();
  const std::optional<std::uint64_t> carried = read ? std::optional(read->generation()) : std::nullopt;
  Result<IssuedSession> issued = co_await create_with(store, login.session, std::move(read), login.keep_protected);
  if (!issued) co_return issued;
  Result<std::optional<Session>> taken = co_await store.take(*login.current);
  if (!taken) {
    // The old token may still live, and its holder may be an attacker who planted it: this login must not have happened.
    static_cast<void>(co_await store.take(issued->session.id()));
    co_return std::move(taken).error();
  }
  const bool is_missed = *taken && (*taken)->anonymous() && (*taken)->generation() != carried;
  if (!is_missed || !login.keep_attributes) co_return issued;
  if (auto undone = co_await store.take(issued->session.id()); !undone) co_return std::move(undone).error();
  co_return co_await create_with(store, std::move(login.session), std::move(*taken), login.keep_protected);
}

// The old session first: should the second step fail, the client is logged out, not logged in twice.
Task<IssuedSession> change_principal(SessionStore& store, Login login) {
  Result<std::optional<Session>> taken = co_await store.take(*login.current);
  if (!taken) co_return std::move(taken).error();
  co_return co_await store.create(std::move(login.session));
}

}  // namespace

Task<IssuedSession> log_in(SessionStore& store, Login login) {
  if (!login.current) co_return co_await store.create(std::move(login.session));
  Result<std::optional<Session>> found = co_await store.find(*login.current);
  if (!found) co_return std::move(found).error();
  const std::string& principal = login.session.principal;
  // One that is gone may have been the principal's own: its route says so, and only its anonymous siblings share that.
  const bool is_own = *found ? (*found)->principal() == principal : login.current->route() == route_of(principal);
  if (is_own && !principal.empty()) co_return co_await store.reauthenticate(*login.current, std::move(login.session));
  if (*found && !(*found)->anonymous()) co_return co_await change_principal(store, std::move(login));
  co_return co_await replace_anonymous(store, std::move(login), std::move(*found));
}

}  // namespace ficha
