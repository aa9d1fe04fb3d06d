// P2: reading from the near cache against the two usual ways of sharing a cache between threads. All three keep the same
// sessions under the same tokens, hand out copies, and are read in the same skewed order; the two others hash with
// std::hash, which is cheaper than the keyed hash of the near cache, and expire nothing.
#include <array>
#include <list>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>

#include "report.hpp"
#include "session/session_image.hpp"
#include "store/redis/cache/near_cache.hpp"

namespace ficha::bench {
namespace {

constexpr std::size_t entry_count = 100'000;
constexpr std::size_t reads_per_round = 400'000;
constexpr int rounds = 7;

// A principal, one role, two small attributes.
Session usual_session(const SessionId& id) {
  constexpr std::array<std::string_view, 8> texts = {"customer-1234567", "192.0.2.44", "",      "customer", "theme",
                                                     "\"dark\"",         "language",   "\"pt\""};
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  SessionBuilder builder(id, {.generation = 1,
                              .created_at = 0,
                              .expires_at = 2'000'000'000,
                              .idle_deadline = 0,
                              .idle_seconds = 1800,
                              .authenticated_at = 0,
                              .level = 1,
                              .role_count = 1,
                              .scope_count = 0,
                              .attribute_count = 2,
                              .string_bytes = bytes});
  for (const std::string_view text : texts) builder.add(text);
  return std::move(builder).finish();
}

class LruCache {
 public:
  explicit LruCache(std::size_t capacity) : capacity_(capacity) { places_.reserve(capacity); }
  void put(const std::string& token, const Session& session) {
    const std::lock_guard lock(mutex_);
    if (used_.size() == capacity_) {
      places_.erase(used_.back().first);
      used_.pop_back();
    }
    used_.emplace_front(token, session);
    places_.emplace(used_.front().first, used_.begin());
  }
  bool find(std::string_view token, std::optional<Session>& session) {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(token);
    if (place == places_.end()) return false;
    used_.splice(used_.begin(), used_, place->second);
    session = place->second->second;
    return true;
  }

 private:
  using Used = std::list<std::pair<std::string, Session>>;
  const std::size_t capacity_;
  std::mutex mutex_;
  Used used_;
  std::unordered_map<std::string_view, Used::iterator> places_;
};

class ShardedCache {
 public:
  explicit ShardedCache(std::size_t capacity) {
    for (auto& shard : shards_) shard = std::make_unique<LruCache>(capacity / shards_.size() * 2);
  }
  void put(const std::string& token, const Session& session) { shard(token).put(token, session); }
  bool find(std::string_view token, std::optional<Session>& session) { return shard(token).find(token, session); }

 private:
  // Other bits of the hash than the table within uses would need a second hash; the low ones do.
  LruCache& shard(std::string_view token) { return *shards_[std::hash<std::string_view>{}(token) % shards_.size()]; }
  std::array<std::unique_ptr<LruCache>, 64> shards_;
};

class NearCacheSide {
 public:
  NearCacheSide() {
    NearCacheConfig config;
    config.max_entries = 2 * entry_count;
    config.max_bytes = 128U << 20U;
    table_.prove(0, 1);
    cache_ = std::move(redis::NearCache::create(config, "ficha", openssl_random(), table_).value());
  }
  void put(const std::string& token, const Session& session) {
    redis::Flight flight(cache_->single_flight(), session.id(), cache_->placement(session.id()));
    flight.lead();
    cache_->keep(flight, token, session, {.sent_at_ns = 1, .remaining_ms = 1'000'000'000, .now_ns = 1, .server_ms = 0});
    flight.complete(std::optional<Session>());
  }
  bool find(std::string_view token, std::optional<Session>& session) {
    bool touch_due = false;
    return cache_->find(token, 1000, true, session, touch_due);
  }

 private:
  redis::SlotTable table_;
  std::unique_ptr<redis::NearCache> cache_;
};

struct Workload {
  Workload() {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < entry_count; ++i) {
      auto token = Token::generate(route_of("customer-" + std::to_string(i)), {});
      sessions.push_back(usual_session(token.value().id()));
      tokens.emplace_back(token.value().reveal());
    }
    std::uniform_real_distribution<double> uniform;
    for (std::size_t i = 0; i < read_count; ++i) {
      const double u = uniform(random);
      reads += tokens[static_cast<std::size_t>(static_cast<double>(entry_count) * u * u * u)];
    }
  }
  [[nodiscard]] std::string_view read(std::size_t i) const {
    return std::string_view(reads).substr(i % read_count * Token::length, Token::length);
  }

  std::vector<std::string> tokens;
  std::vector<Session> sessions;

 private:
  static constexpr std::size_t read_count = 1U << 17U;
  std::string reads;  // one behind the other: as in a request, the token itself is at hand
};

template <class Cache>
void fill(Cache& cache, const Workload& workload) {
  for (std::size_t i = 0; i < entry_count; ++i) cache.put(workload.tokens[i], workload.sessions[i]);
}

// Nanoseconds of wall time per read, `thread_count` threads reading at once.
template <class Cache>
double read_by(std::size_t thread_count, Cache& cache, const Workload& workload) {
  const auto reader = [&](std::size_t begin) {
    for (std::size_t i = begin; i < begin + reads_per_round / thread_count; ++i) {
      std::optional<Session> session;
      cache.find(workload.read(i), session);
      keep(session);
    }
  };
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) threads.emplace_back(reader, i * 7919);
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  return spent.count() / static_cast<double>(reads_per_round);
}

void run(Report& report) {
  const Workload workload;
  NearCacheSide ours;
  LruCache one_mutex(entry_count);
  ShardedCache sharded(entry_count);
  fill(ours, workload);
  fill(one_mutex, workload);
  fill(sharded, workload);

  const Medians locked = interleaved(
      rounds, [&] { return read_by(2, ours, workload); }, [&] { return read_by(2, one_mutex, workload); });
  report.measured("P2a", locked.theirs / locked.ours, locked, "ns");
  const Medians shards = interleaved(
      rounds, [&] { return read_by(2, ours, workload); }, [&] { return read_by(2, sharded, workload); });
  report.measured("P2b", shards.theirs / shards.ours, shards, "ns");
  const Medians alone = interleaved(
      rounds, [&] { return read_by(2, ours, workload); }, [&] { return read_by(1, ours, workload); });
  report.measured("P2c", alone.theirs / alone.ours, alone, "ns");
}

const Benchmark registered{"P2", run};

}  // namespace
}  // namespace ficha::bench
