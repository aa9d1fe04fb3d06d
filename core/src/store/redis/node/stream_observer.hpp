// Who hears what Redis pushes.
#pragma once

#include <string_view>

namespace ficha::redis {

// The near cache's place in the stream. Called by whichever thread reads, strictly in the order of the stream, never by
// two threads at once.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  virtual void on_invalidate(std::string_view key) noexcept = 0;
  virtual void on_flush() noexcept = 0;  // null push: the server forgot everything
  virtual void on_disconnect() noexcept = 0;
};

}  // namespace ficha::redis
