#include "store/redis/cache/cache_slots.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "session/session_image.hpp"
#include "store/touch.hpp"

namespace ficha::redis {

namespace {

template <class T>
T load(T& word) noexcept {
  return std::atomic_ref<T>(word).load(std::memory_order_acquire);
}

template <class T>
void store(T& word, T value) noexcept {
  std::atomic_ref<T>(word).store(value, std::memory_order_release);
}

constexpr std::uint64_t key_part = 0xFFFF'FFFF'0000'0000U;  // of a hint

constexpr std::size_t align_up(std::size_t bytes) noexcept {
  return (bytes + 63) & ~std::size_t{63};
}

// Hands out parts of one reservation.
class Carver {
 public:
  explicit Carver(std::byte* base) noexcept : base_(base) {}
  template <class T>
  std::span<T> take(std::size_t count) noexcept {
    T* const first = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += align_up(count * sizeof(T));
    return {first, count};
  }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

 private:
  std::byte* base_;
  std::size_t used_ = 0;
};

}  // namespace

CacheSlots::CacheSlots(std::size_t max_entries, std::size_t max_bytes, const SlotTable& table)
    : table_(table), counts_(table.slots()) {
  constexpr std::size_t chunk_bytes = chunk_words * sizeof(std::uint64_t) + sizeof(std::uint32_t);
  constexpr std::size_t slot_bytes = sizeof(Set) / ways + sizeof(Owner) + 4 * sizeof(std::uint32_t) + 1;
  constexpr std::size_t most = std::size_t{1} << 31U;
  slot_count_ = std::clamp(std::min(max_entries, max_bytes / (slot_bytes + chunk_bytes)), ways, most) / ways * ways;
  chunk_count_ = std::clamp((max_bytes - std::min(max_bytes, slot_count_ * slot_bytes)) / chunk_bytes, ways, most);
  free_chunk_count_ = chunk_count_;

  const auto carve = [this](Carver carver) {
    sets_ = carver.take<Set>(slot_count_ / ways);
    chunks_ = carver.take<std::uint64_t>(chunk_count_ * chunk_words);
    links_ = carver.take<std::uint32_t>(chunk_count_);
    owners_ = carver.take<Owner>(slot_count_);
    hands_ = carver.take<std::uint8_t>(slot_count_ / ways);
    index_ = carver.take<std::uint32_t>(std::bit_ceil(2 * slot_count_));
    return carver.used();
  };
  memory_bytes_ = carve(Carver(nullptr));
  void* const memory =
      mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  memory_ = memory;
  carve(Carver(static_cast<std::byte*>(memory)));
  // A small cache grows by small pages. What lies behind is used in order, so huge pages waste at most one, and save a
  // reader of a large cache most of its page walks. A kernel that has none refuses, which changes nothing.
  constexpr std::size_t small = std::size_t{4} << 20U;
  const std::span<std::byte> pool = std::as_writable_bytes(chunks_);
  if (pool.size() <= 2 * small) return;
  const std::span<std::byte> rest = pool.subspan(small - reinterpret_cast<std::uintptr_t>(pool.data()) % small);
  madvise(rest.data(), rest.size(), MADV_HUGEPAGE);
}

CacheSlots::~CacheSlots() {
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
}

std::uint64_t CacheSlots::bytes() const noexcept {
  return used_chunks_.load(std::memory_order_relaxed) * chunk_words * sizeof(std::uint64_t) +
         entries_.load(std::memory_order_relaxed) * (sizeof(Set) / ways + sizeof(Owner));
}

std::uint64_t CacheSlots::entries() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
    const bool holds =
        counts_[slot].word.load(std::memory_order_relaxed) == table_.word(static_cast<std::uint16_t>(slot));
    if (holds) sum += counts_[slot].entries.load(std::memory_order_relaxed);
  }
  return sum;
}

// With the first entry of a newer word, those of all others are gone.
void CacheSlots::count_in(const Placement& placement) noexcept {
  Count& count = counts_[placement.slot];
  const SlotWord counted = count.word.load(std::memory_order_relaxed);
  if (generation_of(placement.word) > generation_of(counted)) {
    count.entries.store(1, std::memory_order_relaxed);
    count.word.store(placement.word, std::memory_order_relaxed);
  } else if (placement.word == counted) {
    count.entries.fetch_add(1, std::memory_order_relaxed);
  }
}

