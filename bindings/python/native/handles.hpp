// How many native objects that own something are alive, so that tests can fail on a leak.
#pragma once

#include <atomic>

namespace ficha::python {

struct ClientTag {};
struct QueueTag {};

// Counts the objects derived from it.
template <class Tag>
class Counted {
 public:
  Counted() { ++alive_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive_; }
  [[nodiscard]] static int alive() noexcept { return alive_; }

 private:
  static inline std::atomic<int> alive_{0};
};

}  // namespace ficha::python
