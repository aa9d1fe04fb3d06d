// What a server says about the keys that it takes when its memory is full.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ficha/stats.hpp"
#include "store/redis/wire/reply.hpp"

namespace ficha::redis {

// From the answer to INFO memory; `unknown` for an error and where the field is missing.
[[nodiscard]] EvictionPolicy parse_eviction_policy(ReplyView info) noexcept;
// From the answer to INFO stats; nullopt for an error and where the field is missing or no number.
[[nodiscard]] std::optional<std::uint64_t> parse_evicted_keys(ReplyView info) noexcept;

// What a connection knows of it. Thread rule: learn() and warning() from the I/O thread, the rest from any.
class Eviction {
 public:
  // At each connect.
  void learn(ReplyView info_memory, ReplyView info_stats) noexcept;
  void note(std::optional<std::uint64_t> evicted_keys) noexcept;

  // What is to be said after a connect: each time that the server evicts, once that it does not tell.
  [[nodiscard]] std::optional<std::string> warning();

  void add_to(Stats& stats) const noexcept;

 private:
  static constexpr std::int64_t unknown = -1;
  std::atomic<EvictionPolicy> policy_{EvictionPolicy::unknown};
  std::atomic<std::int64_t> evicted_keys_{unknown};
  bool silence_told_ = false;
};

}  // namespace ficha::redis
