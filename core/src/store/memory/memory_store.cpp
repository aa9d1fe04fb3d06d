#include "store/memory/memory_store.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <variant>

#include "store/memory/live_session.hpp"
#include "store/touch.hpp"

namespace ficha {

namespace {

// A live session, or where a rotation with grace left its old id.
using Content = std::variant<LiveSession, SessionId>;

// Where a session stands among its principal's: by absolute deadline, then in the order in which they were made.
struct Rank {
  std::int64_t expires_at = 0;
  std::uint64_t sequence = 0;
  friend auto operator<=>(const Rank&, const Rank&) = default;
};

struct Entry {
  Content content;
  std::int64_t deadline_ms;  // Unix milliseconds: the idle deadline, never later than the absolute one
  Rank rank;                 // of a live session
};

using Entries = std::map<SessionId, Entry>;
using Deadlines = std::set<std::pair<std::int64_t, SessionId>>;

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
    entries_.clear();
    deadlines_.clear();
    principals_.clear();
  }

 private:
  // One operation: exclusive, at one instant, with nothing expired in sight.
  struct Operation {
    explicit Operation(MemoryStore& store) : lock(store.mutex_), now_ms(store.clock_.unix_milliseconds()) {
      store.drop_expired(now_ms);
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

  // Follows the redirects of rotations with grace and moves `id` along. nullptr if nothing live is at their end.
  Entry* find_live(SessionId& id);
  Result<void> make_room(const std::string& principal);
  void insert(const SessionId& id, Entry entry);
  void replace(const SessionId& from, const SessionId& to, Entry entry) noexcept;
  void erase(SessionId id);
  void set_deadline(const SessionId& id, Entry& entry, std::int64_t deadline_ms) noexcept;
  void restart(const SessionId& id, Entry& entry, std::int64_t now_ms) noexcept;
  void drop_expired(std::int64_t now_ms);
  IssuedSession issued(Token token, const Entry& entry) const;

  static Error closed() { return {ErrorCode::closed, "the client was closed"}; }

  const SessionConfig settings_;
  Clock& clock_;
  RandomSource& random_;

  std::mutex mutex_;  // guards what follows
  bool closed_ = false;
  Entries entries_;
  Deadlines deadlines_;
  // A principal's live sessions, the oldest first, like the index in Redis.
  std::map<std::string, std::map<Rank, SessionId>> principals_;
  std::uint64_t sequence_ = 0;
};

Result<IssuedSession> MemoryStore::create_now(const NewSession& wanted) {
  auto token = token_for(wanted, settings_.token_keys, random_);
  if (!token) return std::move(token).error();
  const SessionId id = token->id();

  const Operation operation{*this};
  if (closed_) return closed();
  if (entries_.contains(id)) return Error{ErrorCode::unavailable, "the random source repeats itself"};
  LiveSession session = new_live_session(wanted, operation.now_seconds());
  session.idle_seconds = idle_seconds(wanted);
  session.expires_at = session.created_at + absolute_seconds(wanted);
  if (auto fits = check_limits(id, session); !fits) return std::move(fits).error();
  if (auto room = make_room(wanted.principal); !room) return std::move(room).error();
  const std::int64_t deadline_ms = first_deadline_ms(session, operation.now_ms);
  const Rank rank{session.expires_at, ++sequence_};
  Entry entry{std::move(session), deadline_ms, rank};
  IssuedSession created = issued(std::move(*token), entry);
  insert(id, std::move(entry));
  return created;
}

Result<std::optional<Session>> MemoryStore::find_now(SessionId id, LoadOptions options) {
  const Operation operation{*this};
  if (closed_) return closed();
  Entry* entry = find_live(id);
  if (!entry) return std::optional<Session>{};
  const auto& session = std::get<LiveSession>(entry->content);
  if (options.touch) set_deadline(id, *entry, touched(session, entry->deadline_ms, operation.now_ms));
  return std::optional{snapshot(id, session, entry->deadline_ms)};
}

Result<std::uint64_t> MemoryStore::patch_now(SessionId id, const Patch& patch) {
  const Operation operation{*this};
  if (closed_) return closed();
  Entry* entry = find_live(id);
  if (!entry) return session_gone();
  auto changed = patched(id, std::get<LiveSession>(entry->content), patch, settings_.writes, operation.now_seconds());
  if (!changed) return std::move(changed).error();
  const std::uint64_t generation = changed->generation;
  entry->content = std::move(*changed);
  if (patch.changes_lifetime()) restart(id, *entry, operation.now_ms);
  return generation;
}

Result<IssuedSession> MemoryStore::rotate_now(SessionId id, RotateOptions options) {
  auto token = Token::generate(id.route(), settings_.token_keys, random_);
  if (!token) return std::move(token).error();

  const Operation operation{*this};
  if (closed_) return closed();
  const Entry* entry = find_live(id);
  if (!entry) return session_gone();
  Entry moved = *entry;
  ++std::get<LiveSession>(moved.content).generation;
  IssuedSession rotated = issued(std::move(*token), moved);
  Entries left_behind;
  Deadlines end_of_grace;
  if (options.grace.count() > 0) {
    const std::int64_t grace_end_ms = operation.now_ms + std::chrono::milliseconds{options.grace}.count();
    const std::int64_t deadline_ms = std::min(grace_end_ms, moved.deadline_ms);
    left_behind.emplace(id, Entry{rotated.token.id(), deadline_ms, {}});
    end_of_grace.emplace(deadline_ms, id);
  }
  replace(id, rotated.token.id(), std::move(moved));
  entries_.merge(left_behind);
  deadlines_.merge(end_of_grace);
  return rotated;
}

Result<IssuedSession> MemoryStore::reauthenticate_now(SessionId id, const NewSession& wanted) {
  auto token = token_for(wanted, settings_.token_keys, random_);
  if (!token) return std::move(token).error();

  const Operation operation{*this};
  if (closed_) return closed();
  const Entry* entry = find_live(id);
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
  const Rank rank{session.expires_at, ++sequence_};
  Entry renewed{std::move(session), deadline_ms, rank};
  IssuedSession reauthenticated = issued(std::move(*token), renewed);
  replace(id, reauthenticated.token.id(), std::move(renewed));
  return reauthenticated;
}

Result<std::optional<Session>> MemoryStore::take_now(SessionId id) {
  const Operation operation{*this};
  if (closed_) return closed();
  for (auto found = entries_.find(id); found != entries_.end(); found = entries_.find(id)) {
    const SessionId* successor = std::get_if<SessionId>(&found->second.content);
    const SessionId next = successor ? *successor : id;
    std::optional<Session> taken;
    if (const auto* live = std::get_if<LiveSession>(&found->second.content)) {
      taken = snapshot(id, *live, found->second.deadline_ms);
    }
    erase(id);
    if (taken) return taken;
    id = next;
  }
  return std::optional<Session>{};
}

Result<std::uint64_t> MemoryStore::revoke_principal_now(const std::string& principal, std::optional<SessionId> except) {
  const Operation operation{*this};
  if (closed_) return closed();
  if (except) find_live(*except);
  const auto found = principals_.find(principal);
  if (found == principals_.end()) return std::uint64_t{0};
  const auto listed = found->second;
  std::uint64_t revoked = 0;
  for (const auto& [rank, id] : listed) {
    if (except && id == *except) continue;
    erase(id);
    ++revoked;
  }
  return revoked;
}

Result<std::uint64_t> MemoryStore::patch_principal_now(const std::string& principal, const Patch& patch) {
  const Operation operation{*this};
  if (closed_) return closed();
  const auto found = principals_.find(principal);
  if (found == principals_.end()) return std::uint64_t{0};
  std::optional<Error> failure;
  for (const auto& [rank, id] : found->second) {
    auto& session = std::get<LiveSession>(entries_.at(id).content);
    auto changed = patched(id, session, patch, settings_.writes, operation.now_seconds());
    if (!changed) {
      failure = std::move(changed).error();
    } else if (!same_but_generation(session, *changed)) {
      session = std::move(*changed);
    }
  }
  if (failure) return std::move(*failure);
  return std::uint64_t{found->second.size()};
}

Result<std::vector<Session>> MemoryStore::list_now(const std::string& principal) {
  const Operation operation{*this};
  if (closed_) return closed();
  std::vector<Session> sessions;
  const auto found = principals_.find(principal);
  if (found == principals_.end()) return sessions;
  for (const auto& [rank, id] : found->second) {
    const Entry& entry = entries_.at(id);
    LiveSession shown = std::get<LiveSession>(entry.content);
    shown.protected_attributes.clear();
    sessions.push_back(snapshot(id, shown, entry.deadline_ms));
  }
  std::ranges::stable_sort(sessions, {}, &Session::created_at);
  return sessions;
}

Entry* MemoryStore::find_live(SessionId& id) {
  for (auto found = entries_.find(id); found != entries_.end(); found = entries_.find(id)) {
    const SessionId* successor = std::get_if<SessionId>(&found->second.content);
    if (!successor) return &found->second;
    id = *successor;
  }
  return nullptr;
}

// Applies the session limit before one more of `principal` is inserted.
Result<void> MemoryStore::make_room(const std::string& principal) {
  const std::size_t limit = settings_.max_per_principal;
  const auto found = principals_.find(principal);
  if (limit == 0 || found == principals_.end() || found->second.size() < limit) return {};
  if (settings_.on_limit == OnLimit::refuse) {
    return Error{ErrorCode::session_limit, "the principal has as many sessions as it may have"};
  }
  const auto listed = found->second;
  const std::size_t excess = listed.size() - limit + 1;
  for (auto oldest = listed.begin(); oldest != std::next(listed.begin(), static_cast<std::ptrdiff_t>(excess));
       ++oldest) {
    erase(oldest->second);
  }
  return {};
}

// All of it or, out of memory, nothing.
void MemoryStore::insert(const SessionId& id, Entry entry) {
  Deadlines deadline{{entry.deadline_ms, id}};
  Entries single;
  const Entry& inserted = single.emplace(id, std::move(entry)).first->second;
  if (const auto* session = std::get_if<LiveSession>(&inserted.content); session && !session->principal.empty()) {
    principals_[session->principal].emplace(inserted.rank, id);
  }
  entries_.merge(single);
  deadlines_.merge(deadline);
}

// The live session `from` is `entry` and has the id `to` from now on. Allocates nothing: out of memory, a session is never
// lost on its way.
void MemoryStore::replace(const SessionId& from, const SessionId& to, Entry entry) noexcept {
  auto moving = entries_.extract(from);
  auto deadline = deadlines_.extract({moving.mapped().deadline_ms, from});
  if (const auto& session = std::get<LiveSession>(entry.content); !session.principal.empty()) {
    auto& index = principals_.at(session.principal);
    auto place = index.extract(moving.mapped().rank);
    place.key() = entry.rank;
    place.mapped() = to;
    index.insert(std::move(place));
  }
  deadline.value() = {entry.deadline_ms, to};
  moving.key() = to;
  moving.mapped() = std::move(entry);
  deadlines_.insert(std::move(deadline));
  entries_.insert(std::move(moving));
}

// By value: callers pass ids out of the containers that shrink here.
void MemoryStore::erase(SessionId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (const auto* session = std::get_if<LiveSession>(&found->second.content); session && !session->principal.empty()) {
    const auto index = principals_.find(session->principal);
    index->second.erase(found->second.rank);
    if (index->second.empty()) principals_.erase(index);
  }
  deadlines_.erase({found->second.deadline_ms, id});
  entries_.erase(found);
}

void MemoryStore::set_deadline(const SessionId& id, Entry& entry, std::int64_t deadline_ms) noexcept {
  auto deadline = deadlines_.extract({entry.deadline_ms, id});
  deadline.value().first = deadline_ms;
  deadlines_.insert(std::move(deadline));
  entry.deadline_ms = deadline_ms;
}

// After a change of lifetimes: the session counts as used now. As in Redis, its rank follows a later absolute deadline only.
void MemoryStore::restart(const SessionId& id, Entry& entry, std::int64_t now_ms) noexcept {
  const auto& session = std::get<LiveSession>(entry.content);
  set_deadline(id, entry, first_deadline_ms(session, now_ms));
  if (session.expires_at <= entry.rank.expires_at) return;
  const Rank rank{session.expires_at, ++sequence_};
  if (!session.principal.empty()) {
    auto& index = principals_.at(session.principal);
    auto place = index.extract(entry.rank);
    place.key() = rank;
    index.insert(std::move(place));
  }
  entry.rank = rank;
}

void MemoryStore::drop_expired(std::int64_t now_ms) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms) erase(deadlines_.begin()->second);
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
