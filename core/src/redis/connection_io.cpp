// The I/O thread: connecting, deadlines, probes, taking a broken link down.
#include <pthread.h>
#include <sys/epoll.h>

#include <csignal>
#include <system_error>

#include "redis/connection_impl.hpp"
#include "redis/handshake.hpp"

namespace ficha::redis {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

// The server's clock is asked this often even on a busy link, whose liveness needs no probe.
constexpr std::int64_t clock_refresh_ns = 2000 * ns_per_ms;

std::int64_t nanoseconds(std::chrono::milliseconds duration) {
  return std::chrono::nanoseconds(duration).count();
}

// SplitMix64: spreads reconnects; nothing secret depends on it.
std::uint64_t next_random(std::uint64_t& state) noexcept {
  std::uint64_t z = state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace

// Under send_mutex_. The thread inherits a mask that blocks every signal: the host's handlers run on the host's threads.
bool Connection::Impl::start_io_thread() {
  epoll_ = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  leader_epoll_ = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll_ || !leader_epoll_ || !wakeup_.valid()) return false;
  epoll_event event{EPOLLIN, {.fd = wakeup_.descriptor()}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.descriptor(), &event) != 0) return false;

  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    thread_ = std::thread([self = shared_from_this()] { self->run_io(); });
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void Connection::Impl::run_io() noexcept {
  pthread_setname_np(pthread_self(), "ficha-io");
  while (!wakeup_.cancelled()) {
    const Result<std::int64_t> proof = connect();
    if (proof) {
      const std::int64_t since = steady_nanoseconds();
      go_up(*proof);
      serve();
      backoff_.link_ended(std::chrono::nanoseconds(steady_nanoseconds() - since));
    } else {
      note_failure(proof.error());
    }
    take_down();
    replace_transport({});
    if (!wakeup_.cancelled()) pause();
  }
  take_down();
}

void Connection::Impl::replace_transport(Transport transport) noexcept {
  const std::lock_guard lock(send_mutex_);
  transport_ = std::move(transport);
}

// The send time of a command that the new link has answered.
Result<std::int64_t> Connection::Impl::connect() {
  const SteadyTime deadline = std::chrono::steady_clock::now() + settings_.connect_timeout;
  Result<Transport> transport = Transport::open(settings_.endpoint, resolver_, deadline, wakeup_);
  if (!transport) return transport.error();
  replace_transport(*std::move(transport));
  may_have_more_ = false;
  replies_ = std::make_unique<ReplyReader>(ReplyLimits{.string_bytes = settings_.max_string_bytes});
  Result<std::int64_t> proof = shake_hands(deadline);
  if (!proof) return proof;

  epoll_event event{EPOLLIN | EPOLLEXCLUSIVE, {.fd = transport_.descriptor()}};
  const int added = ::epoll_ctl(leader_epoll_.get(), EPOLL_CTL_ADD, transport_.descriptor(), &event);
  const std::lock_guard lock(role_mutex_);
  wants_bytes_ = true;
  watch();
  if (added != 0 || watched_ == 0) return Error{ErrorCode::unavailable, "no memory left to watch the socket"};
  return proof;
}

Result<std::int64_t> Connection::Impl::shake_hands(SteadyTime deadline) {
  const Error late{ErrorCode::unavailable, "the server did not answer in time"};
  const Handshake handshake = make_handshake(settings_);
  const std::int64_t sent_at = clock_.monotonic_nanoseconds();
  std::string_view unsent = handshake.bytes.reveal();
  while (!unsent.empty()) {
    const SocketOutcome outcome = transport_.write(unsent);
    if (outcome.state == SocketOutcome::State::ended) return Error{ErrorCode::unavailable, error_text(outcome.error)};
    unsent.remove_prefix(outcome.bytes);
    if (!unsent.empty() && wait_for(transport_.descriptor(), POLLOUT, deadline, wakeup_) != Wait::ready) return late;
  }

  std::vector<Reply> replies;
  while (replies.size() < handshake.commands) {
    Reply reply = replies_->next();
    if (replies_->failed()) return Error{ErrorCode::unavailable, "protocol error: " + replies_->error()};
    if (reply) {
      if (!is_push(reply)) {
        replies.push_back(std::move(reply));
        // An early refusal (too many clients, no permission) may be the last that is said.
        const bool refused = view(replies.back()).type() == ReplyView::Type::error;
        if (refused && !handshake.may_refuse(replies.size() - 1)) break;
      } else if (!apply_push(view(reply))) {
        return Error{ErrorCode::unavailable, "protocol error: a malformed push"};
      }
      continue;
    }
    const SocketOutcome outcome = transport_.read(buffer_);
    if (outcome.state == SocketOutcome::State::ended) return Error{ErrorCode::unavailable, error_text(outcome.error)};
    if (outcome.state == SocketOutcome::State::moved)
      replies_->feed({buffer_.data(), outcome.bytes});
    else if (wait_for(transport_.descriptor(), POLLIN, deadline, wakeup_) != Wait::ready)
      return late;
  }
  if (std::optional<Error> error = judge_handshake(settings_, replies)) return *std::move(error);
  for (Reply reply = replies_->next(); reply; reply = replies_->next()) {
    if (!is_push(reply) || !apply_push(view(reply)))
      return Error{ErrorCode::unavailable, "protocol error: a reply that nobody asked for"};
  }
  if (replies_->failed()) return Error{ErrorCode::unavailable, "protocol error: " + replies_->error()};

  adopt_server_time(sent_at, *parse_time(view(replies.back())));
  time_asked_ns_ = sent_at;
  eviction_.learn(view(replies[handshake.optional]), view(replies[handshake.optional + 1]));
  return sent_at;
}

void Connection::Impl::go_up(std::int64_t proof) {
  counters_.connects.add(1);
  logged_reason_.clear();
  proven_at_.store(proof, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_acq_rel);
  log(LogLevel::info, where_ + ": connected");
  if (const std::optional<std::string> warning = eviction_.warning()) log(LogLevel::warning, where_ + ": " + *warning);
  {
    std::unique_lock lock(send_mutex_);
    if (link_.load(std::memory_order_relaxed) == Link::closed) return;
    link_.store(Link::up, std::memory_order_release);
    // The commands that waited for the first connect begin their lives now.
    const std::int64_t now = clock_.monotonic_nanoseconds();
    const std::int64_t deadline = steady_nanoseconds() + nanoseconds(settings_.command_timeout);
    pending_.restamp([=](Pending& entry) {
      entry.sent_at = now;
      entry.deadline = deadline;
    });
    flush(lock);
  }
  const std::lock_guard lock(role_mutex_);
  release_role();
}

void Connection::Impl::serve() {
  while (link_.load(std::memory_order_acquire) == Link::up) {
    await_events();
    expire_overdue();
    probe_if_due();
  }
  {
    const std::lock_guard lock(role_mutex_);
    unwatch();
  }
  // Whoever reads now finds the socket shut down, and signals when it has let go.
  while (!try_take_role()) {
    epoll_event event;
    ::epoll_wait(epoll_.get(), &event, 1, -1);
    wakeup_.drain();
  }
}

// Sends share one time-out, so a sleep no longer than that never ends after the deadline of a command sent during it.
std::int64_t Connection::Impl::next_duty_ns() {
  const std::int64_t now = steady_nanoseconds();
  const std::int64_t proof_age = clock_.monotonic_nanoseconds() - proven_at_.load(std::memory_order_relaxed);
  std::int64_t left = nanoseconds(settings_.command_timeout);
  if (!probing_.load(std::memory_order_relaxed))
    left = std::min(left, nanoseconds(settings_.probe_interval) - proof_age);
  const std::lock_guard lock(send_mutex_);
  return std::max<std::int64_t>(std::min(left, pending_.oldest_deadline() - now), 0);
}

void Connection::Impl::await_events() {
  epoll_event events[2];
  const int count =
      ::epoll_wait(epoll_.get(), events, 2, static_cast<int>((next_duty_ns() + ns_per_ms - 1) / ns_per_ms));
  for (int i = 0; i < count; ++i) {
    if (events[i].data.fd == wakeup_.descriptor()) {
      wakeup_.drain();
      const std::lock_guard lock(role_mutex_);
      watch();
      continue;
    }
    if ((events[i].events & EPOLLOUT) != 0) {
      {
        std::unique_lock lock(send_mutex_);
        write_blocked_ = false;
        flush(lock);
      }
      const std::lock_guard lock(role_mutex_);
      watch();
    }
    if ((events[i].events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) continue;
    if (!try_take_role()) {
      stand_back();
      continue;
    }
    read_and_dispatch();
    const std::lock_guard lock(role_mutex_);
    release_role();
  }
}

void Connection::Impl::expire_overdue() {
  {
    const std::lock_guard lock(send_mutex_);
    if (pending_.oldest_deadline() > steady_nanoseconds()) return;
  }
  break_link("a command was not answered in time");
}

void Connection::Impl::probe_if_due() {
  const std::int64_t now = clock_.monotonic_nanoseconds();
  const bool unproven = now - proven_at_.load(std::memory_order_relaxed) >= nanoseconds(settings_.probe_interval);
  const bool clock_is_old = now - time_asked_ns_ >= clock_refresh_ns;
  if (!(unproven || clock_is_old) || probing_.exchange(true, std::memory_order_relaxed)) return;
  time_asked_ns_ = now;
  probe();
}

// TIME, not PING: PING is refused under MISCONF, and the server's clock is wanted anyway.
Detached Connection::Impl::probe() {
  Send ask{*this, std::move(Commands{Effect::read}.add({"TIME"}))};
  const Result<std::vector<Reply>> replies = co_await ask;
  if (replies) {
    if (const std::optional<std::int64_t> time = parse_time(view(replies->front())))
      adopt_server_time(ask.sent_at(), *time);
  }
  probing_.store(false, std::memory_order_relaxed);
}

void Connection::Impl::adopt_server_time(std::int64_t sent_at, std::int64_t server_milliseconds) noexcept {
  const std::int64_t midway_ns = sent_at + (clock_.monotonic_nanoseconds() - sent_at) / 2;
  server_offset_ms_.store(server_milliseconds - midway_ns / ns_per_ms, std::memory_order_relaxed);
}

void Connection::Impl::note_failure(const Error& error) {
  if (wakeup_.cancelled()) return;
  counters_.connect_failures.add(1);
  Error noted = error;
  noted.message = where_ + ": " + error.message;
  if (noted.message != logged_reason_) log(LogLevel::warning, noted.message);
  logged_reason_ = noted.message;
  const std::lock_guard lock(send_mutex_);
  if (link_.load(std::memory_order_relaxed) != Link::closed) reason_ = std::move(noted);
}

void Connection::Impl::pause() {
  const std::chrono::microseconds delay = backoff_.next(next_random(jitter_));
  wait_for(-1, 0, std::chrono::steady_clock::now() + delay, wakeup_);
}

// With the reader's role. Afterwards nothing is pending, and nothing of this link is left to write.
void Connection::Impl::take_down() noexcept {
  Error reason{ErrorCode::unavailable, {}};
  std::uint64_t sent_bytes = 0;
  {
    std::unique_lock lock(send_mutex_);
    if (link_.load(std::memory_order_relaxed) != Link::closed) link_.store(Link::down, std::memory_order_release);
    flushed_.wait(lock, [this] { return !flushing_; });
    reason = reason_;
    sent_bytes = std::exchange(written_offset_, 0);
    appended_offset_ = written_ = 0;
    write_blocked_ = false;
    out_commands_ = 0;
    out_.clear();
    writing_.clear();
    pending_.refill();
  }
  proven_at_.store(0, std::memory_order_release);
  if (epoch_.load(std::memory_order_relaxed) % 2 == 0) {
    epoch_.fetch_add(1, std::memory_order_acq_rel);
    if (observer_) observer_->on_disconnect();
    log(reason.code == ErrorCode::closed ? LogLevel::info : LogLevel::warning, reason.message);
  }
  fail_pending(reason, sent_bytes);
}

void Connection::Impl::fail_pending(const Error& reason, std::uint64_t sent_bytes) noexcept {
  const std::int64_t now = steady_nanoseconds();
  const std::thread::id before = dispatching_.exchange(std::this_thread::get_id(), std::memory_order_relaxed);
  while (Pending* pending = pending_.front()) {
    Send& send = static_cast<Send&>(*pending);
    pending_.pop();
    in_flight_.fetch_sub(send.commands_.count(), std::memory_order_relaxed);
    send.replies_.clear();
    send.failure_ = failure_of(send, reason, sent_bytes, now);
    send.caller_.resume();
  }
  dispatching_.store(before, std::memory_order_relaxed);
}

Error Connection::Impl::failure_of(const Send& send, const Error& reason, std::uint64_t sent_bytes, std::int64_t now) {
  if (reason.code == ErrorCode::closed) return reason;
  const bool sent = send.stream_offset < sent_bytes;
  if (sent && send.commands_.effect() == Effect::write)
    return {ErrorCode::unknown_outcome, reason.message + " (a write was sent; it may have happened)"};
  if (send.deadline > now) return reason;
  counters_.timeouts.add(1);
  return {ErrorCode::timeout, where_ + ": no answer in time"};
}

void Connection::Impl::log(LogLevel level, const std::string& message) const noexcept {
  if (hooks_.log) hooks_.log(level, message);
}

}  // namespace ficha::redis
