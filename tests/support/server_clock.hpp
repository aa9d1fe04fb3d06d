// The wall clock of a real server, set by a test.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace ficha::testing {

// A server started with environment() reads the machine's clock plus what set() said last. Outlives the server.
class ServerClock {
 public:
  ServerClock();
  ~ServerClock();
  ServerClock(const ServerClock&) = delete;
  ServerClock& operator=(const ServerClock&) = delete;

  [[nodiscard]] std::vector<std::string> environment() const;
  void set(std::chrono::milliseconds ahead) noexcept { ahead_ms_->store(ahead.count(), std::memory_order_relaxed); }

 private:
  TempDir directory_;
  std::string path_;
  std::atomic<std::int64_t>* ahead_ms_;
};

}  // namespace ficha::testing
