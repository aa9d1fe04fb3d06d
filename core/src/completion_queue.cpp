#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>
#include <utility>

#include "ficha/client.hpp"

namespace ficha {

// The descriptor is readable exactly while `waiting` is not empty: both change under one lock.
struct CompletionQueue::Impl {
  std::mutex mutex;
  std::vector<Completion> waiting;
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

std::vector<Completion> CompletionQueue::drain() {
  std::vector<Completion> taken;
  const std::lock_guard lock{impl_->mutex};
  if (impl_->waiting.empty()) return taken;
  // Completions are large, and the next batch will be about as long: room at once saves moving them as it grows.
  constexpr std::size_t most = 256;
  try {
    taken.reserve(std::min(impl_->waiting.size(), most));
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): then it grows as it must
  }
  taken.swap(impl_->waiting);
  eventfd_t count = 0;
  ::eventfd_read(impl_->descriptor, &count);
  return taken;
}

std::vector<Completion> CompletionQueue::wait(std::chrono::milliseconds timeout) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    auto taken = drain();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (!taken.empty() || left <= 0) return taken;
    pollfd readable{impl_->descriptor, POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
  }
}

// noexcept on purpose: a completion that got lost would hang its caller for ever, so running out of memory here ends the
// process instead.
void CompletionQueue::push(Completion completion) noexcept {
  const std::lock_guard lock{impl_->mutex};
  impl_->waiting.push_back(std::move(completion));
  if (impl_->waiting.size() == 1) ::eventfd_write(impl_->descriptor, 1);
}

}  // namespace ficha