void CacheSlots::count_out(std::size_t number) noexcept {
  const Slot& entry = slot(number);
  Count& count = counts_[entry.hash_slot];
  if (entry.word == count.word.load(std::memory_order_relaxed)) count.entries.fetch_sub(1, std::memory_order_relaxed);
}

// ---- readers

std::size_t CacheSlots::first_slot(const SipHash128& key) const noexcept {
  const std::uint64_t sets = slot_count_ / ways;
  return static_cast<std::size_t>((key.first >> 32U) * sets >> 32U) * ways;
}

bool CacheSlots::read(const SipHash128& key, Look& look, std::optional<Session>& session) noexcept {
  Set& set = sets_[first_slot(key) / ways];
  const std::uint64_t wanted = key.second & key_part;
  for (std::size_t way = 0; way < ways; ++way) {
    const std::uint64_t hint = load(set.hints[way]);
    if ((hint & key_part) != wanted || hint == 0) continue;
    prefetch_chunk(static_cast<std::uint32_t>(hint) - 1);
    if (read_slot(set.slots[way], key, look, session)) return true;
  }
  return false;
}

void CacheSlots::prefetch_chunk(std::uint32_t chunk) const noexcept {
  const std::uint64_t* const words = chunks_.data() + static_cast<std::size_t>(chunk) * chunk_words;
  constexpr std::size_t line_words = 8;
  for (std::size_t word = 0; word < chunk_words; word += line_words) __builtin_prefetch(words + word);
}

bool CacheSlots::read_slot(Slot& slot, const SipHash128& key, Look& look, std::optional<Session>& session) noexcept {
  const std::uint64_t sequence = load(slot.sequence);
  if ((sequence & 1U) != 0) return false;
  if (load(slot.key_first) != key.first || load(slot.key_second) != key.second) return false;
  // Of a slot that changes under the reader, every part is still one that some entry had.
  const Placement placement{static_cast<std::uint16_t>(load(slot.hash_slot)), load(slot.word)};
  if (table_.word(placement.slot) != placement.word || look.now_ns >= load(slot.deadline_ns)) return false;
  if (table_.proven_at(node_of(placement.word)) < look.oldest_proof_ns) {
    look.unproven = placement;
    return false;
  }
  std::int64_t touch_ns = load(slot.touch_ns);
  if (!copy_image(load(slot.first_chunk), load(slot.words), session)) return false;
  if (load(slot.sequence) != sequence) {
    session.reset();
    return false;
  }
  if (load(slot.referenced) == 0) store(slot.referenced, std::uint32_t{1});
  if (look.touch && look.now_ns >= touch_ns) {
    const std::int64_t again_ns = look.now_ns + touch_quantum_ms(session->idle_seconds()) * 1'000'000 / 4;
    look.touch_due =
        std::atomic_ref(slot.touch_ns).compare_exchange_strong(touch_ns, again_ns, std::memory_order_relaxed);
  }
  return true;
}

bool CacheSlots::copy_image(std::uint32_t first_chunk, std::uint32_t words,
                            std::optional<Session>& session) const noexcept {
  std::uint32_t chunk = first_chunk;
  std::uint64_t* next = nullptr;
  std::uint64_t* end = nullptr;
  const auto word = [&](std::size_t) noexcept {
    if (next == end) {
      // Of a slot that changes under the reader, number and chain may be anything: stay within the pool.
      if (chunk >= chunk_count_) chunk = 0;
      next = &chunks_[chunk * chunk_words];
      end = next + chunk_words;
      chunk = load(links_[chunk]);
    }
    return load(*next++);
  };
  try {
    return SessionImage::load(words, word, session);
  } catch (const std::bad_alloc&) {
    session.reset();
    return false;
  }
}

// ---- writers

