// Counters of one client, since it was opened.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ficha {

// The server's maxmemory-policy. Any but `noeviction` may take sessions, and the lists of a principal's sessions.
enum class EvictionPolicy : std::uint8_t {
  unknown,  // not connected yet, or the server does not say
  noeviction,
  allkeys_lru,
  allkeys_lfu,
  allkeys_random,
  volatile_lru,
  volatile_lfu,
  volatile_random,
  volatile_ttl,
  other,  // one that this version does not know
};

// As the server spells it: "allkeys-lru"; "unknown" and "other" besides.
[[nodiscard]] std::string_view name(EvictionPolicy policy) noexcept;
// Whether a server with this policy takes keys when its memory is full; not what is unknown.
[[nodiscard]] bool evicts(EvictionPolicy policy) noexcept;

struct Stats {
  std::uint64_t hits = 0;            // near-cache look-ups that were answered
  std::uint64_t misses = 0;          // … that had to ask Redis
  std::uint64_t shared_flights = 0;  // misses that waited for another one's answer
  std::uint64_t invalidations = 0;   // pushes received
  std::uint64_t flushes_disconnect = 0;
  std::uint64_t flushes_server = 0;     // null push: FLUSHALL, resynchronisation
  std::uint64_t flushes_staleness = 0;  // no proof of the link within max_staleness
  std::uint64_t evictions = 0;
  std::uint64_t touches_sent = 0;
  std::uint64_t touches_effective = 0;  // those that moved the deadline
  std::uint64_t commands = 0;           // sent to Redis, but for what keeps a connection and its proof alive
  std::uint64_t connects = 0;           // successful ones
  std::uint64_t connect_failures = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t in_flight = 0;  // commands, now
  std::uint64_t cache_entries = 0;
  std::uint64_t cache_bytes = 0;
  // Round trips, counted by upper bound in microseconds: 2^4, 2^5, … 2^19, more.
  std::array<std::uint64_t, 17> round_trips{};
  std::uint64_t round_trip_sum_us = 0;
  std::uint64_t key_walks = 0;   // over the server's keys, because it has evicted some, or does not say
  std::uint64_t incomplete = 0;  // … that did not end in time
  // Keys that the server has evicted since it started, as last read: at each connect, and by what concerns all sessions of
  // a principal.
  std::optional<std::uint64_t> evicted_keys;
  EvictionPolicy eviction_policy = EvictionPolicy::unknown;  // as of the last connect
};

// Prometheus text exposition format 0.0.4; every metric is named `prefix`_….
[[nodiscard]] std::string prometheus_text(const Stats& stats, std::string_view prefix = "ficha");

}  // namespace ficha
