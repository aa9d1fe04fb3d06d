#include "store/memory/memory_store.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <variant>

#include "store/memory/live_session.hpp"
#include "store/memory/session_table.hpp"
#include "store/touch.hpp"

namespace ficha {

namespace {

std::int64_t touched(const LiveSession& session, std::int64_t deadline_ms, std::int64_t now_ms) {
  const std::int64_t due = next_touch_ms(deadline_ms, session.idle_seconds, session.expires_at);
  if (now_ms < due) return deadline_ms;
  return touch_target_ms(now_ms, session.idle_seconds, session.expires_at);
}

std::int64_t first_deadline_ms(const LiveSession& session, std::int64_t now_ms) {
  return touch_target_ms(now_ms, session.idle_seconds, session.expires_at);
}

bool same_but_generation(LiveSession a, const LiveSession& b) {
  a.generation = b.generation;
  return a == b;
}

Error session_gone() {
  return {ErrorCode::session_gone, "the session is no longer live"};
}

class MemoryStore final : public SessionStore {
 public:
  MemoryStore(const Config& config, const Hooks& hooks)
      : settings_(config.session),
        clock_(hooks.clock ? *hooks.clock : system_clock()),
        random_(hooks.random ? *hooks.random : openssl_random()) {}

  Task<IssuedSession> create(NewSession session) override { co_return create_now(session); }
  Task<std::optional<Session>> load(Token token, LoadOptions options) override {
    co_return find_now(token.id(), options);
  }
  Task<std::optional<Session>> find(SessionId id) override { co_return find_now(id, {.touch = false}); }
  Task<std::uint64_t> patch(SessionId id, Patch patch) override { co_return patch_now(id, patch); }
  Task<IssuedSession> rotate(SessionId id, RotateOptions options) override { co_return rotate_now(id, options); }
  Task<IssuedSession> reauthenticate(SessionId current, NewSession session) override {
    co_return reauthenticate_now(current, session);
  }
  Task<std::optional<Session>> take(SessionId id) override { co_return take_now(id); }
  Task<std::uint64_t> revoke_principal(std::string principal, std::optional<SessionId> except) override {
    co_return revoke_principal_now(principal, except);
  }
  Task<std::uint64_t> patch_principal(std::string principal, Patch patch) override {
    co_return patch_principal_now(principal, patch);
  }
  Task<std::vector<Session>> list(std::string principal) override { co_return list_now(principal); }

  bool try_load(std::string_view, LoadOptions, std::optional<Session>&) noexcept override { return false; }
  void flush() noexcept override {}
  void wait(Waiter& waiter) noexcept override { waiter.wait(); }
  std::int64_t now() const noexcept override { return clock_.unix_milliseconds() / 1000; }
  void add_stats(Stats& stats) const noexcept override {
    stats.eviction_policy = EvictionPolicy::noeviction;
    stats.evicted_keys = 0;
  }
  void close() noexcept override {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    sessions_.clear();
  }

 private:
  // One operation: exclusive, at one instant, with nothing expired in sight.
  struct Operation {
    explicit Operation(MemoryStore& store) : lock(store.mutex_), now_ms(store.clock_.unix_milliseconds()) {
      store.sessions_.erase_expired(now_ms);
    }
    std::int64_t now_seconds() const { return now_ms / 1000; }

    std::lock_guard<std::mutex> lock;
    std::int64_t now_ms;
  };

  Result<IssuedSession> create_now(const NewSession& wanted);
  Result<std::optional<Session>> find_now(SessionId id, LoadOptions options);
  Result<std::uint64_t> patch_now(SessionId id, const Patch& patch);
  Result<IssuedSession> rotate_now(SessionId id, RotateOptions options);
  Result<IssuedSession> reauthenticate_now(SessionId id, const NewSession& wanted);
  Result<std::optional<Session>> take_now(SessionId id);
  Result<std::uint64_t> revoke_principal_now(const std::string& principal, std::optional<SessionId> except);
  Result<std::uint64_t> patch_principal_now(const std::string& principal, const Patch& patch);
  Result<std::vector<Session>> list_now(const std::string& principal);

  std::int64_t absolute_seconds(const NewSession& wanted) const {
    return wanted.absolute_timeout.value_or(settings_.absolute_timeout).count();
  }
  std::int64_t idle_seconds(const NewSession& wanted) const {
    return wanted.idle_timeout.value_or(settings_.idle_timeout).count();
  }