bool CacheSlots::put(const Entry& entry, const Session& session, std::int64_t now_ns) noexcept {
  const SessionId id = session.id();
  const std::size_t words = SessionImage::size(session);
  const std::size_t chunks = chunks_for(words);
  const std::lock_guard lock(mutex_);
  const std::span<const std::uint64_t> image = image_of(session, words);
  const std::size_t same = slot_of(entry.key);
  if (same != slot_count_ && !image.empty() && chunks_for(slot(same).words) == chunks) {
    replace(same, entry, image);
    return true;
  }
  if (const std::size_t place = index_place(id.str()); index_[place] != 0) clear_slot(index_[place] - 1);
  if (image.empty()) return false;
  if (chunks > std::max<std::size_t>(chunk_count_ / 4, 1)) return false;
  if (!make_room(chunks, now_ns)) return false;
  const std::size_t number = choose_slot(entry, now_ns);
  fill_slot(number, entry, write_image(image), static_cast<std::uint32_t>(words));
  std::ranges::copy(id.str(), owners_[number].id.begin());
  index_[index_place(id.str())] = static_cast<std::uint32_t>(number + 1);
  entries_.fetch_add(1, std::memory_order_relaxed);
  count_in(entry.placement);
  return true;
}

// Where the entry of `key` is; slot_count_ if it is nowhere. One token has one id, so its index need not be asked.
std::size_t CacheSlots::slot_of(const SipHash128& key) const noexcept {
  const std::size_t first = first_slot(key);
  for (std::size_t number = first; number < first + ways; ++number) {
    if (hint(number) == 0 || (hint(number) & key_part) != (key.second & key_part)) continue;
    if (slot(number).key_first == key.first && slot(number).key_second == key.second) return number;
  }
  return slot_count_;
}

// In a buffer of the writers; empty when there is no memory for it.
std::span<const std::uint64_t> CacheSlots::image_of(const Session& session, std::size_t words) noexcept {
  try {
    if (image_.size() < words) image_.resize(words);
  } catch (const std::bad_alloc&) {
    return {};
  }
  SessionImage::store(session, image_);
  return {image_.data(), words};
}

void CacheSlots::erase(const SessionId& id) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t place = index_place(id.str());
  if (index_[place] != 0) clear_slot(index_[place] - 1);
}

void CacheSlots::fill_slot(std::size_t number, const Entry& entry, std::uint32_t first_chunk,
                           std::uint32_t words) noexcept {
  Slot& slot = this->slot(number);
  store(slot.sequence, slot.sequence + 1);
  store(slot.key_first, entry.key.first);
  store(slot.key_second, entry.key.second);
  store(slot.word, entry.placement.word);
  store(slot.hash_slot, std::uint32_t{entry.placement.slot});
  store(slot.deadline_ns, entry.deadline_ns);
  store(slot.touch_ns, entry.touch_ns);
  store(slot.first_chunk, first_chunk);
  store(slot.words, words);
  store(slot.referenced, std::uint32_t{0});  // probation: the first hit sets it
  store(slot.sequence, slot.sequence + 1);
  store(hint(number), (entry.key.second & key_part) | (first_chunk + 1));
}

// The usual session, read once more: the same slot and chunks hold what is new of it.
void CacheSlots::replace(std::size_t number, const Entry& entry, std::span<const std::uint64_t> image) noexcept {
  Slot& slot = this->slot(number);
  count_out(number);
  store(slot.sequence, slot.sequence + 1);
  store(slot.word, entry.placement.word);
  store(slot.hash_slot, std::uint32_t{entry.placement.slot});
  store(slot.deadline_ns, entry.deadline_ns);
  store(slot.touch_ns, entry.touch_ns);
  store(slot.words, static_cast<std::uint32_t>(image.size()));
  std::uint32_t chunk = slot.first_chunk;
  for (std::size_t done = 0; done < image.size(); done += chunk_words, chunk = links_[chunk]) {
    write_chunk(chunk, image.subspan(done, std::min(chunk_words, image.size() - done)));
  }
  store(slot.sequence, slot.sequence + 1);
  count_in(entry.placement);
}

void CacheSlots::clear_slot(std::size_t number) noexcept {
  Slot& slot = this->slot(number);
  count_out(number);
  store(slot.sequence, slot.sequence + 1);
  store(slot.word, SlotWord{0});  // the table holds no 0
  store(slot.sequence, slot.sequence + 1);
  store(hint(number), std::uint64_t{0});
  index_erase(index_place(owner(number)));
  free_chunks(slot.first_chunk);
  entries_.fetch_sub(1, std::memory_order_relaxed);
}

void CacheSlots::evict(std::size_t number) noexcept {
  clear_slot(number);
  evictions_.fetch_add(1, std::memory_order_relaxed);
}

