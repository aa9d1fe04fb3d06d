// The I/O thread: connecting, deadlines, probes, taking a broken link down.
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#include <algorithm>

#include "store/redis/node/connection_impl.hpp"
#include "store/redis/node/handshake.hpp"
#include "store/redis/socket/io_thread.hpp"

namespace ficha::redis {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

// A link that answers nothing ends after so long, whatever else is tried.
constexpr std::int64_t longest_silence_ns = 2000 * ns_per_ms;
// How often it is looked at meanwhile.
constexpr std::int64_t silence_step_ns = 25 * ns_per_ms;
// What is overdue, and not the I/O thread's to fail, is done by then: twice as long as a leader takes to look up.
constexpr std::int64_t expiry_step_ns = 40 * ns_per_ms;

// SplitMix64: spreads reconnects; nothing secret depends on it.
std::uint64_t next_random(std::uint64_t& state) noexcept {
  std::uint64_t z = state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace

// Under send_mutex_.
bool Connection::Impl::start_io_thread() {
  epoll_ = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  leader_epoll_ = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll_ || !leader_epoll_ || !wakeup_.valid()) return false;
  epoll_event event{EPOLLIN, {.fd = wakeup_.descriptor()}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.descriptor(), &event) != 0) return false;
  thread_ = start_thread([self = shared_from_this()] { self->run_io(); });
  return thread_.joinable();
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
    if (!wakeup_.cancelled() && !replacement_) pause();
  }
  take_down();
}

void Connection::Impl::replace_transport(Transport transport) noexcept {
  const std::lock_guard lock(send_mutex_);
  transport_ = std::move(transport);
}

// The send time of a command that the new link has answered.
Result<std::int64_t> Connection::Impl::connect() {
  Result<OpenLink> link = replacement_ ? Result<OpenLink>(*std::exchange(replacement_, std::nullopt))
                                       : open_link(settings_, clock_, resolver_, wakeup_);
  if (!link) return link.error();
  replace_transport(std::move(link->transport));
  replies_ = std::move(link->replies);
  may_have_more_ = false;
  midway_.store(false, std::memory_order_relaxed);
  adopt_server_time(link->sent_at, link->server_milliseconds);
  server_ = std::move(link->server);
  probed_at_ns_ = link->sent_at;

  epoll_event event{EPOLLIN | EPOLLEXCLUSIVE, {.fd = transport_.descriptor()}};
  const int added = ::epoll_ctl(leader_epoll_.get(), EPOLL_CTL_ADD, transport_.descriptor(), &event);
  const std::lock_guard lock(role_mutex_);
  wants_bytes_ = true;
  watch();
  if (added != 0 || watched_ == 0) return Error{ErrorCode::unavailable, "no memory left to watch the socket"};
  eviction_.learn(view(link->memory_info), view(link->stats_info));
  return link->sent_at;
}

