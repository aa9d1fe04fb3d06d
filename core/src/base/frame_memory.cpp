#include "base/frame_memory.hpp"

#include <array>
#include <atomic>
#include <new>
#include <utility>

namespace ficha {
namespace {

// The usual allocator is slow for frames of about 1 KiB, because they are above what it keeps per thread; and slower for
// those that begin on a caller's thread and end on the reading one, which then compete for the lock of one arena.
constexpr std::size_t step = 256;
constexpr std::size_t shelf_count = 8;
constexpr std::size_t most_per_shelf = 32;
constexpr std::size_t most_per_depot = 16;

// AddressSanitizer is to see each frame end.
#ifdef __SANITIZE_ADDRESS__
constexpr bool pooling = false;
#else
constexpr bool pooling = true;
#endif

struct Free {
  Free* next;
};

void free_all(Free* frames) noexcept {
  while (frames != nullptr) ::operator delete(std::exchange(frames, frames->next));
}

struct Shelf {
  Free* first = nullptr;
  std::size_t count = 0;
};

struct Shelves {
  std::array<Shelf, shelf_count> of_steps{};  // [i]: frames of up to (i + 1) * step bytes
  bool swept_at_exit = false;
  bool closed = false;
};

// Trivially destructible: usable until the thread's very end, also by what is destroyed behind the sweeper.
constinit thread_local Shelves shelves;

// Full shelves of frames of one size, on their way from threads where they end to threads where they begin.
// Without it a submitted operation pays the usual allocator for each frame: tests/bench/core/frame_bench.cpp.
class Depot {
 public:
  // False when there is no place left.
  bool put(Free* frames) noexcept {
    for (std::atomic<Free*>& place : places_) {
      Free* empty = nullptr;
      if (place.load(std::memory_order_relaxed) == nullptr &&
          place.compare_exchange_strong(empty, frames, std::memory_order_release, std::memory_order_relaxed))
        return true;
    }
    return false;
  }
  // nullptr when there are none.
  Free* take() noexcept {
    for (std::atomic<Free*>& place : places_) {
      if (place.load(std::memory_order_relaxed) == nullptr) continue;
      if (Free* const frames = place.exchange(nullptr, std::memory_order_acquire)) return frames;
    }
    return nullptr;
  }

 private:
  std::array<std::atomic<Free*>, most_per_depot> places_{};
};

constinit std::array<Depot, shelf_count> depots{};

// For a host that unloads the library.
const struct DepotSweeper {
  ~DepotSweeper() {
    for (Depot& depot : depots) {
      while (Free* const frames = depot.take()) free_all(frames);
    }
  }
} depot_sweeper;

struct Sweeper {
  ~Sweeper() {
    shelves.closed = true;
    for (Shelf& shelf : shelves.of_steps) free_all(std::exchange(shelf.first, nullptr));
  }
};

void sweep_at_exit() noexcept {
  static thread_local Sweeper sweeper;
  shelves.swept_at_exit = true;
}

}  // namespace

void* PooledFrame::operator new(std::size_t size) {
  const std::size_t number = (size - 1) / step;
  if (!pooling || number >= shelf_count) return ::operator new(size);
  Shelf& shelf = shelves.of_steps[number];
  if (!shelf.first) {
    if (!shelves.closed) shelf.first = depots[number].take();
    if (!shelf.first) return ::operator new((number + 1) * step);
    shelf.count = most_per_shelf;
    if (!shelves.swept_at_exit) sweep_at_exit();
  }
  Free* const free = shelf.first;
  shelf.first = free->next;
  --shelf.count;
  return free;
}

void PooledFrame::operator delete(void* frame, std::size_t size) noexcept {
  const std::size_t number = (size - 1) / step;
  if (!pooling || number >= shelf_count || shelves.closed) return ::operator delete(frame);
  Shelf& shelf = shelves.of_steps[number];
  if (shelf.count == most_per_shelf) {
    if (!depots[number].put(shelf.first)) return ::operator delete(frame);
    shelf = {};
  }
  if (!shelves.swept_at_exit) sweep_at_exit();
  shelf.first = new (frame) Free{shelf.first};
  ++shelf.count;
}

}  // namespace ficha
