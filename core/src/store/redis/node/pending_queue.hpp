// Commands that wait for their replies, in the order in which they were sent.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ficha::redis {

// One Send's place in the queue. The links are intrusive: waiting for a reply allocates nothing.
struct Pending {
  Pending* next = nullptr;
  std::size_t awaited = 0;          // replies still to come
  std::int64_t sent_at = 0;         // Clock::monotonic_nanoseconds
  std::int64_t deadline = 0;        // nanoseconds of std::chrono::steady_clock
  std::uint64_t stream_offset = 0;  // of its first byte, since the link was made
  std::uint64_t bytes = 0;
};

// Filled by senders under their lock, emptied by the one reader, who takes that lock once per batch and not per reply.
class PendingQueue {
 public:
  static constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();

  // Under the senders' lock.
  void push(Pending& entry) noexcept {
    entry.next = nullptr;
    (sent_.last ? sent_.last->next : sent_.first) = &entry;
    sent_.last = &entry;
  }

  // The reader, under the senders' lock: takes over what was pushed since.
  void refill() noexcept {
    if (!sent_.first) return;
    (held_.last ? held_.last->next : held_.first) = sent_.first;
    held_.last = sent_.last;
    sent_ = {};
    publish_deadline();
  }

  // The reader: the entry whose reply comes next; nullptr when refill() is due, or nothing is pending.
  [[nodiscard]] Pending* front() const noexcept { return held_.first; }

  // The reader: the front has its replies, or will never get them.
  void pop() noexcept {
    held_.first = held_.first->next;
    if (!held_.first) held_.last = nullptr;
    publish_deadline();
  }

  // Under the senders' lock: of the entry that has waited longest, no_deadline if none waits.
  [[nodiscard]] std::int64_t oldest_deadline() const noexcept {
    const std::int64_t held = held_deadline_.load(std::memory_order_relaxed);
    return sent_.first ? std::min(held, sent_.first->deadline) : held;
  }

  // Under the senders' lock, before the reader has taken any: stamps every entry anew.
  template <class Stamp>
  void restamp(Stamp stamp) {
    for (Pending* entry = sent_.first; entry; entry = entry->next) stamp(*entry);
  }

 private:
  struct List {
    Pending* first = nullptr;
    Pending* last = nullptr;
  };

  void publish_deadline() noexcept {
    held_deadline_.store(held_.first ? held_.first->deadline : no_deadline, std::memory_order_relaxed);
  }

  List sent_;
  List held_;
  std::atomic<std::int64_t> held_deadline_{no_deadline};
};

}  // namespace ficha::redis
