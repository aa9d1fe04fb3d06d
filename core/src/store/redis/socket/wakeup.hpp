// What ends a wait for a socket early.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>

namespace ficha::redis {

using SteadyTime = std::chrono::steady_clock::time_point;

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.fd_;
      other.fd_ = -1;
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  void reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Wakes the I/O thread, wherever it waits.
class Wakeup {
 public:
  Wakeup() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // False if the process has no descriptor left.
  [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(event_); }
  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }

  void signal() const noexcept { ::eventfd_write(event_.get(), 1); }
  void drain() const noexcept {
    eventfd_t count = 0;
    ::eventfd_read(event_.get(), &count);
  }

  // From now on every wait ends at once.
  void cancel() noexcept {
    cancelled_.store(true, std::memory_order_release);
    signal();
  }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

 private:
  Descriptor event_;
  std::atomic<bool> cancelled_{false};
};

enum class Wait : std::uint8_t { ready, timed_out, cancelled };

// Blocks until `fd` is ready for `events` (poll(2)), has failed, `deadline` has passed, or the wake-up is cancelled.
inline Wait wait_for(int fd, short events, SteadyTime deadline, const Wakeup& wakeup) noexcept {
  for (;;) {
    if (wakeup.cancelled()) return Wait::cancelled;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Wait::timed_out;
    pollfd polled[] = {{fd, events, 0}, {wakeup.descriptor(), POLLIN, 0}};
    if (::poll(polled, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) return Wait::timed_out;
    if (polled[1].revents != 0) wakeup.drain();
    if (polled[0].revents != 0) return Wait::ready;
  }
}

}  // namespace ficha::redis
