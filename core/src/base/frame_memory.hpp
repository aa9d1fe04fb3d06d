// Memory of coroutine frames: every operation takes one or two and gives them back, so each thread keeps a few, and
// hands on what it has too many of.
#pragma once

#include <cstddef>

namespace ficha {

// Base of a promise type. Thread rule: every function from any thread; a frame may end on another one than it began on.
struct PooledFrame {
  static void* operator new(std::size_t size);
  static void operator delete(void* frame, std::size_t size) noexcept;
};

}  // namespace ficha