void Connection::Impl::go_up(std::int64_t proof) {
  counters_.connects.add(1);
  logged_reason_.clear();
  heard_at_ns_.store(steady_nanoseconds(), std::memory_order_relaxed);
  answered_at_ns_.store(steady_nanoseconds(), std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_acq_rel);
  note_proof(proof);
  log(LogLevel::info, where_ + ": connected");
  log_tracking();
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

// Once for each reason, not once for each connect.
void Connection::Impl::log_tracking() {
  if (!settings_.tracking || server_.tracking_refusal == logged_refusal_) return;
  logged_refusal_ = server_.tracking_refusal;
  if (server_.tracking) return;
  log(LogLevel::warning, where_ + ": no near cache: the server refuses CLIENT TRACKING (" + logged_refusal_ + ')');
}

void Connection::Impl::serve() {
  while (link_.load(std::memory_order_acquire) == Link::up) {
    await_events();
    expire_if_due();
    judge_silence();
    probe_if_due();
  }
  trial_.reset();
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
  const std::int64_t clock_now = clock_.monotonic_nanoseconds();
  std::int64_t left = nanoseconds(settings_.command_timeout);
  if (!probing_.load(std::memory_order_relaxed)) left = std::min(left, next_probe_ns() - clock_now);
  if (late_since_ns_.load(std::memory_order_relaxed) != 0) left = std::min(left, silence_step_ns);
  const std::lock_guard lock(send_mutex_);
  const std::int64_t expiry = std::max(pending_.oldest_deadline(), next_expiry_ns_);
  return std::max<std::int64_t>(std::min(left, expiry - now), 0);
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

// A leader looks at what is overdue by itself. What has come meanwhile is read first: this process may have stood still.
void Connection::Impl::expire_if_due() {
  const std::int64_t now = steady_nanoseconds();
  {
    const std::lock_guard lock(send_mutex_);
    if (pending_.oldest_deadline() > now) return;
  }
  next_expiry_ns_ = now + expiry_step_ns;
  if (!try_take_role()) return;
  read_and_dispatch();
  const std::lock_guard lock(role_mutex_);
  release_role();
}

// Whether the link is to end because nothing comes: a reply broke off, or commands are late and nothing is answered. A slow
// server answers no second link either; a peer that vanished, or a path that drops this link's packets, may.
void Connection::Impl::judge_silence() {
  const std::int64_t now = steady_nanoseconds();
  const std::int64_t patience = nanoseconds(settings_.command_timeout);
  if (midway_.load(std::memory_order_relaxed) && now - heard_at_ns_.load(std::memory_order_relaxed) >= patience)
    return break_link("a reply broke off");

  const std::int64_t late_since = late_since_ns_.load(std::memory_order_relaxed);
  const std::int64_t silent_for = now - std::max(answered_at_ns_.load(std::memory_order_relaxed), late_since);
  if (late_since == 0 || silent_for < patience) {
    trial_.reset();
    replacement_.reset();
    return;
  }
  if (silent_for >= std::max(longest_silence_ns, 2 * patience)) return break_link("the server answers nothing");

  // A server that was slow has answered this link first: what a reader is about to make of it is seen by the next look.
  if (replacement_) {
    pollfd socket{transport_.descriptor(), POLLIN, 0};
    if (::poll(&socket, 1, 0) == 0) break_link("nothing is answered, and a second connection is");
    return;
  }
  if (trial_ && trial_->over()) {
    if (Result<OpenLink> link = trial_->take()) replacement_.emplace(*std::move(link));
  }
  if (!replacement_ &&
      (!trial_ || (trial_->over() && now - trial_began_ns_ >= nanoseconds(settings_.connect_timeout)))) {
    trial_.reset();
    trial_began_ns_ = now;
    trial_.emplace(settings_, clock_, wakeup_);
  }
}

// On clock_. A probe that was refused, or came to nothing, is not repeated at once.
std::int64_t Connection::Impl::next_probe_ns() const noexcept {
  const std::int64_t interval = nanoseconds(settings_.probe_interval);
  return std::max(last_success_ns_.load(std::memory_order_relaxed) + interval,
                  probed_at_ns_ + std::min(interval, silence_step_ns));
}

void Connection::Impl::probe_if_due() {
  const std::int64_t now = clock_.monotonic_nanoseconds();
  if (now < next_probe_ns() || probing_.exchange(true, std::memory_order_relaxed)) return;
  probed_at_ns_ = now;
  probe();
}

Detached Connection::Impl::probe() {
  Send ask{*this, make_probe(settings_, server_.cluster)};
  ask.is_probe_ = true;
  const Result<std::vector<Reply>> replies = co_await ask;
  if (replies) {
    switch (judge_probe(server_.cluster, view(replies->front()))) {
      case ProbeVerdict::proves:
        note_proof(ask.sent_at());
        break;
      case ProbeVerdict::unproven:
        if (observer_) observer_->on_doubt();
        break;
      case ProbeVerdict::replica:
        break_link("the server has become a replica");
        break;
    }
    if (const std::optional<std::int64_t> time = parse_time(view(replies->back())))
      adopt_server_time(ask.sent_at(), *time);
  }
  probing_.store(false, std::memory_order_relaxed);
}

void Connection::Impl::note_proof(std::int64_t sent_at) noexcept {
  last_success_ns_.store(sent_at, std::memory_order_relaxed);
  if (observer_ && server_.tracking) observer_->on_proof(sent_at);
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
  forget_late();
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
  resume_overdue();  // where one of them has closed the connection
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
  return send.deadline > now ? reason : overdue_failure(false);
}

void Connection::Impl::log(LogLevel level, const std::string& message) const noexcept {
  if (hooks_.log) hooks_.log(level, message);
}

}  // namespace ficha::redis
