// The sessions of a MemoryStore: found by id, by deadline and by principal.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "store/memory/live_session.hpp"

namespace ficha {

// Where a session stands among its principal's: by absolute deadline, then in the order in which they were made.
struct Rank {
  std::int64_t expires_at = 0;
  std::uint64_t sequence = 0;
  friend auto operator<=>(const Rank&, const Rank&) = default;
};

struct Entry {
  std::variant<LiveSession, SessionId> content;  // or where a rotation with grace left its old id
  std::int64_t deadline_ms;  // Unix milliseconds: the idle deadline, never later than the absolute one
  Rank rank;                 // of a live session
};

// Not to be used by two threads at once. A change is made as a whole or, out of memory, not at all.
class SessionTable {
 public:
  // A principal's live sessions, the oldest first, like the index in Redis.
  using Listed = std::map<Rank, SessionId>;

  [[nodiscard]] Entry* find(const SessionId& id);
  // Follows the redirects of rotations with grace and moves `id` along. nullptr if nothing live is at their end.
  [[nodiscard]] Entry* find_live(SessionId& id);
  [[nodiscard]] const Listed& sessions_of(const std::string& principal) const;
  // Behind all sessions with this deadline that there are.
  [[nodiscard]] Rank next_rank(std::int64_t expires_at) noexcept { return {expires_at, ++sequence_}; }

  void insert(const SessionId& id, Entry entry);
  // The live session `from` is `entry` and has the id `to` from now on. Allocates nothing: out of memory, a session is never
  // lost on its way.
  void replace(const SessionId& from, const SessionId& to, Entry entry) noexcept;
  // The same, and `from` leads to it until `grace_end_ms`, but for no longer than it lives.
  void replace_with_grace(const SessionId& from, const SessionId& to, Entry entry, std::int64_t grace_end_ms);
  void set_deadline(const SessionId& id, Entry& entry, std::int64_t deadline_ms) noexcept;
  // As in Redis, the rank follows a later absolute deadline only.
  void follow_deadline(Entry& entry) noexcept;
  // By value: callers pass ids out of the containers that shrink here.
  void erase(SessionId id);
  void erase_expired(std::int64_t now_ms);
  void clear() noexcept;

 private:
  std::map<SessionId, Entry> entries_;
  std::set<std::pair<std::int64_t, SessionId>> deadlines_;
  std::map<std::string, Listed> principals_;
  std::uint64_t sequence_ = 0;
};

}  // namespace ficha
