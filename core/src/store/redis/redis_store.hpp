// Sessions in one Redis (wire format, version 1): one path for blocked, asynchronous and cached callers.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "session/record.hpp"
#include "store/redis/cache/near_cache.hpp"
#include "store/redis/cache/node_observer.hpp"
#include "store/redis/keys.hpp"
#include "store/redis/node/connection.hpp"
#include "store/redis/operation_timer.hpp"
#include "store/redis/scripts.hpp"
#include "store/redis/touch_gate.hpp"
#include "store/session_store.hpp"

namespace ficha::redis {

// For evaluate(). Not inlined: of an initializer list within a coroutine's loop clang 14 with -fsanitize=thread keeps what
// does not change between two rounds outside of the coroutine's frame, and reads it after that is gone.
template <class... Arguments>
[[nodiscard, gnu::noinline]] std::vector<std::string_view> arguments_of(const Arguments&... arguments) {
  return {std::string_view{arguments}...};
}

// Reading is GET and PTTL in one write; every change is one script or one command on a live session, so requests that race
// neither lose an update nor revive a session. Only an authoritative nil of Redis means "no such session".
//
// An operation of a fixed number of round trips ends within operation_timeout. One that walks a principal's sessions takes
// as long as there are sessions; each of its steps is bounded by command_timeout, and blocks Redis for 5 ms at most. Where it
// has to walk the server's keys as well, that ends within operation_timeout, or with ErrorCode::incomplete.
//
// Thread rule: as SessionStore.
class RedisStore final : public SessionStore {
 public:
  // No I/O: the connection is made at first use.
  RedisStore(const Config& config, Endpoint endpoint, const Hooks& hooks);
  ~RedisStore() override;

  Task<IssuedSession> create(NewSession session) override;
  Task<std::optional<Session>> load(Token token, LoadOptions options) override;
  Task<std::optional<Session>> find(SessionId id) override;
  Task<std::uint64_t> patch(SessionId id, Patch patch) override;
  Task<IssuedSession> rotate(SessionId id, RotateOptions options) override;
  Task<IssuedSession> reauthenticate(SessionId current, NewSession session) override;
  Task<std::optional<Session>> take(SessionId id) override;
  Task<std::uint64_t> revoke_principal(std::string principal, std::optional<SessionId> except) override;
  Task<std::uint64_t> patch_principal(std::string principal, Patch patch) override;
  Task<std::vector<Session>> list(std::string principal) override;
  bool try_load(std::string_view token, LoadOptions options, std::optional<Session>& session) noexcept override;
  void flush() noexcept override { connection_->flush(); }
  void wait(Waiter& waiter) noexcept override { connection_->wait(waiter); }
  [[nodiscard]] std::int64_t now() const noexcept override { return connection_->server_milliseconds() / 1000; }
  void add_stats(Stats& stats) const noexcept override;
  void close() noexcept override { connection_->close(); }

 private:
  // What GET and PTTL said of a session.
  struct LoadedSession {
    LoadResult result = std::optional<Session>();
    Freshness freshness{};
    std::int64_t deadline_ms = 0;  // when the key expires, on the server's clock; early by a round trip at most
  };
  struct SentReplies {
    std::vector<Reply> replies;
    std::int64_t sent_at_ns;  // when the commands were sent, on the monotonic clock
  };
  // What is stored under one id: nothing live, a session, or where a rotation with grace left it.
  using Stored = std::variant<std::monostate, RecordFields, Superseded>;

  // Drops what the near cache holds of `id` now and again when it goes out of scope, which is to be in stream order: around
  // every write.
  class OwnWrite {
   public:
    OwnWrite(NearCache* cache, const SessionId& id) noexcept : cache_(cache), id_(id) { drop(); }
    OwnWrite(const OwnWrite&) = delete;
    OwnWrite& operator=(const OwnWrite&) = delete;
    ~OwnWrite() { drop(); }

   private:
    void drop() noexcept {
      if (cache_) cache_->drop(id_);
    }
    NearCache* cache_;
    SessionId id_;
  };

  // Whether a script may change sessions that cannot be named beforehand. PING behind it then brings their invalidations
  // along before the write is acknowledged.
  enum class Targets : std::uint8_t { named, unnamed };

  class ReadAttempt;

  // A walk over the keys of a principal's route, because the index may lack members. SCAN finds every key that is there from
  // the beginning to the end, on one server: where the link was lost meanwhile, it begins anew.
  struct Walk {
    std::string principal;
    OperationTimer timer;
    std::set<SessionId>& seen;  // sessions that were read already
    std::string cursor = "0";
    std::uint64_t link = 0;  // the connection's epoch; 0 = not begun
    bool over = false;
  };
  // What one step over a principal's sessions has done.
  struct Patched {
    std::uint64_t live = 0;
    std::int64_t changed = 0;
    bool index_is_whole = true;
  };

