// Where the near cache keeps sessions: fixed slots that readers copy out of without a lock.
//
// A slot is found by a keyed hash of the token, in the set of eight that the hash selects; the set begins with one cache
// line of hints, which let a reader fetch the right slot and its session at the same time. A slot names the session's
// image, a chain of fixed chunks (so records of any size share one pool without fragmenting it). Readers run under the
// slot's sequence number: odd while a writer is at it, changed by every write. Chunks are never unmapped before the
// object dies, so a reader that lost its slot reads words of some other session and then discards them.
//
// All words that readers see are atomics, loaded with acquire and stored with release: a reader that sees one word of a
// later write also sees the sequence number that write began with. On x86 these are plain moves, and unlike fences they
// are understood by ThreadSanitizer.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/siphash.hpp"
#include "ficha/session.hpp"
#include "store/redis/node/slot_table.hpp"

namespace ficha::redis {

// Thread rule: read() from any thread, lock-free; everything else takes the one mutex of the writers.
class CacheSlots {
 public:
  struct Entry {
    SipHash128 key;  // of the token; all of its bits are compared
    Placement placement;
    std::int64_t deadline_ns;  // monotonic: served before, a miss from here on
    std::int64_t touch_ns;     // monotonic: the first use after it is told so
  };

  struct Look {
    std::int64_t now_ns;           // monotonic
    std::int64_t oldest_proof_ns;  // what a node has proven before counts no more
    bool touch;                    // a use, which may make a touch due
    // What read() says besides:
    bool touch_due = false;  // for at most one caller per retry interval, a quarter of the touch quantum
    Placement unproven{};    // where nothing but the proof of its node is missing
  };

  // At most `max_entries` (a multiple of 8, at least 8) and `max_bytes`, whichever comes first. Reserves address space;
  // memory is used as entries come. valid() is false when there is no address space. `table` outlives the slots.
  CacheSlots(std::size_t max_entries, std::size_t max_bytes, const SlotTable& table);
  CacheSlots(const CacheSlots&) = delete;
  CacheSlots& operator=(const CacheSlots&) = delete;
  ~CacheSlots();
  [[nodiscard]] bool valid() const noexcept { return memory_ != nullptr; }

  // Copies out the session of `key` if the table holds its word, its node is proven, and its deadline is not over.
  [[nodiscard]] bool read(const SipHash128& key, Look& look, std::optional<Session>& session) noexcept;

  // Replaces what is there for the session's id. False when there is no room: a session takes at most a quarter of the
  // bytes, and a bounded number of others is evicted for it. One caller at a time.
  bool put(const Entry& entry, const Session& session, std::int64_t now_ns) noexcept;
  void erase(const SessionId& id) noexcept;

  // Those whose word the table holds: no other can be served.
  [[nodiscard]] std::uint64_t entries() const noexcept;
  // What all entries take, also those of earlier words that nothing has replaced yet.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  [[nodiscard]] std::uint64_t evictions() const noexcept { return evictions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t chunk_words = 32;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct alignas(64) Slot {
    std::uint64_t sequence;
    std::uint64_t key_first;
    std::uint64_t key_second;
    SlotWord word;
    std::int64_t deadline_ns;
    std::int64_t touch_ns;
    std::uint32_t first_chunk;
    std::uint32_t words;
    std::uint32_t hash_slot;
    std::uint32_t referenced;  // since the clock hand last came by
  };
  static_assert(sizeof(Slot) == 64);
  struct alignas(64) Set {
    std::array<std::uint64_t, ways> hints;  // upper half: part of the key; lower: the first chunk + 1; 0 = empty
    std::array<Slot, ways> slots;
  };
  // What only writers need, under the mutex.
  struct Owner {
    std::array<char, SessionId::length> id;
  };

