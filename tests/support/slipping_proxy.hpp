// A stream of replies that gets out of step: a proxy between a client and a real server loses one, or gives it twice.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/listener.hpp"

namespace ficha::testing {

// Thread rule: every function from any thread.
class SlippingProxy {
 public:
  enum class Slip : std::uint8_t { lost, doubled };

  explicit SlippingProxy(int server_port);
  ~SlippingProxy();
  SlippingProxy(const SlippingProxy&) = delete;
  SlippingProxy& operator=(const SlippingProxy&) = delete;

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(listener_.port()); }
  // Once, at the reply of this number from now on, over all connections; pushes do not count.
  void slip_at(int place, Slip slip) noexcept;
  [[nodiscard]] bool slipped() const noexcept { return slipped_; }

 private:
  void run();
  void carry_replies(int server, int client);
  std::string slip_through(std::string_view reply);

  const int server_port_;
  Listener listener_;
  redis::Wakeup wakeup_;
  std::mutex mutex_;
  int place_ = -1;
  Slip slip_ = Slip::lost;
  std::atomic<bool> slipped_{false};
  std::vector<redis::Descriptor> sockets_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace ficha::testing
