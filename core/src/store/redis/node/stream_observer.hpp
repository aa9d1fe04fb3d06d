// Who hears what Redis pushes.
#pragma once

#include <cstdint>
#include <string_view>

namespace ficha::redis {

// The near cache's place in the stream. Called by whichever thread reads, strictly in the order of the stream, never by
// two threads at once.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  virtual void on_invalidate(std::string_view key) noexcept = 0;
  virtual void on_flush() noexcept = 0;  // null push: the server forgot everything
  // A probe sent at that time (Clock::monotonic_nanoseconds) was answered as only a primary that may serve does: it was one
  // then, and all that it pushed before has been told. Never where the server refuses CLIENT TRACKING.
  virtual void on_proof(std::int64_t sent_at_ns) noexcept = 0;
  virtual void on_doubt() noexcept = 0;  // a probe was answered otherwise
  virtual void on_disconnect() noexcept = 0;
};

}  // namespace ficha::redis