  [[nodiscard]] Slot& slot(std::size_t number) const noexcept { return sets_[number / ways].slots[number % ways]; }
  [[nodiscard]] std::uint64_t& hint(std::size_t number) const noexcept {
    return sets_[number / ways].hints[number % ways];
  }
  [[nodiscard]] std::size_t first_slot(const SipHash128& key) const noexcept;
  [[nodiscard]] bool read_slot(Slot& slot, const SipHash128& key, Look& look, std::optional<Session>& session) noexcept;
  void prefetch_chunk(std::uint32_t chunk) const noexcept;
  [[nodiscard]] bool copy_image(std::uint32_t first_chunk, std::uint32_t words,
                                std::optional<Session>& session) const noexcept;

  [[nodiscard]] std::size_t slot_of(const SipHash128& key) const noexcept;
  [[nodiscard]] std::span<const std::uint64_t> image_of(const Session& session, std::size_t words) noexcept;
  [[nodiscard]] std::size_t choose_slot(const Entry& entry, std::int64_t now_ns) noexcept;
  [[nodiscard]] bool servable(std::size_t number, std::int64_t now_ns) const noexcept {
    const Slot& entry = slot(number);
    return table_.word(static_cast<std::uint16_t>(entry.hash_slot)) == entry.word && now_ns < entry.deadline_ns;
  }
  void fill_slot(std::size_t number, const Entry& entry, std::uint32_t first_chunk, std::uint32_t words) noexcept;
  void replace(std::size_t number, const Entry& entry, std::span<const std::uint64_t> image) noexcept;
  void clear_slot(std::size_t number) noexcept;
  void evict(std::size_t number) noexcept;
  [[nodiscard]] bool make_room(std::size_t chunks, std::int64_t now_ns) noexcept;
  [[nodiscard]] std::uint32_t take_chunk() noexcept;
  [[nodiscard]] std::uint32_t write_image(std::span<const std::uint64_t> image) noexcept;
  void write_chunk(std::uint32_t chunk, std::span<const std::uint64_t> words) noexcept;
  void free_chunks(std::uint32_t first_chunk) noexcept;
  [[nodiscard]] static constexpr std::size_t chunks_for(std::size_t words) noexcept {
    return (words + chunk_words - 1) / chunk_words;
  }
  void count_in(const Placement& placement) noexcept;
  void count_out(std::size_t number) noexcept;

  [[nodiscard]] std::size_t index_home(std::string_view id) const noexcept;
  [[nodiscard]] std::size_t index_place(std::string_view id) const noexcept;
  void index_erase(std::size_t place) noexcept;
  [[nodiscard]] std::string_view owner(std::size_t number) const noexcept {
    return {owners_[number].id.data(), SessionId::length};
  }

  const SlotTable& table_;
  std::size_t slot_count_;
  std::size_t chunk_count_;
  void* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  std::span<Set> sets_;
  std::span<std::uint64_t> chunks_;
  std::span<std::uint32_t> links_;  // per chunk: the next one of its chain
  // Under the mutex:
  std::mutex mutex_;
  std::span<Owner> owners_;
  std::span<std::uint8_t> hands_;   // per set: the clock
  std::span<std::uint32_t> index_;  // session id to slot number + 1; open addressing, linear probing
  std::uint32_t free_chunk_ = none;
  std::size_t free_chunk_count_;  // in the chain of free_chunk_, and those never used
  std::size_t fresh_chunk_ = 0;   // never used from here on
  std::size_t hand_ = 0;          // the clock over all slots, when bytes are short
  std::vector<std::uint64_t> image_;

  // Of the newest word of a hash slot that has any entries. Written under the mutex.
  struct Count {
    std::atomic<SlotWord> word{0};
    std::atomic<std::uint64_t> entries{0};
  };
  std::vector<Count> counts_;
  std::atomic<std::uint64_t> entries_{0};  // of any word
  std::atomic<std::uint64_t> used_chunks_{0};
  std::atomic<std::uint64_t> evictions_{0};
};

}  // namespace ficha::redis
