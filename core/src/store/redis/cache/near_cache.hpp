// Sessions this process has read lately, kept coherent by the Redis servers themselves (CLIENT TRACKING).
//
// Why nothing stale is ever kept. Replies and invalidations of one link arrive in one ordered stream S, and whoever reads
// S applies both in its order: keep() and invalidate() run on the reading thread, at the place of their cause in S.
//
//  1. Foreign write. A GET registers its key with the server; the first write to the key after it is pushed, behind the
//     GET's reply. So at any place in S, an entry made from a GET reply before that place is either current as of the
//     server's state there, or has been dropped by a push before that place. A push between the GET's reply and the last
//     reply of its flight finds no entry yet: it invalidates the flight instead, and keep() refuses. A push before the GET's
//     reply invalidates it too, which loses nothing but a look-up.
//  2. Own write. drop() before it is sent invalidates what is under way, and drop() when it is answered comes, in S, after the
//     reply of every GET that went out before the write: what such a GET left behind goes with that drop, before the
//     caller learns that the write was acknowledged. A GET sent later than the write reads its effect. The server's own
//     push for it may come later and drops once more.
//     A write that removes sessions it cannot name beforehand (a principal's, those above the session limit) is followed
//     by PING in the same Commands instead: its pushes come before the PONG, and its coroutine resumes at the PONG.
//  3. Lost link, FLUSHALL, a slot that moves. All of them change words of the slot table (node/slot_table.hpp). A flight takes
//     the word of its slot when it is routed, and an entry keeps it; only entries whose word the table still holds are served.
//     Nothing is registered across a reconnect, and no flight of an earlier word is kept.
//  4. Half-open link, lost role. A probe sent at time s, and answered as only a primary that may serve does, proves that the
//     server was that, and that every push emitted before s has been applied. find() serves only while now - proven_at is
//     within max_staleness of the entry's node; otherwise it also changes that node's words. Other replies prove nothing: a
//     replica, or a primary without its cluster, gives them as well.
//  5. Expiry. The server deletes, and pushes, late. An entry's own deadline is the GET's send time plus PTTL, never later
//     than the absolute deadline. A passed deadline is a miss, not a denial: another process may have moved it.
//
// A hit concurrent with a drop may still return the entry; a hit that begins after drop() returned cannot, because the
// slot's sequence number has changed by then (cache_slots.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/siphash.hpp"
#include "ficha/config.hpp"
#include "ficha/stats.hpp"
#include "store/redis/cache/cache_counters.hpp"
#include "store/redis/cache/cache_slots.hpp"
#include "store/redis/cache/single_flight.hpp"
#include "store/redis/node/slot_table.hpp"
#include "store/redis/node/stream_observer.hpp"

namespace ficha::redis {

// What GET and PTTL said about time.
struct Freshness {
  std::int64_t sent_at_ns;    // when they were sent, monotonic
  std::int64_t remaining_ms;  // PTTL; nothing is kept when <= 0
  std::int64_t now_ns;        // monotonic, and …
  std::int64_t server_ms;     // … Connection::server_milliseconds at the same moment
};

// Thread rule: find() and drop() from any thread; keep(), and what a node's stream tells (node_observer.hpp), from the thread
// that reads it. Memory is reserved at once and used as entries come; it is given back with the object.
class NearCache {
 public:
  // `table` outlives the cache. Errors: unavailable when there are no random bytes or no address space.
  [[nodiscard]] static Result<std::unique_ptr<NearCache>> create(const NearCacheConfig& config,
                                                                 std::string_view name_space, RandomSource& random,
                                                                 SlotTable& table);

  // The session for the raw bytes of a token, if it may be served at `now_ns` (Clock::monotonic_nanoseconds). Allocates
  // nothing for a session of the usual size (Session::inline_bytes), takes no lock, makes no system call. With `touch`,
  // `touch_due` says that this caller, and no other for a while, is to move the idle deadline (touch.hpp).
  [[nodiscard]] bool find(std::string_view token, std::int64_t now_ns, bool touch, std::optional<Session>& session,
                          bool& touch_due) noexcept;

  // A look-up that has to ask Redis. Not find()'s to count: a caller may try it, and then wait for a load that tries again.
  void count_miss() noexcept { counters_.count_miss(); }

  // For Flight's constructor: where the session is now.
  [[nodiscard]] Placement placement(const SessionId& id) const noexcept { return table_.placement(id.route()); }
  [[nodiscard]] SingleFlight& single_flight() noexcept { return single_flight_; }

  // Keeps what `flight` brought under `token`, unless it was invalidated. A superseded token leads to another session than
  // its own id's: that is not kept either. False if it was not kept.
  bool keep(const Flight& flight, std::string_view token, const Session& session, const Freshness& freshness) noexcept;

  // Before an own write is sent, and again in stream order when it was answered, or given up.
  void drop(const SessionId& id) noexcept;

  // What a node's stream tells.
  void invalidate(std::string_view key) noexcept;
  void flush(NodeNumber node) noexcept;
  void prove(NodeNumber node, std::int64_t sent_at_ns) noexcept { table_.prove(node, sent_at_ns); }
  void disconnect(NodeNumber node) noexcept;

  void add_stats(Stats& stats) const noexcept;

 private:
  NearCache(const NearCacheConfig& config, std::string_view name_space, const SipHashKey& key, SlotTable& table);

  void flush_stale(const Placement& stale) noexcept;

  const std::int64_t max_staleness_ns_;
  const std::string key_head_;  // "namespace:{"
  const SipHashKey key_;
  SlotTable& table_;
  SingleFlight single_flight_;
  CacheSlots slots_;
  CacheCounters counters_;
  std::atomic<std::uint64_t> invalidations_{0};
  std::atomic<std::uint64_t> flushes_disconnect_{0};
  std::atomic<std::uint64_t> flushes_server_{0};
  std::atomic<std::uint64_t> flushes_staleness_{0};
};

}  // namespace ficha::redis
