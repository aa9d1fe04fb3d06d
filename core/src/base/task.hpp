// Lazy coroutines: an operation of several round trips reads top to bottom, whoever drives it.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/frame_memory.hpp"
#include "ficha/result.hpp"

namespace ficha {

// What a blocked thread waits on. `lead` asks it to read replies for everybody (see store/redis/node/connection.hpp).
// A futex(2) and not std::atomic::wait, which yields its time slice several times before it sleeps.
class Waiter {
 public:
  enum State : std::uint32_t { waiting, lead, done };

  // Whoever finishes many in a row makes a Batch: their threads hear of it at its end, and do not compete for the
  // processor with the one that still has replies for others.
  class Batch;

  // The waiter may be gone when this returns.
  void finish() noexcept;
  // Does nothing to a waiter that is done; false then.
  bool promote() noexcept {
    std::uint32_t seen = state_.load(std::memory_order_relaxed);
    while (seen == waiting || seen == asleep) {
      if (!state_.compare_exchange_weak(seen, lead, std::memory_order_acq_rel)) continue;
      if (seen == asleep) wake();
      return true;
    }
    return false;
  }
  // Takes `lead` back: somebody else reads from now on. Does nothing to a waiter that is done.
  void demote() noexcept {
    std::uint32_t expected = lead;
    state_.compare_exchange_strong(expected, waiting, std::memory_order_acq_rel);
  }
  [[nodiscard]] State state() const noexcept {
    const std::uint32_t seen = state_.load(std::memory_order_acquire);
    return seen == asleep ? waiting : static_cast<State>(seen);
  }
  // Blocks while nothing has happened yet. One thread at a time.
  void wait() noexcept {
    std::uint32_t seen = waiting;
    if (!state_.compare_exchange_strong(seen, asleep, std::memory_order_acq_rel) && seen != asleep) return;
    while (state_.load(std::memory_order_acquire) == asleep)
      ::syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, asleep, nullptr, nullptr, 0);
  }

 private:
  static constexpr std::uint32_t asleep = 3;  // as `waiting`, and to be woken

  void tell() noexcept {
    if (state_.exchange(done, std::memory_order_acq_rel) == asleep) wake();
  }
  // The waiter may be gone already: a wake-up for an address where nobody waits does nothing.
  void wake() noexcept { ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

  std::atomic<std::uint32_t> state_{waiting};
  Waiter* next_ = nullptr;  // in a Batch
};

// On the stack of the thread that finishes; one at a time.
class Waiter::Batch {
 public:
  Batch() noexcept { current_ = this; }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    current_ = nullptr;
    while (first_) std::exchange(first_, first_->next_)->tell();
  }

 private:
  friend class Waiter;
  void add(Waiter& waiter) noexcept {
    *last_ = &waiter;
    last_ = &waiter.next_;
  }

  static inline constinit thread_local Batch* current_ = nullptr;
  Waiter* first_ = nullptr;
  Waiter** last_ = &first_;
};

inline void Waiter::finish() noexcept {
  if (Batch::current_) {
    Batch::current_->add(*this);
  } else {
    tell();
  }
}

// A coroutine that starts when awaited and yields one Result. It may resume on any thread; running out of memory inside
// it is an Error like any other.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : PooledFrame {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    Waiter* waiter = nullptr;  // instead of a continuation
    std::optional<Result<T>> result;

    Task get_return_object() noexcept { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    struct FinalAwaiter {
      static bool await_ready() noexcept { return false; }
      static std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        if (Waiter* const waiter = self.promise().waiter) {
          waiter->finish();  // whoever waits may end the frame's life now
          return std::noop_coroutine();
        }
        return self.promise().continuation;
      }
      static void await_resume() noexcept {}
    };
    static FinalAwaiter final_suspend() noexcept { return {}; }
    void return_value(Result<T>&& value) noexcept { result.emplace(std::move(value)); }
    void unhandled_exception() noexcept { result.emplace(Error{ErrorCode::overloaded, {}}); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  static bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  Result<T> await_resume() noexcept { return std::move(*handle_.promise().result); }

  // For a thread that blocks instead of awaiting: runs it now and finishes `waiter` when result() is there.
  void run(Waiter& waiter) noexcept {
    handle_.promise().waiter = &waiter;
    handle_.resume();
  }
  [[nodiscard]] Result<T> result() noexcept { return await_resume(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// Owns itself: runs at once, frees itself at its end.
struct Detached {
  struct promise_type : PooledFrame {
    static Detached get_return_object() noexcept { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() noexcept {}
  };
};

// Runs `task` now and hands its result to `then`, on whichever thread finishes it.
template <class T, class Then>
Detached start(Task<T> task, Then then) {
  then(co_await std::move(task));
}

}  // namespace ficha
