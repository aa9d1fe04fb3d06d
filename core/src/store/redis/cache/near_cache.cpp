#include "store/redis/cache/near_cache.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>

#include "store/touch.hpp"

namespace ficha::redis {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

// `from` + `ms`, in nanoseconds, without overflow.
std::int64_t later(std::int64_t from_ns, std::int64_t ms) noexcept {
  constexpr std::int64_t most_ms = std::numeric_limits<std::int64_t>::max() / ns_per_ms / 4;
  return from_ns + std::clamp(ms, -most_ms, most_ms) * ns_per_ms;
}

}  // namespace

Result<std::unique_ptr<NearCache>> NearCache::create(const NearCacheConfig& config, std::string_view name_space,
                                                     RandomSource& random, SlotTable& table) {
  std::array<std::byte, sizeof(SipHashKey)> bytes;
  if (!random.fill(bytes)) return Error{ErrorCode::unavailable, "no random bytes for the near cache's hash key"};
  SipHashKey key;
  std::memcpy(&key, bytes.data(), sizeof key);
  std::unique_ptr<NearCache> cache(new NearCache(config, name_space, key, table));
  if (!cache->slots_.valid()) {
    return Error{ErrorCode::unavailable, "no address space for the near cache; lower near_cache.max_bytes"};
  }
  return cache;
}

NearCache::NearCache(const NearCacheConfig& config, std::string_view name_space, const SipHashKey& key,
                     SlotTable& table)
    : max_staleness_ns_(config.max_staleness.count() * ns_per_ms),
      key_head_(std::string(name_space) + ":{"),
      key_(key),
      table_(table),
      slots_(config.max_entries, config.max_bytes, table) {}

bool NearCache::find(std::string_view token, std::int64_t now_ns, bool touch, std::optional<Session>& session,
                     bool& touch_due) noexcept {
  CacheSlots::Look look{now_ns, now_ns - max_staleness_ns_, touch};
  const bool found = slots_.read(siphash_2_4_128(key_, token), look, session);
  touch_due = look.touch_due;
  if (found)
    counters_.count_hit();
  else if (look.unproven.word != 0)
    flush_stale(look.unproven);
  return found;
}

// Without proof nothing of the node is served, and what is there goes: once for each time the proof is lost, because nothing
// is kept meanwhile.
void NearCache::flush_stale(const Placement& stale) noexcept {
  if (table_.proven_at(node_of(stale.word)) == no_proof || !table_.renew_if(stale)) return;
  flushes_staleness_.fetch_add(1, std::memory_order_relaxed);
}

bool NearCache::keep(const Flight& flight, std::string_view token, const Session& session,
                     const Freshness& freshness) noexcept {
  if (freshness.remaining_ms <= 0 || session.id() != flight.id()) return false;
  const Placement& placement = flight.placement();
  if (table_.proven_at(node_of(placement.word)) < freshness.now_ns - max_staleness_ns_) return false;
  const std::int64_t absolute_ms = session.expires_at() * 1000;
  const std::int64_t known_ms =  // the session's deadline on the server's clock, early by up to a round trip
      std::min(freshness.server_ms - (freshness.now_ns - freshness.sent_at_ns) / ns_per_ms + freshness.remaining_ms,
               absolute_ms);
  const std::int64_t touch_ms = next_touch_ms(known_ms, session.idle_seconds(), session.expires_at());
  const CacheSlots::Entry entry{
      .key = siphash_2_4_128(key_, token),
      .placement = placement,
      .deadline_ns = std::min(later(freshness.sent_at_ns, freshness.remaining_ms),
                              later(freshness.now_ns, absolute_ms - freshness.server_ms)),
      .touch_ns = touch_ms == never ? never : later(freshness.now_ns, touch_ms - freshness.server_ms),
  };
  const std::unique_lock lock = single_flight_.lock(flight.id());
  if (flight.invalidated() || table_.word(placement.slot) != placement.word) return false;
  return slots_.put(entry, session, freshness.now_ns);
}

void NearCache::drop(const SessionId& id) noexcept {
  const std::unique_lock lock = single_flight_.lock(id);
  single_flight_.invalidate(id);
  slots_.erase(id);
}

// "namespace:{RRRR}:" and the id; what else is pushed (a principal's index) is none of the cache's business.
void NearCache::invalidate(std::string_view key) noexcept {
  invalidations_.fetch_add(1, std::memory_order_relaxed);
  constexpr std::size_t route_and_separator = 6;
  if (key.size() != key_head_.size() + route_and_separator + SessionId::length) return;
  if (!key.starts_with(key_head_) || key[key_head_.size() + route_and_separator - 1] != ':') return;
  if (const auto id = SessionId::parse(key.substr(key.size() - SessionId::length))) drop(*id);
}

void NearCache::flush(NodeNumber node) noexcept {
  table_.renew(node);
  flushes_server_.fetch_add(1, std::memory_order_relaxed);
}

void NearCache::disconnect(NodeNumber node) noexcept {
  table_.prove(node, no_proof);
  table_.renew(node);
  flushes_disconnect_.fetch_add(1, std::memory_order_relaxed);
}

void NearCache::add_stats(Stats& stats) const noexcept {
  stats.hits += counters_.hits();
  stats.misses += counters_.misses();
  stats.shared_flights += single_flight_.shared();
  stats.invalidations += invalidations_.load(std::memory_order_relaxed);
  stats.flushes_disconnect += flushes_disconnect_.load(std::memory_order_relaxed);
  stats.flushes_server += flushes_server_.load(std::memory_order_relaxed);
  stats.flushes_staleness += flushes_staleness_.load(std::memory_order_relaxed);
  stats.evictions += slots_.evictions();
  stats.cache_entries += slots_.entries();
  stats.cache_bytes += slots_.bytes();
}

}  // namespace ficha::redis
