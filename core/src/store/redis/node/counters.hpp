// What a connection counts.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "ficha/stats.hpp"

namespace ficha::redis {

// A counter that one thread at a time writes and any thread reads: no read-modify-write.
class Counter {
 public:
  void add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Round trips by upper bound in microseconds, as in Stats. Written by the reader only.
class RoundTrips {
 public:
  void add(std::int64_t nanoseconds) noexcept {
    const std::uint64_t us = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0)) / 1000;
    buckets_[bucket(us)].add(1);
    sum_us_.add(us);
  }
  void add_to(Stats& stats) const noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) stats.round_trips[i] += buckets_[i].get();
    stats.round_trip_sum_us += sum_us_.get();
  }
  [[nodiscard]] static std::size_t bucket(std::uint64_t us) noexcept {
    constexpr std::uint64_t first_bound = 16;
    if (us <= first_bound) return 0;
    const auto above = static_cast<std::size_t>(std::bit_width(us - 1) - std::bit_width(first_bound - 1));
    return std::min(above, std::tuple_size_v<decltype(Stats::round_trips)> - 1);
  }

 private:
  std::array<Counter, std::tuple_size_v<decltype(Stats::round_trips)>> buckets_;
  Counter sum_us_;
};

struct Counters {
  Counter commands;          // under the senders' lock
  Counter timeouts;          // by the I/O thread
  Counter connects;          // by the I/O thread
  Counter connect_failures;  // by the I/O thread
  RoundTrips round_trips;    // by the reader
};

}  // namespace ficha::redis
