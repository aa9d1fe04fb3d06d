// A broken network between a client and a real server.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "support/listener.hpp"

namespace ficha::testing {

// Passes bytes on between its own loopback port and the server's, until told to do otherwise. What it is told holds for
// the connections there are and those to come. Thread rule: every function from any thread.
class FaultProxy {
 public:
  enum class Direction : std::uint8_t { to_server, to_client };
  enum class Ending : std::uint8_t { close, reset };  // FIN, or RST

  explicit FaultProxy(int server_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] int port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port()); }

  // Ends the one connection that first carries `bytes` more in this direction, right after them; once.
  void cut_after(Direction direction, std::size_t bytes, Ending ending = Ending::close);
  // Ends every connection now.
  void cut(Ending ending = Ending::close);
  // Half-open: bytes are taken and lost, nobody is told. Connections that saw it stay dead afterwards.
  void swallow(bool on);
  // Connections are accepted and closed at once.
  void refuse(bool on);
  // Called by the proxy's thread before it passes bytes on.
  void watch(std::function<void(Direction)> watcher);

 private:
  struct Pair;

  void run();
  void accept_one();
  bool carry(Pair& pair, Direction direction);
  void wake() const noexcept { wakeup_.signal(); }

  const int server_port_;
  Listener listener_;
  redis::Wakeup wakeup_;

  std::mutex mutex_;
  std::list<std::unique_ptr<Pair>> pairs_;
  struct Cut {
    Direction direction;
    std::size_t bytes;
    Ending ending;
  };
  std::optional<Cut> planned_;
  std::optional<Ending> cut_now_;
  bool swallow_ = false;
  bool refuse_ = false;
  std::function<void(Direction)> watcher_;

  std::thread thread_;
};

}  // namespace ficha::testing
