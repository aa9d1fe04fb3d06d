// How many native objects that own something are alive, so that tests can fail on a leak.
#pragma once

#include <atomic>

namespace ficha::python {

struct ClientTag {};
struct QueueTag {};

// Counts the objects derived from it that have not been released.
template <class Tag>
class Counted {
 public:
  Counted() { ++alive_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { release(); }

  // What it owned is given back, though the object may live on.
  void release() noexcept {
    if (counts_.exchange(false)) --alive_;
  }
  [[nodiscard]] static int alive() noexcept { return alive_; }

 private:
  std::atomic<bool> counts_{true};
  static inline std::atomic<int> alive_{0};
};

}  // namespace ficha::python
