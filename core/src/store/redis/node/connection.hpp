// One shared, pipelined RESP3 connection to one Redis node.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "ficha/hooks.hpp"
#include "ficha/result.hpp"
#include "ficha/stats.hpp"
#include "store/redis/node/pending_queue.hpp"
#include "store/redis/node/stream_observer.hpp"
#include "store/redis/socket/url.hpp"
#include "store/redis/wire/commands.hpp"
#include "store/redis/wire/reply.hpp"

namespace ficha::redis {

struct ConnectionSettings {
  Endpoint endpoint;  // socket/url.hpp: address, TLS files, credentials, database
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds command_timeout;
  std::size_t max_in_flight;
  std::chrono::milliseconds probe_interval;  // the server is asked whether it is primary this often, busy or idle
  std::string probe_key;                     // that nobody ever makes, for the probe of a cluster
  bool tracking;                             // CLIENT TRACKING ON after HELLO 3; a server may refuse it
  std::size_t max_string_bytes;              // a longer bulk string in a reply breaks the connection
};

// Connects at first use, in the background, with HELLO 3, AUTH, SELECT, CLIENT TRACKING and TIME; reconnects with capped
// exponential backoff and full jitter. Nothing is queued while disconnected, except that the first connect is waited for
// (within connect_timeout). A replica is refused, and a primary that becomes one is left as soon as a probe says so.
//
// A command that is not answered within command_timeout fails alone. What the socket has of it keeps its place in the
// stream: its replies go on counting against max_in_flight until they have come, are checked, and dropped. What no byte
// went out of never goes out. The link ends when it can no longer be trusted, and is never reused then:
//  - a reply has another shape than its command's, is no RESP3, or answers nothing; or condemn() was called;
//  - a reply breaks off, and no byte comes for command_timeout;
//  - the socket takes no byte of a command for command_timeout;
//  - nothing is answered for command_timeout, and a second link, tried beside this one, is answered meanwhile (a peer that
//    vanished): it takes this one's place. Without such an answer the link ends after two seconds of silence, or twice
//    command_timeout where that is longer.
// Thread rule: every function from any thread. Fork rule: the owner leaks it in the child (see client.cpp).
class Connection {
 public:
  Connection(ConnectionSettings settings, Hooks hooks, StreamObserver* observer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  class Send;
  // co_await yields Result<std::vector<Reply>>: one reply per command (a Redis error reply is a Reply), or why there is
  // none. The awaiting coroutine resumes on the reading thread, at the place of the last reply in the stream, before
  // anything behind it is looked at: what it does before its next suspension is in stream order. One that fails resumes
  // on that thread too, when everything sent before it has been answered or has failed.
  [[nodiscard]] Send send(Commands commands);

  // Sends what HeldSends has kept back.
  void flush() noexcept;

  // Blocks until `waiter` is done; reads replies for everybody while nobody else does (leader reads).
  void wait(Waiter& waiter) noexcept;

  // A reply proved that this stream cannot be trusted (wrong guard): close it; nobody gets another reply from it.
  void condemn(std::string_view why) noexcept;

  // Grows with every disconnect; even while connected, odd while not.
  [[nodiscard]] std::uint64_t epoch() const noexcept;
  // Unix milliseconds on the server's clock: TIME at connect, refreshed by probes, carried on by the monotonic clock.
  [[nodiscard]] std::int64_t server_milliseconds() const noexcept;
  // The same for a moment that the caller has looked up: Clock::monotonic_nanoseconds.
  [[nodiscard]] std::int64_t server_milliseconds_at(std::int64_t now_ns) const noexcept;

  // How many keys the server had evicted when it answered just now; nullopt if it does not say.
  void note_evicted_keys(std::optional<std::uint64_t> evicted) noexcept;
  void add_stats(Stats& stats) const noexcept;
  // What is in flight completes with ErrorCode::closed before this returns. Idempotent.
  void close() noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the I/O thread
};

// Awaiter of Connection::send.
class Connection::Send : private Pending {
 public:
  Send(Impl& impl, Commands commands) noexcept : impl_(impl), commands_(std::move(commands)) {}
  static bool await_ready() noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller);  // false: failed at once
  Result<std::vector<Reply>> await_resume();

  // Clock::monotonic_nanoseconds when the commands were handed over; 0 if they never were.
  [[nodiscard]] std::int64_t sent_at() const noexcept { return Pending::sent_at; }

 private:
  friend struct Connection::Impl;
  Impl& impl_;
  // Not counted, nor held to max_in_flight: saturation must not look like a server that is no primary.
  bool is_probe_ = false;
  Commands commands_;
  std::coroutine_handle<> caller_;
  std::vector<Reply> replies_;
  std::optional<Error> failure_;
};

}  // namespace ficha::redis
