#include "frame_memory.hpp"

#include <array>
#include <new>

namespace ficha {
namespace {

// The usual allocator is slow for frames of about 1 KiB, because they are above what it keeps per thread.
constexpr std::size_t step = 256;
constexpr std::size_t shelf_count = 8;
constexpr std::size_t most_per_shelf = 32;

// AddressSanitizer is to see each frame end.
#ifdef __SANITIZE_ADDRESS__
constexpr bool pooling = false;
#else
constexpr bool pooling = true;
#endif

struct Free {
  Free* next;
};

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

struct Sweeper {
  ~Sweeper() {
    shelves.closed = true;
    for (Shelf& shelf : shelves.of_steps) {
      while (Free* const free = shelf.first) {
        shelf.first = free->next;
        ::operator delete(free);
      }
    }
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
  if (!shelf.first) return ::operator new((number + 1) * step);
  Free* const free = shelf.first;
  shelf.first = free->next;
  --shelf.count;
  return free;
}

void PooledFrame::operator delete(void* frame, std::size_t size) noexcept {
  const std::size_t number = (size - 1) / step;
  if (!pooling || number >= shelf_count || shelves.closed) return ::operator delete(frame);
  Shelf& shelf = shelves.of_steps[number];
  if (shelf.count == most_per_shelf) return ::operator delete(frame);
  if (!shelves.swept_at_exit) sweep_at_exit();
  shelf.first = new (frame) Free{shelf.first};
  ++shelf.count;
}

}  // namespace ficha
