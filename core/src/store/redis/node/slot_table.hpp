// Which node serves each hash slot of the key space, and until when a node has proven that it may: what the near cache serves
// hangs on both.
//
// A slot's word is its node's number and a generation. It is new whenever the slot's owner changes, even back, and all words
// of a node are when its link, its role or its tracking is lost. What was read is kept with the word that its read was routed
// by, and may be served if and only if the table still holds that very word and the node is proven. So a loss is one store:
// nothing is swept, and no order between erasing and publishing matters.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

#include "store/redis/node/hash_slot.hpp"

namespace ficha::redis {

using NodeNumber = std::uint16_t;
using SlotWord = std::uint64_t;  // the node in the upper 16 bits, the generation in the others

constexpr NodeNumber node_of(SlotWord word) noexcept {
  return static_cast<NodeNumber>(word >> 48U);
}

constexpr std::uint64_t generation_of(SlotWord word) noexcept {
  return word & ((std::uint64_t{1} << 48U) - 1);
}

// Where a session's key is, as the table said when asked.
struct Placement {
  std::uint16_t slot;
  SlotWord word;
};

inline constexpr std::size_t most_nodes = 1024;
inline constexpr std::int64_t no_proof = std::numeric_limits<std::int64_t>::min();  // earlier than any moment

// Thread rule: every function from any thread; reading takes no lock.
class SlotTable {
 public:
  // One server: it owns all there is.
  SlotTable() : SlotTable(1) {}
  // All slots belong to node 0, and no node is proven.
  explicit SlotTable(std::size_t slots) : words_(slots) {
    for (std::atomic<SlotWord>& word : words_) word.store(next_word(0), std::memory_order_relaxed);
    for (std::atomic<std::int64_t>& proof : proven_at_) proof.store(no_proof, std::memory_order_relaxed);
  }

  [[nodiscard]] std::size_t slots() const noexcept { return words_.size(); }
  [[nodiscard]] SlotWord word(std::uint16_t slot) const noexcept {
    return words_[slot].load(std::memory_order_acquire);
  }
  // Of the keys of a route.
  [[nodiscard]] Placement placement(std::uint16_t route) const noexcept {
    const std::uint16_t slot = words_.size() == 1 ? std::uint16_t{0} : slot_of_route(route);
    return {slot, word(slot)};
  }

  // Send time (Clock::monotonic_nanoseconds) of what last proved that the node may serve, and that all it pushed before has
  // been applied; or no_proof.
  [[nodiscard]] std::int64_t proven_at(NodeNumber node) const noexcept {
    return proven_at_[node].load(std::memory_order_acquire);
  }
  void prove(NodeNumber node, std::int64_t sent_at_ns) noexcept {
    proven_at_[node].store(sent_at_ns, std::memory_order_release);
  }

  void assign(std::uint16_t slot, NodeNumber owner) noexcept {
    const std::lock_guard lock(mutex_);
    if (node_of(word(slot)) != owner) words_[slot].store(next_word(owner), std::memory_order_release);
  }
  // Nothing that came from `node` up to now is served any more.
  void renew(NodeNumber node) noexcept {
    const std::lock_guard lock(mutex_);
    renew_all_of(node);
  }
  // The same for the node of `seen`, unless that word is gone already. Whether it was not.
  bool renew_if(const Placement& seen) noexcept {
    const std::lock_guard lock(mutex_);
    if (word(seen.slot) != seen.word) return false;
    renew_all_of(node_of(seen.word));
    return true;
  }

 private:
  void renew_all_of(NodeNumber node) noexcept {
    for (std::atomic<SlotWord>& word : words_) {
      if (node_of(word.load(std::memory_order_relaxed)) == node) word.store(next_word(node), std::memory_order_release);
    }
  }
  [[nodiscard]] SlotWord next_word(NodeNumber node) noexcept { return SlotWord{node} << 48U | ++generation_; }

  std::vector<std::atomic<SlotWord>> words_;
  std::array<std::atomic<std::int64_t>, most_nodes> proven_at_;
  std::mutex mutex_;  // of those who change words
  std::uint64_t generation_ = 0;
};

}  // namespace ficha::redis
