// A client that is open, with what lives as long as it does, and how its functions are made.
#pragma once

#include <node_api.h>

#include <atomic>
#include <memory>
#include <utility>

#include "config.hpp"
#include "ficha/client.hpp"
#include "log_sink.hpp"

namespace ficha::node {

// Lives as long as one of its functions, or an operation that is under way.
struct ClientHandle {
  ClientHandle(Client opened, std::shared_ptr<ManualClock> manual_clock, std::shared_ptr<LogSink> log_sink)
      : clock(std::move(manual_clock)), log(std::move(log_sink)), client(std::move(opened)) {
    ++alive;
    ++unclosed;
  }
  ClientHandle(const ClientHandle&) = delete;
  ~ClientHandle() {
    if (!closed) --unclosed;
    --alive;
  }
  void close() noexcept {
    if (!std::exchange(closed, true)) --unclosed;
    client.close();
  }

  const std::shared_ptr<ManualClock> clock;
  const std::shared_ptr<LogSink> log;
  Client client;
  bool closed = false;

  // Of all environments.
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> unclosed{0};
};

using SharedClient = std::shared_ptr<ClientHandle>;

// A function of the client: the callback's data is its SharedClient.
struct Method {
  const char* name;
  napi_callback callback;
};

}  // namespace ficha::node