  // load.cpp
  [[nodiscard]] bool is_in_doubt() const noexcept;
  // Adds ECHO of a nonce, as the last: the connection ends unless it comes back in its place, and if it does, the replies
  // before it are these commands' own.
  void add_step_check(Commands& commands);
  static bool are_in_step(const std::vector<Reply>& replies) noexcept;
  Task<SentReplies> ask(Commands commands, OperationTimer timer);
  Task<LoadedSession> read_session(SessionId id);
  void complete(Flight& flight, std::string_view token, const LoadedSession& found);
  LoadResult&& conclude(std::optional<Flight>& flight, const Token& token, bool touch, LoadedSession&& found);
  LoadResult share(const LoadResult& answer, const Token& token, bool touch);
  Result<Stored> stored(const SessionId& id, ReplyView get, bool in_step);
  static bool holds_record(const SessionId& id, ReplyView get);
  [[nodiscard]] LoadedSession loaded(const SessionId& id, const RecordFields& fields, ReplyView pttl,
                                     std::int64_t sent_at_ns) const;
  void touch_if_due(std::string_view token, const Session& session, std::int64_t deadline_ms);
  [[nodiscard]] std::string index_of(const Session& session) const;
  Detached touch(SessionId id, std::string index, Secret token, std::int64_t idle_seconds, std::int64_t expires_at);
  void note_touch(const Result<std::vector<Reply>>& replies);

  // redis_store.cpp
  Task<Reply> evaluate(const scripts::Script& script, std::vector<std::string_view> arguments, Targets targets);
  Task<IssuedSession> move(SessionId id, std::string principal, RotateOptions options,
                           std::optional<NewSession> replacement, OperationTimer timer);
  Task<Reply> relist(SessionId id, std::string index);
  Result<IssuedSession> issued(Token token, ReplyView reply);
  std::string encode_new(const SessionId& id, const NewSession& wanted) const;
  void append_patch(const Patch& patch, std::vector<std::string>& arguments) const;

  // principal.cpp
  Task<std::optional<std::uint64_t>> revoke_listed(const std::string& index, std::string_view kept,
                                                   std::uint64_t& revoked);
  Task<Patched> patch_listed(const std::string& principal, const Patch& patch);
  Task<bool> list_indexed(const std::string& principal, std::set<SessionId>& seen, std::vector<Session>& sessions);
  Task<std::vector<Session>> read_listed(std::string index, std::size_t begin, std::size_t end,
                                         std::set<SessionId>& seen, bool& index_is_whole);
  Task<std::vector<Session>> read_each(std::vector<SessionId> ids, OperationTimer timer,
                                       std::optional<std::string> owner);
  bool note_evicted(std::optional<std::uint64_t> evicted) noexcept;

  // walk.cpp
  Task<std::vector<Session>> walk_on(Walk& walk);
  Task<std::vector<Session>> read_walked(std::vector<SessionId> ids, Walk& walk);
  Task<bool> revoke_walked(const std::string& principal, std::string_view kept, std::uint64_t& revoked);
  Task<Patched> patch_walked(const std::string& principal, const Patch& patch);
  Error incomplete(std::string_view what);

  // Rotations with grace chain; walking along ends with the operation's time, never with "no such session".
  static Error out_of_time() { return {ErrorCode::timeout, "the operation took longer than operation_timeout"}; }

  [[nodiscard]] SessionKey session_key(const SessionId& id) const;
  [[nodiscard]] std::string index_key(std::uint16_t route, std::string_view principal) const;
  [[nodiscard]] OperationTimer start_timer() const noexcept {
    return OperationTimer{clock_, operation_timeout_, command_timeout_};
  }

  const std::string name_space_;
  const std::chrono::milliseconds operation_timeout_;
  const std::chrono::milliseconds command_timeout_;
  const std::size_t list_step_;  // sessions that list() asks for at once
  const SessionConfig settings_;
  const Hooks hooks_;
  Clock& clock_;
  RandomSource& random_;
  TouchGate touch_gate_;
  std::atomic<std::uint64_t> touches_sent_{0};
  std::atomic<std::uint64_t> touches_effective_{0};
  std::atomic<bool> touches_refused_{false};
  std::atomic<std::int64_t> doubted_until_ns_{0};
  std::atomic<std::uint64_t> next_nonce_{0};
  std::atomic<std::uint64_t> key_walks_{0};
  std::atomic<std::uint64_t> incomplete_{0};
  SlotTable slot_table_;
  const std::unique_ptr<NearCache> cache_;  // null when off; outlives the connection, which calls it
  const std::unique_ptr<NodeObserver> observer_;
  const std::unique_ptr<Connection> connection_;
};

}  // namespace ficha::redis

namespace ficha {

[[nodiscard]] std::unique_ptr<SessionStore> make_redis_store(const Config& config, redis::Endpoint endpoint,
                                                             const Hooks& hooks);

}  // namespace ficha
