// Counters that threads bump without sharing a cache line.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace ficha::redis {

// Threads take shards in turn; up to `shard_count` of them never meet. Thread rule: every function from any thread.
class CacheCounters {
 public:
  void count_hit() noexcept { mine().hits.fetch_add(1, std::memory_order_relaxed); }
  void count_miss() noexcept { mine().misses.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t hits() const noexcept { return sum(&Shard::hits); }
  [[nodiscard]] std::uint64_t misses() const noexcept { return sum(&Shard::misses); }

 private:
  static constexpr std::size_t shard_count = 32;

  struct alignas(64) Shard {
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
  };

  Shard& mine() noexcept {
    static std::atomic<std::size_t> taken{0};
    static constinit thread_local std::size_t number = 0;  // 0 = not taken yet
    if (number == 0) number = taken.fetch_add(1, std::memory_order_relaxed) % shard_count + 1;
    return shards_[number - 1];
  }
  std::uint64_t sum(std::atomic<std::uint64_t> Shard::*counter) const noexcept {
    std::uint64_t total = 0;
    for (const Shard& shard : shards_) total += (shard.*counter).load(std::memory_order_relaxed);
    return total;
  }

  std::array<Shard, shard_count> shards_;
};

}  // namespace ficha::redis
