// What all processes know to have been acknowledged, in memory they share: against it every answer is judged.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <limits>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "ficha/session.hpp"
#include "ficha/token.hpp"

namespace ficha::coherence {

// The same clock in every process.
inline std::int64_t now_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// Between processes, for a few instructions at a time.
class SpinLock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

inline constexpr std::int64_t not_yet = std::numeric_limits<std::int64_t>::max();

// Who asks, and which acknowledgements must have reached it: its own, and all before `proven_ns`, the beginning of a
// round trip on its link that has ended.
struct Observer {
  int process;
  std::int64_t proven_ns;
};

// One session after the other in one place: when it is revoked or rotated, the next takes over.
class Place {
 public:
  using TokenText = std::array<char, Token::length>;

  struct View {
    std::uint64_t incarnation;
    TokenText token;
    SessionId id = *SessionId::parse("AAAAAAAAAAAAAAAAAAAAAAAA");
    std::uint64_t least_generation;  // that an answer must have
  };
  struct Retired {
    TokenText token;
    bool gone;  // no answer may hold its session any more
  };

  [[nodiscard]] View view(const Observer& observer) noexcept {
    const std::lock_guard guard(lock_);
    View view{.incarnation = incarnation_, .token = token_, .id = id_, .least_generation = 1};
    for (const Write& write : writes_) {
      if (known(write.acknowledged, observer))
        view.least_generation = std::max(view.least_generation, write.generation);
    }
    return view;
  }
  [[nodiscard]] Retired retired(const Observer& observer) noexcept {
    const std::lock_guard guard(lock_);
    return {retired_, known(retirement_, observer)};
  }

  void written(std::uint64_t incarnation, std::uint64_t generation, int process) noexcept {
    const std::lock_guard guard(lock_);
    if (incarnation != incarnation_) return;
    writes_[next_write_++ % writes_.size()] = {generation, {now_ns(), process}};
  }

  // False if somebody else is at it. Then exactly one of retire() and settle() is due.
  [[nodiscard]] bool begin_retiring(std::uint64_t incarnation) noexcept {
    const std::lock_guard guard(lock_);
    if (retiring_ || incarnation != incarnation_) return false;
    return retiring_ = true;
  }
  // The old session was acknowledged to be gone now; or, if not `acknowledged`, may be gone.
  void retire(bool acknowledged, int process, const IssuedSession& next) noexcept {
    const std::lock_guard guard(lock_);
    retired_ = token_;
    retirement_ = {acknowledged ? now_ns() : not_yet, process};
    settle_locked(next);
  }
  void settle(const IssuedSession& first) noexcept {
    const std::lock_guard guard(lock_);
    settle_locked(first);
  }
  // Whether a look-up that found nothing was wrong: the session was there all the time.
  [[nodiscard]] bool lasts(std::uint64_t incarnation) noexcept {
    const std::lock_guard guard(lock_);
    return incarnation == incarnation_ && !retiring_;
  }

 private:
  struct Acknowledgement {
    std::int64_t at_ns = not_yet;
    int process = -1;
  };
  struct Write {
    std::uint64_t generation = 0;
    Acknowledgement acknowledged;
  };

  static bool known(const Acknowledgement& acknowledged, const Observer& observer) noexcept {
    return acknowledged.at_ns != not_yet &&
           (acknowledged.process == observer.process || acknowledged.at_ns <= observer.proven_ns);
  }
  void settle_locked(const IssuedSession& next) noexcept {
    ++incarnation_;
    std::ranges::copy(next.token.reveal(), token_.begin());
    id_ = next.session.id();
    writes_ = {};
    retiring_ = false;
  }

  SpinLock lock_;
  std::uint64_t incarnation_ = 0;
  TokenText token_{};
  SessionId id_ = *SessionId::parse("AAAAAAAAAAAAAAAAAAAAAAAA");
  bool retiring_ = false;
  std::array<Write, 64> writes_{};  // the latest; older ones are known to be exceeded or not yet proven
  std::size_t next_write_ = 0;
  TokenText retired_{};
  Acknowledgement retirement_;
};

// Lives in memory that forked processes share. Freshly made: all zero but for what the constructors set.
struct Ledger {
  static constexpr std::size_t place_count = 32;

  std::array<Place, place_count> places;
  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> writes{0};
  std::atomic<std::uint64_t> retirements{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> hits{0};
  // What must not happen:
  std::atomic<std::uint64_t> stale_reads{0};    // older than a write known to be acknowledged
  std::atomic<std::uint64_t> ghosts{0};         // of a session known to be gone
  std::atomic<std::uint64_t> losses{0};         // nothing, though the session was there
  std::atomic<std::uint64_t> foreign_reads{0};  // somebody else's session

  [[nodiscard]] std::uint64_t violations() const noexcept { return stale_reads + ghosts + losses + foreign_reads; }
};

class SharedLedger {
 public:
  SharedLedger() : memory_(mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::runtime_error("no shared memory");
    ledger_ = new (memory_) Ledger;
  }
  SharedLedger(const SharedLedger&) = delete;
  SharedLedger& operator=(const SharedLedger&) = delete;
  ~SharedLedger() { munmap(memory_, sizeof(Ledger)); }

  Ledger& operator*() noexcept { return *ledger_; }
  Ledger* operator->() noexcept { return ledger_; }

 private:
  void* memory_;
  Ledger* ledger_;
};

}  // namespace ficha::coherence
