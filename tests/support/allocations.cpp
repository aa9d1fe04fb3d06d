#include "support/allocations.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local std::size_t allocations = 0;
constinit thread_local const void* watched = nullptr;
constinit thread_local std::size_t watched_size = 0;
constinit thread_local ficha::testing::Freed watched_state = ficha::testing::Freed::not_yet;

constinit thread_local std::string_view forbidden;
constinit thread_local std::size_t forbidden_found = 0;

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

void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* block) noexcept {
  release(block);
}
void operator delete(void* block, std::size_t) noexcept {
  release(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  release(block);
}

namespace ficha::testing {

std::size_t allocation_count() noexcept {
  return allocations;
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
