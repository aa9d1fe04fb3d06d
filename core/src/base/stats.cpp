#include "ficha/stats.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace ficha {

namespace {

// Text exposition format 0.0.4: HELP and TYPE once per metric family, then its samples.
class Exposition {
 public:
  explicit Exposition(std::string_view prefix) : prefix_(prefix) {}

  void family(std::string_view name, std::string_view type, std::string_view help) {
    text_.append("# HELP ").append(prefix_).append("_").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(prefix_).append("_").append(name).append(" ").append(type).append("\n");
  }
  void sample(std::string_view name, std::string_view labels, std::string_view value) {
    text_.append(prefix_).append("_").append(name).append(labels).append(" ").append(value).append("\n");
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "counter", help);
    sample(name, {}, std::to_string(value));
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "gauge", help);
    sample(name, {}, std::to_string(value));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string prefix_;
  std::string text_;
};

// Shortest text that reads back as microseconds / 10^6; not subject to the locale.
std::string seconds(std::uint64_t microseconds) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<double>(microseconds) / 1e6).ptr;
  return {digits, end};
}

void add_round_trips(Exposition& out, const Stats& stats) {
  constexpr std::string_view name = "redis_round_trip_seconds";
  constexpr unsigned first_bound_log2 = 4;
  out.family(name, "histogram", "Time from sending commands to their last reply.");
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < stats.round_trips.size(); ++i) {
    cumulative += stats.round_trips[i];
    const bool last = i + 1 == stats.round_trips.size();
    const std::string bound = last ? "+Inf" : seconds(std::uint64_t{1} << (first_bound_log2 + i));
    out.sample(std::string{name} + "_bucket", "{le=\"" + bound + "\"}", std::to_string(cumulative));
  }
  out.sample(std::string{name} + "_sum", {}, seconds(stats.round_trip_sum_us));
  out.sample(std::string{name} + "_count", {}, std::to_string(cumulative));
}

void add_cache(Exposition& out, const Stats& stats) {
  out.counter("cache_hits_total", "Near-cache look-ups that were answered.", stats.hits);
  out.counter("cache_misses_total", "Near-cache look-ups that had to ask Redis.", stats.misses);
  out.counter("cache_shared_flights_total", "Misses that waited for another one's answer.", stats.shared_flights);
  out.counter("cache_invalidations_total", "Invalidations pushed by Redis.", stats.invalidations);
  out.family("cache_flushes_total", "counter", "Times the near cache was emptied, by reason.");
  out.sample("cache_flushes_total", "{reason=\"disconnect\"}", std::to_string(stats.flushes_disconnect));
  out.sample("cache_flushes_total", "{reason=\"server\"}", std::to_string(stats.flushes_server));
  out.sample("cache_flushes_total", "{reason=\"staleness\"}", std::to_string(stats.flushes_staleness));
  out.counter("cache_evictions_total", "Entries that made room for others.", stats.evictions);
  out.gauge("cache_entries", "Sessions in the near cache.", stats.cache_entries);
  out.gauge("cache_bytes", "Memory held by the near cache's entries.", stats.cache_bytes);
}

constexpr std::array policy_names =
    std::to_array<std::string_view>({"unknown", "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
                                     "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "other"});

void add_eviction(Exposition& out, const Stats& stats) {
  out.family("redis_eviction_policy_info", "gauge", "The server's maxmemory-policy; sessions need noeviction.");
  out.sample("redis_eviction_policy_info", "{policy=\"" + std::string{name(stats.eviction_policy)} + "\"}", "1");
  if (stats.evicted_keys) {
    out.gauge("redis_evicted_keys", "Keys that the server has evicted since it started.", *stats.evicted_keys);
  }
  out.counter("key_walks_total", "Walks over the server's keys, for want of an index to trust.", stats.key_walks);
  out.counter("incomplete_total", "Walks over the server's keys that did not end in time.", stats.incomplete);
}

}  // namespace

std::string_view name(EvictionPolicy policy) noexcept {
  const auto i = static_cast<std::size_t>(policy);
  return i < policy_names.size() ? policy_names[i] : "unknown";
}

bool evicts(EvictionPolicy policy) noexcept {
  return policy != EvictionPolicy::unknown && policy != EvictionPolicy::noeviction;
}

std::string prometheus_text(const Stats& stats, std::string_view prefix) {
  Exposition out{prefix};
  add_cache(out, stats);
  out.counter("touches_sent_total", "Commands that asked to extend an idle deadline.", stats.touches_sent);
  out.counter("touches_effective_total", "Touches that moved the deadline.", stats.touches_effective);
  out.counter("redis_commands_total", "Commands sent to Redis.", stats.commands);
  out.counter("redis_connects_total", "Connections established.", stats.connects);
  out.counter("redis_connect_failures_total", "Connections that failed.", stats.connect_failures);
  out.counter("redis_timeouts_total", "Commands that got no reply in time.", stats.timeouts);
  out.gauge("redis_commands_in_flight", "Commands that wait for their reply now.", stats.in_flight);
  add_eviction(out, stats);
  add_round_trips(out, stats);
  return out.take();
}

}  // namespace ficha