// An empty slot of the set; else one that cannot be served any more; else the first that the clock finds unused.
std::size_t CacheSlots::choose_slot(const Entry& entry, std::int64_t now_ns) noexcept {
  const std::size_t first = first_slot(entry.key);
  for (std::size_t number = first; number < first + ways; ++number) {
    if (hint(number) == 0) return number;
  }
  for (std::size_t number = first; number < first + ways; ++number) {
    if (servable(number, now_ns)) continue;
    clear_slot(number);
    return number;
  }
  std::uint8_t& hand = hands_[first / ways];
  for (std::size_t step = 0;; ++step) {
    const std::size_t number = first + hand;
    hand = static_cast<std::uint8_t>((hand + 1) % ways);
    if (step < ways && load(slot(number).referenced) != 0) {
      store(slot(number).referenced, std::uint32_t{0});
      continue;
    }
    evict(number);
    return number;
  }
}

// ---- chunks

bool CacheSlots::make_room(std::size_t chunks, std::int64_t now_ns) noexcept {
  // Bounded: a large session does not sweep the whole cache while everybody waits.
  for (std::size_t visits = 16 * chunks + 256; free_chunk_count_ < chunks && visits > 0; --visits) {
    const std::size_t number = hand_;
    hand_ = (hand_ + 1) % slot_count_;
    if (hint(number) == 0) continue;
    if (!servable(number, now_ns)) {
      clear_slot(number);
    } else if (load(slot(number).referenced) != 0) {
      store(slot(number).referenced, std::uint32_t{0});
    } else {
      evict(number);
    }
  }
  return free_chunk_count_ >= chunks;
}

std::uint32_t CacheSlots::take_chunk() noexcept {
  --free_chunk_count_;
  used_chunks_.fetch_add(1, std::memory_order_relaxed);
  if (free_chunk_ == none) return static_cast<std::uint32_t>(fresh_chunk_++);
  const std::uint32_t chunk = free_chunk_;
  free_chunk_ = links_[chunk];
  return chunk;
}

std::uint32_t CacheSlots::write_image(std::span<const std::uint64_t> image) noexcept {
  std::uint32_t first = none;
  std::uint32_t last = none;
  for (std::size_t done = 0; done < image.size(); done += chunk_words) {
    const std::uint32_t chunk = take_chunk();
    if (last == none) {
      first = chunk;
    } else {
      store(links_[last], chunk);
    }
    last = chunk;
    write_chunk(chunk, image.subspan(done, std::min(chunk_words, image.size() - done)));
  }
  store(links_[last], none);
  return first;
}

void CacheSlots::write_chunk(std::uint32_t chunk, std::span<const std::uint64_t> words) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) store(chunks_[chunk * chunk_words + i], words[i]);
}

void CacheSlots::free_chunks(std::uint32_t first_chunk) noexcept {
  std::uint32_t last = first_chunk;
  std::size_t count = 1;
  for (; links_[last] != none; last = links_[last]) ++count;
  store(links_[last], free_chunk_);
  free_chunk_ = first_chunk;
  free_chunk_count_ += count;
  used_chunks_.fetch_sub(count, std::memory_order_relaxed);
}

// ---- session id to slot

std::size_t CacheSlots::index_home(std::string_view id) const noexcept {
  // Behind the route, an id is text of a SHA-256 digest: as good as random.
  std::uint64_t digest;
  std::memcpy(&digest, id.data() + 8, sizeof digest);
  return static_cast<std::size_t>(digest * 0x9E37'79B9'7F4A'7C15U >> 20U) & (index_.size() - 1);
}

// Where `id` is, or where it would go.
std::size_t CacheSlots::index_place(std::string_view id) const noexcept {
  std::size_t place = index_home(id);
  while (index_[place] != 0 && owner(index_[place] - 1) != id) place = (place + 1) & (index_.size() - 1);
  return place;
}

// Knuth, TAOCP 6.4, algorithm R: closes the gap, so that probing may stop at the first empty place.
void CacheSlots::index_erase(std::size_t place) noexcept {
  const std::size_t mask = index_.size() - 1;
  std::size_t gap = place;
  for (std::size_t next = (gap + 1) & mask; index_[next] != 0; next = (next + 1) & mask) {
    const std::size_t home = index_home(owner(index_[next] - 1));
    if (((next - home) & mask) < ((next - gap) & mask)) continue;
    index_[gap] = index_[next];
    gap = next;
  }
  index_[gap] = 0;
}

}  // namespace ficha::redis
