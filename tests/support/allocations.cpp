#include "support/allocations.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local std::size_t allocations = 0;
constinit thread_local std::size_t until_failure = 0;
constinit thread_local bool has_failed = false;
constinit thread_local const void* watched = nullptr;
constinit thread_local std::size_t watched_size = 0;
constinit thread_local ficha::testing::Freed watched_state = ficha::testing::Freed::not_yet;

constinit thread_local std::string_view forbidden;
constinit thread_local std::size_t forbidden_found = 0;

void* allocate(std::size_t size) noexcept {
  ++allocations;
  if (until_failure > 0 && --until_failure == 0) {
    has_failed = true;
    return nullptr;
  }
  return std::malloc(size == 0 ? 1 : size);
}

void release(void* block) noexcept {
  if (block != nullptr && !forbidden.empty()) {
    const std::string_view freed(static_cast<const char*>(block), ::malloc_usable_size(block));
    if (freed.find(forbidden) != std::string_view::npos) ++forbidden_found;
  }
  if (block != nullptr && block == watched) {
    const char* bytes = static_cast<const char*>(block);
    const bool wiped = std::all_of(bytes, bytes + watched_size, [](char c) { return c == 0; });
    watched_state = wiped ? ficha::testing::Freed::wiped : ficha::testing::Freed::unwiped;
    watched = nullptr;
  }
  std::free(block);
}

}  // namespace

// Weak, because clang's ThreadSanitizer brings its own, linked statically. With those, nothing is counted, found or failed.
[[gnu::weak]] void* operator new(std::size_t size) {
  if (void* block = allocate(size)) return block;
  throw std::bad_alloc();
}
[[gnu::weak]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
[[gnu::weak]] void operator delete(void* block) noexcept {
  release(block);
}
[[gnu::weak]] void operator delete(void* block, std::size_t) noexcept {
  release(block);
}
[[gnu::weak]] void operator delete(void* block, const std::nothrow_t&) noexcept {
  release(block);
}

namespace ficha::testing {

std::size_t allocation_count() noexcept {
  return allocations;
}

void fail_allocation(std::size_t nth) noexcept {
  until_failure = nth;
  has_failed = false;
}

bool stop_failing() noexcept {
  until_failure = 0;
  return has_failed;
}

void watch_block(const void* block, std::size_t size) noexcept {
  watched = block;
  watched_size = size;
  watched_state = Freed::not_yet;
}

Freed watched_block() noexcept {
  return watched_state;
}

void forbid_in_freed_blocks(std::string_view bytes) noexcept {
  forbidden = bytes;
  forbidden_found = 0;
}

std::size_t freed_with_forbidden_bytes() noexcept {
  return forbidden_found;
}

}  // namespace ficha::testing