  Result<void> make_room(const std::string& principal);
  IssuedSession issued(Token token, const Entry& entry) const;

  static Error closed() { return {ErrorCode::closed, "the client was closed"}; }

  const SessionConfig settings_;
  Clock& clock_;
  RandomSource& random_;

  std::mutex mutex_;  // guards what follows
  bool closed_ = false;
  SessionTable sessions_;
};

Result<IssuedSession> MemoryStore::create_now(const NewSession& wanted) {
  auto token = token_for(wanted, settings_.token_keys, random_);
  if (!token) return std::move(token).error();
  const SessionId id = token->id();

  const Operation operation{*this};
  if (closed_) return closed();
  if (sessions_.find(id)) return Error{ErrorCode::unavailable, "the random source repeats itself"};
  LiveSession session = new_live_session(wanted, operation.now_seconds());
  session.idle_seconds = idle_seconds(wanted);
  session.expires_at = session.created_at + absolute_seconds(wanted);
  if (auto fits = check_limits(id, session); !fits) return std::move(fits).error();
  if (auto room = make_room(wanted.principal); !room) return std::move(room).error();
  const std::int64_t deadline_ms = first_deadline_ms(session, operation.now_ms);
  const Rank rank = sessions_.next_rank(session.expires_at);
  Entry entry{std::move(session), deadline_ms, rank};
  IssuedSession created = issued(std::move(*token), entry);
  sessions_.insert(id, std::move(entry));
  return created;
}

Result<std::optional<Session>> MemoryStore::find_now(SessionId id, LoadOptions options) {
  const Operation operation{*this};
  if (closed_) return closed();
  Entry* entry = sessions_.find_live(id);
  if (!entry) return std::optional<Session>{};
  const auto& session = std::get<LiveSession>(entry->content);
  if (options.touch) sessions_.set_deadline(id, *entry, touched(session, entry->deadline_ms, operation.now_ms));
  return std::optional{snapshot(id, session, entry->deadline_ms)};
}

Result<std::uint64_t> MemoryStore::patch_now(SessionId id, const Patch& patch) {
  const Operation operation{*this};
  if (closed_) return closed();
  Entry* entry = sessions_.find_live(id);
  if (!entry) return session_gone();
  auto changed = patched(id, std::get<LiveSession>(entry->content), patch, settings_.writes, operation.now_seconds());
  if (!changed) return std::move(changed).error();
  const std::uint64_t generation = changed->generation;
  entry->content = std::move(*changed);
  if (patch.changes_lifetime()) {  // the session counts as used now
    const auto& session = std::get<LiveSession>(entry->content);
    sessions_.set_deadline(id, *entry, first_deadline_ms(session, operation.now_ms));
    sessions_.follow_deadline(*entry);
  }
  return generation;
}

Result<IssuedSession> MemoryStore::rotate_now(SessionId id, RotateOptions options) {
  auto token = Token::generate(id.route(), settings_.token_keys, random_);
  if (!token) return std::move(token).error();

  const Operation operation{*this};
  if (closed_) return closed();
  const Entry* entry = sessions_.find_live(id);
  if (!entry) return session_gone();
  Entry moved = *entry;
  ++std::get<LiveSession>(moved.content).generation;
  IssuedSession rotated = issued(std::move(*token), moved);
  const SessionId successor = rotated.token.id();
  if (options.grace.count() > 0) {
    const std::int64_t grace_end_ms = operation.now_ms + std::chrono::milliseconds{options.grace}.count();
    sessions_.replace_with_grace(id, successor, std::move(moved), grace_end_ms);
  } else {
    sessions_.replace(id, successor, std::move(moved));
  }
  return rotated;
}

Result<IssuedSession> MemoryStore::reauthenticate_now(SessionId id, const NewSession& wanted) {
  auto token = token_for(wanted, settings_.token_keys, random_);
  if (!token) return std::move(token).error();

  const Operation operation{*this};
  if (closed_) return closed();
  const Entry* entry = sessions_.find_live(id);
  if (!entry) return session_gone();
  const auto& current = std::get<LiveSession>(entry->content);
  LiveSession session = new_live_session(wanted, operation.now_seconds());
  session.generation = current.generation + 1;
  session.created_at = current.created_at;
  session.idle_seconds = idle_seconds(wanted);
  session.expires_at = operation.now_seconds() + absolute_seconds(wanted);
  session.attributes = current.attributes;
  for (const Attribute& attribute : wanted.attributes) set_attribute(session.attributes, attribute);
  session.protected_attributes = current.protected_attributes;
  for (const Attribute& attribute : wanted.protected_attributes) {
    set_attribute(session.protected_attributes, attribute);
  }
  if (auto fits = check_limits(token->id(), session); !fits) return std::move(fits).error();
  const std::int64_t deadline_ms = first_deadline_ms(session, operation.now_ms);
  const Rank rank = sessions_.next_rank(session.expires_at);
  Entry renewed{std::move(session), deadline_ms, rank};
  IssuedSession reauthenticated = issued(std::move(*token), renewed);
  sessions_.replace(id, reauthenticated.token.id(), std::move(renewed));
  return reauthenticated;
}

Result<std::optional<Session>> MemoryStore::take_now(SessionId id) {
  const Operation operation{*this};
  if (closed_) return closed();
  while (const Entry* entry = sessions_.find(id)) {
    const SessionId* successor = std::get_if<SessionId>(&entry->content);
    const SessionId next = successor ? *successor : id;
    std::optional<Session> taken;
    if (const auto* live = std::get_if<LiveSession>(&entry->content)) taken = snapshot(id, *live, entry->deadline_ms);
    sessions_.erase(id);
    if (taken) return taken;
    id = next;
  }
  return std::optional<Session>{};
}

Result<std::uint64_t> MemoryStore::revoke_principal_now(const std::string& principal, std::optional<SessionId> except) {
  const Operation operation{*this};
  if (closed_) return closed();
  if (except) static_cast<void>(sessions_.find_live(*except));
  const SessionTable::Listed listed = sessions_.sessions_of(principal);
  std::uint64_t revoked = 0;
  for (const auto& [rank, id] : listed) {
    if (except && id == *except) continue;
    sessions_.erase(id);
    ++revoked;
  }
  return revoked;
}

Result<std::uint64_t> MemoryStore::patch_principal_now(const std::string& principal, const Patch& patch) {
  const Operation operation{*this};
  if (closed_) return closed();
  const SessionTable::Listed& listed = sessions_.sessions_of(principal);
  std::optional<Error> failure;
  for (const auto& [rank, id] : listed) {
    auto& session = std::get<LiveSession>(sessions_.find(id)->content);
    auto changed = patched(id, session, patch, settings_.writes, operation.now_seconds());
    if (!changed) {
      failure = std::move(changed).error();
    } else if (!same_but_generation(session, *changed)) {
      session = std::move(*changed);
    }
  }
  if (failure) return std::move(*failure);
  return std::uint64_t{listed.size()};
}

Result<std::vector<Session>> MemoryStore::list_now(const std::string& principal) {
  const Operation operation{*this};
  if (closed_) return closed();
  std::vector<Session> sessions;
  for (const auto& [rank, id] : sessions_.sessions_of(principal)) {
    const Entry& entry = *sessions_.find(id);
    LiveSession shown = std::get<LiveSession>(entry.content);
    shown.protected_attributes.clear();
    sessions.push_back(snapshot(id, shown, entry.deadline_ms));
  }
  std::ranges::stable_sort(sessions, {}, &Session::created_at);
  return sessions;
}

// Applies the session limit before one more of `principal` is inserted.
Result<void> MemoryStore::make_room(const std::string& principal) {
  const std::size_t limit = settings_.max_per_principal;
  if (limit == 0 || sessions_.sessions_of(principal).size() < limit) return {};
  if (settings_.on_limit == OnLimit::refuse) {
    return Error{ErrorCode::session_limit, "the principal has as many sessions as it may have"};
  }
  const SessionTable::Listed listed = sessions_.sessions_of(principal);
  const std::size_t excess = listed.size() - limit + 1;
  for (auto oldest = listed.begin(); oldest != std::next(listed.begin(), static_cast<std::ptrdiff_t>(excess));
       ++oldest) {
    sessions_.erase(oldest->second);
  }
  return {};
}

IssuedSession MemoryStore::issued(Token token, const Entry& entry) const {
  Session session = snapshot(token.id(), std::get<LiveSession>(entry.content), entry.deadline_ms);
  return {std::move(token), std::move(session)};
}

}  // namespace

std::unique_ptr<SessionStore> make_memory_store(const Config& config, const Hooks& hooks) {
  return std::make_unique<MemoryStore>(config, hooks);
}

}  // namespace ficha
