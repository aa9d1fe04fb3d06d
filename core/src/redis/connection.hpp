// One shared, pipelined RESP3 connection to one Redis node.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ficha/config.hpp"
#include "ficha/result.hpp"
#include "ficha/stats.hpp"
#include "redis/pending_queue.hpp"
#include "redis/url.hpp"
#include "task.hpp"

struct redisReply;

namespace ficha::redis {

// Whether losing the reply leaves a doubt: a `read` without a reply is timeout or unavailable, a `write` unknown_outcome.
enum class Effect : std::uint8_t { read, write };

class ReplyView;

// What a command is answered with, besides an error reply, which each may be.
enum class Shape : std::uint8_t { any, text, text_or_nil, integer, array, pong, echo };

// Commands that go out in one write, in order, as RESP.
class Commands {
 public:
  explicit Commands(Effect effect) noexcept : effect_(effect) {}
  Commands& add(std::initializer_list<std::string_view> arguments, Shape shape);
  Commands& add(std::span<const std::string_view> arguments, Shape shape);
  // GET and PTTL of one key: what every load sends, so it is written without counting.
  Commands& add_get_and_pttl(std::string_view key);
  // ECHO of a number, whose answer must be that very number; at most one in a Commands.
  Commands& add_echo(std::uint64_t number);

  // Whether `reply` may be what the command of this index is answered with.
  [[nodiscard]] bool fits(std::size_t index, ReplyView reply) const noexcept;

  // Overwrites the bytes. What growing left behind stays: a command with a password in it is the only one of its object.
  void wipe() noexcept;

  [[nodiscard]] Effect effect() const noexcept { return effect_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
  // Leaves everything else.
  [[nodiscard]] std::string take_bytes() noexcept { return std::exchange(bytes_, {}); }

 private:
  static constexpr std::size_t packed = 16;
  void add_shape(Shape shape);
  [[nodiscard]] Shape shape(std::size_t index) const noexcept;

  Effect effect_;
  std::size_t count_ = 0;
  std::string bytes_;
  std::uint64_t shapes_ = 0;  // of the first commands, four bits each: every load makes, moves and checks them
  std::vector<Shape> more_shapes_;
  std::uint64_t echo_ = 0;
};

// One node of a reply tree. A view; the tree belongs to Reply.
class ReplyView {
 public:
  enum class Type : std::uint8_t { nil, string, integer, error, array, other };
  explicit ReplyView(const redisReply* reply) noexcept : reply_(reply) {}
  [[nodiscard]] Type type() const noexcept;
  [[nodiscard]] std::string_view text() const noexcept;  // of string, status and error
  [[nodiscard]] std::int64_t integer() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;  // of array, map and set
  [[nodiscard]] ReplyView operator[](std::size_t i) const noexcept;

 private:
  const redisReply* reply_;
};

struct ReplyDeleter {
  void operator()(redisReply* reply) const noexcept;
};
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;
inline ReplyView view(const Reply& reply) noexcept {
  return ReplyView{reply.get()};
}

// The near cache's place in the stream. Called by whichever thread reads, strictly in the order of the stream, never by
// two threads at once.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  virtual void on_invalidate(std::string_view key) noexcept = 0;
  virtual void on_flush() noexcept = 0;  // null push: the server forgot everything
  virtual void on_disconnect() noexcept = 0;
};

struct ConnectionSettings {
  Endpoint endpoint;  // redis/url.hpp: address, TLS files, credentials, database
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds command_timeout;
  std::size_t max_in_flight;
  std::chrono::milliseconds probe_interval;  // an idle link is asked for TIME this often
  bool tracking;                             // CLIENT TRACKING ON after HELLO 3
  std::size_t max_string_bytes;              // a longer bulk string in a reply breaks the connection
};

// Connects at first use, in the background, with HELLO 3, AUTH, SELECT, CLIENT TRACKING and TIME; reconnects with capped
// exponential backoff and full jitter. Nothing is queued while disconnected, except that the first connect is waited for
// (within connect_timeout).
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
  // Send time (Clock::monotonic_nanoseconds) of the newest command that this link has answered; 0 while disconnected.
  // Every invalidation emitted before that time has been applied.
  [[nodiscard]] std::int64_t proven_at() const noexcept;
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
  Commands commands_;
  std::coroutine_handle<> caller_;
  std::vector<Reply> replies_;
  std::optional<Error> failure_;
};

}  // namespace ficha::redis
