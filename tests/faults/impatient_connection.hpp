// A connection that does not wait long, and a scripted server that a test tells when to go on.
#pragma once

#include <condition_variable>
#include <mutex>

#include "faults/connection_fixture.hpp"
#include "support/scripted_server.hpp"

namespace ficha::redis {

using namespace std::chrono_literals;
using namespace ::ficha::testing;

inline constexpr auto patience = 100ms;  // command_timeout of these tests

// What a test tells the server's script, step by step.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  // False where nobody opens it.
  bool pass() {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, 20s, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

inline ConnectionSettings impatient(const std::string& url) {
  ConnectionSettings settings = settings_for(url);
  settings.command_timeout = patience;
  settings.connect_timeout = 2s;
  settings.probe_interval = 60s;  // only these tests' commands are on the wire
  return settings;
}

inline Commands get_and_pttl(const std::string& key) {
  Commands commands(Effect::read);
  commands.add_get_and_pttl(key);
  return commands;
}

inline std::uint64_t connects(const Connection& connection) {
  Stats stats;
  connection.add_stats(stats);
  return stats.connects;
}

}  // namespace ficha::redis
