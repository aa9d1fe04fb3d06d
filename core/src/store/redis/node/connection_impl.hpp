// The inside of Connection: who may touch what.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "store/redis/node/backoff.hpp"
#include "store/redis/node/connection.hpp"
#include "store/redis/node/counters.hpp"
#include "store/redis/node/eviction.hpp"
#include "store/redis/node/link_opening.hpp"

namespace ficha::redis {

// The place in the stream of commands that failed alone.
struct LateCommands {
  Commands commands;    // without their bytes
  std::size_t awaited;  // replies still to come
  std::int64_t sent_at_steady_ns;
};

// Two locks, never held while a coroutine is resumed or the observer is called; `send_mutex_` may be taken under
// `role_mutex_`, never the other way round.
//
// Sending. A sender appends to `out_` and to `pending_` under `send_mutex_`. Whoever finds nobody flushing swaps the
// buffer and writes it outside the lock, until nothing is left. What the socket does not take is left to the I/O thread;
// what is sent behind many unanswered commands, or from a continuation, to the reader.
//
// Reading. Exactly one thread has the reader's role: it alone touches `replies_` and the reader's side of `pending_`,
// resumes coroutines and calls the observer. A thread blocked in wait() takes the role when nobody has it, the I/O thread
// when bytes come and nobody has it; whoever leaves it hands it to a parked waiter, or to nobody. Both wait for bytes by
// epoll, a leader in leader_epoll_, the I/O thread in epoll_; the socket is in both with EPOLLEXCLUSIVE, the leader's
// first, so that bytes wake the leader if one waits, and else the I/O thread. A change of roles costs no system call.
//
// Failing alone. An overdue command is resumed by whoever has the reader's role: its place in the stream is then one of
// `late_`, which is before all of `pending_`, because time-outs pass in the order of sending.
//
// Ending. Whoever finds the link broken says so (break_link) and shuts the socket down, which ends every read and write.
// The I/O thread alone takes the link down, once the role is free and nobody flushes: exactly one completion for each.
struct Connection::Impl : std::enable_shared_from_this<Impl> {
  static constexpr const char* unfit_reply = "protocol error: a reply that does not fit its command";

  enum class Link : std::uint8_t {
    unused,         // no thread yet
    first_connect,  // commands are queued
    up,
    broken,  // shut down; the I/O thread is about to take it down
    down,    // commands fail at once
    closed,
  };

  Impl(ConnectionSettings settings, Hooks hooks, StreamObserver* observer);

