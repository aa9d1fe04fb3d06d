// Commands of several operations in one write, for a caller that knows when the last of them has been submitted.
#pragma once

namespace ficha {

// While one exists, what this thread hands to a store is not sent on its account: SessionStore::flush() is due. One at a
// time on a thread, within one function.
class HeldSends {
 public:
  explicit HeldSends(bool hold) noexcept { here_ = hold; }
  HeldSends(const HeldSends&) = delete;
  HeldSends& operator=(const HeldSends&) = delete;
  ~HeldSends() { here_ = false; }

  [[nodiscard]] static bool here() noexcept { return here_; }

 private:
  static inline constinit thread_local bool here_ = false;
};

}  // namespace ficha
