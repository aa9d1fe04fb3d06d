// A server that says what the test tells it to.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "store/redis/node/connection.hpp"
#include "store/redis/wire/reply.hpp"
#include "support/listener.hpp"

namespace ficha::testing {

// One client's connection, seen from the server.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(redis::Descriptor socket);

  // The next command, its arguments joined by spaces; "" when the client has gone.
  [[nodiscard]] std::string read_command();
  bool write(std::string_view bytes) { return send_all(socket_.get(), bytes); }

  // Answers the handshake's commands, with `more` right behind in the same write; false when the client has gone.
  bool shake_hands(std::string_view more = {});
  // Answers ECHO and the probe truly and everything else with OK, until the client goes.
  void behave();

  void shutdown() noexcept;

 private:
  redis::Descriptor socket_;
  redis::ReplyReader reader_;
};

// Runs `script` for each connection, with its number from 0, on a thread of its own. The connection ends with the script.
class ScriptedServer {
 public:
  using Script = std::function<void(ScriptedPeer& peer, int connection)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(listener_.port()); }
  [[nodiscard]] int connections() const noexcept { return connections_; }

 private:
  void run();

  Script script_;
  Listener listener_;
  redis::Wakeup wakeup_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::shared_ptr<ScriptedPeer>> peers_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace ficha::testing
