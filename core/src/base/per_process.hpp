// A pointer that a forked child finds empty.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "ficha/result.hpp"

namespace ficha {

// One page that the kernel hands to forked children zeroed (madvise MADV_WIPEONFORK, Linux 4.14): noticing a fork costs
// no system call, and no handler is registered for the whole process.
class WipedOnFork {
 public:
  // Errors: unavailable when the kernel refuses.
  [[nodiscard]] static Result<WipedOnFork> create();
  WipedOnFork(WipedOnFork&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  WipedOnFork& operator=(WipedOnFork&& other) noexcept {
    std::swap(page_, other.page_);
    return *this;
  }
  ~WipedOnFork();

  [[nodiscard]] void* get() const noexcept { return page_; }

 private:
  explicit WipedOnFork(void* page) noexcept : page_(page) {}
  void* page_;
};

// Each process has its own T behind it: nullptr in a child until the child stores one. Nothing of the parent's is
// destroyed there, since its threads do not exist in the child and its sockets are not the child's to close.
template <class T>
class PerProcess {
 public:
  explicit PerProcess(WipedOnFork page) noexcept : page_(std::move(page)) {}

  [[nodiscard]] std::atomic<T*>& slot() const noexcept {
    static_assert(std::atomic<T*>::is_always_lock_free);
    return *static_cast<std::atomic<T*>*>(page_.get());
  }

 private:
  WipedOnFork page_;
};

}  // namespace ficha
