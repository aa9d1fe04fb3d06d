// What the current thread allocates and frees with new and delete. Linking this in replaces the global operators.
#pragma once

#include <cstddef>
#include <string_view>

namespace ficha::testing {

// Allocations of this thread so far.
[[nodiscard]] std::size_t allocation_count() noexcept;

// Lets one of this thread's allocations fail: the first, second, … from now on; 0 = none.
void fail_allocation(std::size_t nth) noexcept;
// Whether it has come to that. No allocation fails any more.
[[nodiscard]] bool stop_failing() noexcept;

// Looks at the `size` bytes at `block` when this thread frees them: one block at a time.
void watch_block(const void* block, std::size_t size) noexcept;

enum class Freed { not_yet, wiped, unwiped };
// Of the watched block.
[[nodiscard]] Freed watched_block() noexcept;

// Looks for `bytes` in every block that this thread frees from now on; for "", in none. They must outlive that.
void forbid_in_freed_blocks(std::string_view bytes) noexcept;
// How many blocks have been freed with them inside.
[[nodiscard]] std::size_t freed_with_forbidden_bytes() noexcept;

}  // namespace ficha::testing
