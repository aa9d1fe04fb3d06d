#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <utility>

#include "ficha/completion_queue.hpp"

namespace ficha {

// The descriptor becomes readable after `waiting` has got its first, and is emptied before all of it is taken: whoever
// comes in between finds one of them without the other, but nothing ever waits unannounced. No system call is made under
// the lock, or the thread that takes and the one that pushes would put each other to sleep.
struct CompletionQueue::Impl {
  std::mutex mutex;
  std::vector<Completion> waiting;
  std::atomic<std::size_t> usual{0};  // completions in a batch
  int descriptor = -1;
};

CompletionQueue::CompletionQueue() : impl_(std::make_unique<Impl>()) {}

CompletionQueue::~CompletionQueue() {
  if (impl_->descriptor >= 0) ::close(impl_->descriptor);
}

Result<std::shared_ptr<CompletionQueue>> CompletionQueue::create() {
  std::shared_ptr<CompletionQueue> queue{new CompletionQueue};
  queue->impl_->descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (queue->impl_->descriptor < 0) return Error{ErrorCode::unavailable, "eventfd: no descriptor left"};
  return queue;
}

int CompletionQueue::descriptor() const noexcept {
  return impl_->descriptor;
}

void CompletionQueue::drain(std::vector<Completion>& taken) noexcept {
  // Completions are large, and the next batch will be about as long: room at once saves moving them as it grows.
  constexpr std::size_t most_room = 256;
  taken.clear();
  if (taken.capacity() > most_room) std::vector<Completion>{}.swap(taken);
  try {
    taken.reserve(impl_->usual.load(std::memory_order_relaxed));
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): then it grows as it must
  }
  eventfd_t count = 0;
  ::eventfd_read(impl_->descriptor, &count);
  const std::lock_guard lock{impl_->mutex};
  taken.swap(impl_->waiting);
  if (!taken.empty()) impl_->usual.store(std::min(taken.size(), most_room), std::memory_order_relaxed);
}

std::vector<Completion> CompletionQueue::drain() {
  std::vector<Completion> taken;
  drain(taken);
  return taken;
}

std::vector<Completion> CompletionQueue::wait(std::chrono::milliseconds timeout) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + timeout;
  std::vector<Completion> taken;
  for (;;) {
    drain(taken);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (!taken.empty() || left <= 0) return taken;
    pollfd readable{impl_->descriptor, POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
  }
}

// noexcept on purpose: a completion that got lost would hang its caller for ever, so running out of memory here ends the
// process instead.
void CompletionQueue::push(Completion completion) noexcept {
  bool first = false;
  {
    const std::lock_guard lock{impl_->mutex};
    first = impl_->waiting.empty();
    impl_->waiting.push_back(std::move(completion));
  }
  if (first) ::eventfd_write(impl_->descriptor, 1);
}

}  // namespace ficha