  // --- connection.cpp: any thread
  bool submit(Send& send);
  std::optional<Error> refusal(const Send& send);
  void break_link(std::string_view reason) noexcept;
  void close() noexcept;
  [[nodiscard]] bool dispatching_here() const noexcept {
    return dispatching_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  void add_stats(Stats& stats) const noexcept;

  // Writes what is in out_, unless somebody is at it. Under `lock` at entry and exit, not while writing.
  void flush(std::unique_lock<std::mutex>& lock) noexcept;
  // The same, unless so much is unanswered that the reader will do it.
  void flush_if_shallow(std::unique_lock<std::mutex>& lock) noexcept;

  // --- connection_read.cpp
  struct Parked;
  void wait(Waiter& waiter) noexcept;
  void lead(Waiter& waiter) noexcept;
  bool try_take_role() noexcept;
  void stand_back() noexcept;
  void release_role() noexcept;
  void watch() noexcept;
  void unwatch() noexcept;
  void read_and_dispatch() noexcept;
  void dispatch_batch() noexcept;
  void dispatch(Reply reply) noexcept;
  void complete(Send& send) noexcept;
  bool apply_push(ReplyView push) noexcept;

  // --- connection_late.cpp: with the reader's role
  struct Overdue {
    Pending* first = nullptr;           // to be resumed, in order; each knows why it failed
    const char* end_of_link = nullptr;  // why the link has to end, if it has to
  };
  void expire_overdue() noexcept;
  void resume_overdue() noexcept;
  void take_overdue(std::int64_t now, Overdue& overdue);
  Error overdue_failure(bool may_have_happened);
  void drop_late(ReplyView reply) noexcept;
  void forget_late() noexcept;
  void publish_late() noexcept;

  // --- connection_io.cpp: the I/O thread
  bool start_io_thread();
  void run_io() noexcept;
  Result<std::int64_t> connect();
  void replace_transport(Transport transport) noexcept;
  void note_failure(const Error& error);
  void go_up(std::int64_t proof);
  void log_tracking();
  void serve();
  std::int64_t next_duty_ns();
  void await_events();
  void expire_if_due();
  void judge_silence();
  [[nodiscard]] std::int64_t next_probe_ns() const noexcept;
  void probe_if_due();
  Detached probe();
  void note_proof(std::int64_t sent_at) noexcept;
  void pause();
  void take_down() noexcept;
  void fail_pending(const Error& reason, std::uint64_t sent_bytes) noexcept;
  Error failure_of(const Send& send, const Error& reason, std::uint64_t sent_bytes, std::int64_t now);
  void adopt_server_time(std::int64_t sent_at, std::int64_t server_milliseconds) noexcept;
  void log(LogLevel level, const std::string& message) const noexcept;

  const ConnectionSettings settings_;
  const Hooks hooks_;
  Clock& clock_;
  StreamObserver* const observer_;
  const std::string where_;  // "redis at 127.0.0.1:6379", for messages
  Wakeup wakeup_;

  // Read by everybody, all the time; written rarely.
  alignas(64) std::atomic<std::uint64_t> epoch_{1};
  std::atomic<std::int64_t> server_offset_ms_{0};  // server's Unix time - Clock::monotonic

  alignas(64) std::mutex send_mutex_;
  std::atomic<Link> link_{Link::unused};      // written under send_mutex_
  Error reason_{ErrorCode::unavailable, {}};  // why the link is not up
  std::string out_;                           // not yet taken by a flusher
  std::size_t out_commands_ = 0;
  std::string writing_;  // the flusher's; what the socket has not taken yet begins at written_
  std::size_t written_ = 0;
  std::uint64_t appended_offset_ = 0;  // in the stream of this link: end of out_
  std::uint64_t written_offset_ = 0;   // … and how much of it the socket has taken
  bool flushing_ = false;
  std::atomic<bool> write_blocked_{false};  // the I/O thread waits for the socket to take more
  std::condition_variable flushed_;
  PendingQueue pending_;
  std::atomic<std::size_t> in_flight_{0};

  alignas(64) std::mutex role_mutex_;
  enum class Role : std::uint8_t { nobody, leader, io_thread };
  Role role_ = Role::io_thread;  // the I/O thread's until the link is up
  Parked* parked_ = nullptr;     // newest first
  bool wants_bytes_ = true;      // false: a leader is at it, and bytes that come need not wake the I/O thread
  std::uint32_t watched_ = 0;    // what epoll_ watches the socket for

  // The reader's.
  alignas(64) std::unique_ptr<ReplyReader> replies_;
  std::array<char, Transport::read_size> buffer_;
  bool may_have_more_ = false;                  // the last read may have left bytes in the socket
  std::int64_t batch_clock_ns_ = 0;             // Clock::monotonic_nanoseconds at the begin of this batch of replies
  std::int64_t batch_steady_ns_ = 0;            // steady_clock then
  std::deque<LateCommands> late_;               // what failed alone, and is still to be answered
  Pending* overdue_ = nullptr;                  // what has failed alone, and is to be resumed, in order
  std::atomic<std::thread::id> dispatching_{};  // who resumes coroutines now

  // What the reader has seen, for the I/O thread; nanoseconds of steady_clock.
  std::atomic<std::int64_t> heard_at_ns_{0};     // the last bytes
  std::atomic<std::int64_t> answered_at_ns_{0};  // the last reply
  std::atomic<std::int64_t> late_since_ns_{0};   // when the oldest of late_ was sent; 0 = there is none
  std::atomic<bool> midway_{false};              // a reply has begun, and not ended

  ServerFacts server_;  // of this link; written while nobody reads

  // The I/O thread's.
  Transport transport_;  // replaced only while nobody reads or flushes
  Resolver resolver_;
  Backoff backoff_;
  std::uint64_t jitter_;
  Descriptor epoll_;
  Descriptor leader_epoll_;
  std::optional<TrialLink> trial_;       // beside this link, while it is silent
  std::int64_t trial_began_ns_ = 0;      // steady_clock
  std::optional<OpenLink> replacement_;  // what a trial has made
  std::int64_t next_expiry_ns_ = 0;      // steady_clock; what is overdue is somebody else's to fail until then
  std::atomic<bool> probing_{false};
  std::int64_t probed_at_ns_ = 0;                 // when the last probe was sent
  std::atomic<std::int64_t> last_success_ns_{0};  // … and the last that a primary answered
  std::string logged_reason_;
  std::string logged_refusal_;  // of CLIENT TRACKING

  Counters counters_;
  Eviction eviction_;

  std::mutex thread_mutex_;  // held while joining
  std::thread thread_;
};

[[nodiscard]] inline std::int64_t steady_nanoseconds() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

[[nodiscard]] inline std::int64_t nanoseconds(std::chrono::milliseconds duration) noexcept {
  return std::chrono::nanoseconds(duration).count();
}

}  // namespace ficha::redis
