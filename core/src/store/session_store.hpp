// What Client needs of a store. Two implement it, under one test suite: MemoryStore and RedisStore.
#pragma once

#include "base/task.hpp"
#include "ficha/config.hpp"
#include "ficha/stats.hpp"
#include "ficha/store.hpp"

namespace ficha {

// The token of a session to be created.
[[nodiscard]] inline Result<Token> token_for(const NewSession& wanted, const TokenKeys& keys, RandomSource& random) {
  if (wanted.token) return *wanted.token;
  if (wanted.principal.empty()) return Token::generate_anonymous(keys, random);
  return Token::generate(route_of(wanted.principal), keys, random);
}

// Thread rule: every function from any thread. Tasks must be finished before the store is destroyed; close() sees to it.
class SessionStore {
 public:
  virtual ~SessionStore() = default;

  // Arguments have been validated by Client (see validation.hpp); a token has its exact shape and check.
  virtual Task<IssuedSession> create(NewSession session) = 0;
  virtual Task<std::optional<Session>> load(Token token, LoadOptions options) = 0;
  // As load() without touch, past the near cache.
  virtual Task<std::optional<Session>> find(SessionId id) = 0;
  virtual Task<std::uint64_t> patch(SessionId id, Patch patch) = 0;
  virtual Task<IssuedSession> rotate(SessionId id, RotateOptions options) = 0;
  // Moves `current` to a new token with a new authentication time, deadlines, level, roles, scopes and device; its
  // attributes stay, those of `session` are set on top. Same principal only.
  virtual Task<IssuedSession> reauthenticate(SessionId current, NewSession session) = 0;
  // Revokes a session; the session as it was at that moment, nullopt if none was live.
  virtual Task<std::optional<Session>> take(SessionId id) = 0;
  virtual Task<std::uint64_t> revoke_principal(std::string principal, std::optional<SessionId> except) = 0;
  virtual Task<std::uint64_t> patch_principal(std::string principal, Patch patch) = 0;
  virtual Task<std::vector<Session>> list(std::string principal) = 0;

  // The near cache's answer to load(), for the 56 raw bytes a client sent; false = ask load(). Fills `session`.
  // Allocates nothing for a session of the usual size, takes no lock, makes no system call.
  virtual bool try_load(std::string_view token, LoadOptions options, std::optional<Session>& session) noexcept = 0;

  // Sends what HeldSends has kept back.
  virtual void flush() noexcept = 0;
  // Blocks until `waiter` is done. RedisStore reads replies meanwhile, on behalf of everybody.
  virtual void wait(Waiter& waiter) noexcept = 0;
  // Unix seconds on the store's clock.
  [[nodiscard]] virtual std::int64_t now() const noexcept = 0;
  virtual void add_stats(Stats& stats) const noexcept = 0;
  // Everything in flight completes with ErrorCode::closed; returns when it has. Idempotent.
  virtual void close() noexcept = 0;
};

}  // namespace ficha
