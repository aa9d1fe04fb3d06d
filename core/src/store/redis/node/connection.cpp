#include "store/redis/node/connection.hpp"

#include "base/held_sends.hpp"
#include "store/redis/node/connection_impl.hpp"

namespace ficha::redis {
namespace {

// With this many commands before the server, one more waits for the next replies and goes out with all that came
// meanwhile. It loses nothing, because the server answers in order; the reader flushes after each batch of replies.
constexpr std::size_t batching_depth = 16;

}  // namespace

Connection::Connection(ConnectionSettings settings, Hooks hooks, StreamObserver* observer)
    : impl_(std::make_shared<Impl>(std::move(settings), std::move(hooks), observer)) {}

Connection::~Connection() {
  impl_->close();
  // The last of its continuations may destroy the connection: then the I/O thread keeps Impl until it ends.
  if (impl_->thread_.joinable()) impl_->thread_.detach();
}

Connection::Send Connection::send(Commands commands) {
  return {*impl_, std::move(commands)};
}

void Connection::flush() noexcept {
  std::unique_lock lock(impl_->send_mutex_);
  impl_->flush_if_shallow(lock);
}

void Connection::wait(Waiter& waiter) noexcept {
  impl_->wait(waiter);
}

void Connection::condemn(std::string_view why) noexcept {
  impl_->break_link(why);
}

std::uint64_t Connection::epoch() const noexcept {
  return impl_->epoch_.load(std::memory_order_acquire);
}

std::int64_t Connection::server_milliseconds() const noexcept {
  return server_milliseconds_at(impl_->clock_.monotonic_nanoseconds());
}

std::int64_t Connection::server_milliseconds_at(std::int64_t now_ns) const noexcept {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  return impl_->server_offset_ms_.load(std::memory_order_relaxed) + now_ns / ns_per_ms;
}

void Connection::note_evicted_keys(std::optional<std::uint64_t> evicted) noexcept {
  impl_->eviction_.note(evicted);
}

void Connection::add_stats(Stats& stats) const noexcept {
  impl_->add_stats(stats);
}

void Connection::close() noexcept {
  impl_->close();
}

bool Connection::Send::await_suspend(std::coroutine_handle<> caller) {
  caller_ = caller;
  return impl_.submit(*this);
}

Result<std::vector<Reply>> Connection::Send::await_resume() {
  if (failure_) return *std::move(failure_);
  return std::move(replies_);
}

Connection::Impl::Impl(ConnectionSettings settings, Hooks hooks, StreamObserver* observer)
    : settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      clock_(hooks_.clock ? *hooks_.clock : system_clock()),
      observer_(observer),
      where_("redis at " + address(settings_.endpoint)),
      reason_{ErrorCode::unavailable, where_ + ": not connected yet"},
      jitter_(static_cast<std::uint64_t>(steady_nanoseconds()) ^ reinterpret_cast<std::uintptr_t>(this)) {}

// Why `send` cannot be taken now. The first command starts the I/O thread.
std::optional<Error> Connection::Impl::refusal(const Send& send) {
  switch (link_.load(std::memory_order_relaxed)) {
    case Link::unused:
      if (!start_io_thread()) return Error{ErrorCode::unavailable, "no thread or descriptor left for a connection"};
      link_.store(Link::first_connect, std::memory_order_relaxed);
      break;
    case Link::first_connect:
    case Link::up:
      break;
    case Link::broken:
    case Link::down:
    case Link::closed:
      return reason_;
  }
  const std::size_t in_flight = in_flight_.load(std::memory_order_relaxed) + send.commands_.count();
  if (in_flight > settings_.max_in_flight && !send.is_probe_)
    return Error{ErrorCode::overloaded, "too many commands are in flight"};
  return std::nullopt;
}

bool Connection::Impl::submit(Send& send) {
  const std::size_t count = send.commands_.count();
  if (count == 0) return false;
  send.replies_.reserve(count);
  const std::string bytes = send.commands_.take_bytes();  // to be freed on the thread that made them

  // A continuation's commands go out with those of the others that this batch of replies resumes.
  const bool corked = dispatching_here();
  send.Pending::sent_at = corked ? batch_clock_ns_ : clock_.monotonic_nanoseconds();
  const std::int64_t now = corked ? batch_steady_ns_ : steady_nanoseconds();
  send.deadline = now + std::chrono::nanoseconds(settings_.command_timeout).count();
  send.awaited = count;

  std::unique_lock lock(send_mutex_);
  if (std::optional<Error> error = refusal(send)) {
    send.failure_ = std::move(error);
    return false;
  }
  // What waits for the first connect is given that time too; its own begins when the link is up.
  if (link_.load(std::memory_order_relaxed) == Link::first_connect)
    send.deadline += std::chrono::nanoseconds(settings_.connect_timeout).count();
  out_.append(bytes);
  send.stream_offset = appended_offset_;
  send.bytes = bytes.size();
  appended_offset_ += bytes.size();
  pending_.push(send);
  in_flight_.fetch_add(count, std::memory_order_relaxed);
  if (!send.is_probe_) counters_.commands.add(count);
  out_commands_ += count;
  // From the flush on, `send` may be resumed and gone.
  if (!corked && !HeldSends::here()) flush_if_shallow(lock);
  return true;
}

void Connection::Impl::flush_if_shallow(std::unique_lock<std::mutex>& lock) noexcept {
  if (out_commands_ > 0 && in_flight_.load(std::memory_order_relaxed) - out_commands_ < batching_depth) flush(lock);
}

void Connection::Impl::flush(std::unique_lock<std::mutex>& lock) noexcept {
  if (flushing_ || write_blocked_) return;
  flushing_ = true;
  while (link_.load(std::memory_order_relaxed) == Link::up) {
    if (written_ == writing_.size()) {
      writing_.clear();
      written_ = 0;
      if (out_.empty()) break;
      writing_.swap(out_);
      out_commands_ = 0;
    }
    lock.unlock();
    const SocketOutcome outcome = transport_.write(std::string_view(writing_).substr(written_));
    if (outcome.state == SocketOutcome::State::ended) break_link(error_text(outcome.error));
    lock.lock();
    written_ += outcome.bytes;
    written_offset_ += outcome.bytes;
    if (outcome.state == SocketOutcome::State::blocked) {
      write_blocked_ = true;
      wakeup_.signal();
      break;
    }
  }
  flushing_ = false;
  if (link_.load(std::memory_order_relaxed) != Link::up) flushed_.notify_all();
}

void Connection::Impl::break_link(std::string_view reason) noexcept {
  const std::lock_guard lock(send_mutex_);
  if (link_.load(std::memory_order_relaxed) != Link::up) return;
  link_.store(Link::broken, std::memory_order_release);
  reason_ = {ErrorCode::unavailable, where_ + ": " + std::string(reason)};
  transport_.shutdown();
  wakeup_.signal();
}

void Connection::Impl::close() noexcept {
  {
    const std::lock_guard lock(send_mutex_);
    const Link before = link_.exchange(Link::closed, std::memory_order_release);
    reason_ = {ErrorCode::closed, "the client was closed"};
    if (before == Link::unused) return;
    transport_.shutdown();
    wakeup_.cancel();
  }
  // A continuation that closes has the reader's role: nobody else can complete what is in flight before it returns.
  if (dispatching_here()) {
    take_down();
    return;
  }
  const std::lock_guard lock(thread_mutex_);
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void Connection::Impl::add_stats(Stats& stats) const noexcept {
  stats.commands += counters_.commands.get();
  stats.connects += counters_.connects.get();
  stats.connect_failures += counters_.connect_failures.get();
  stats.timeouts += counters_.timeouts.get();
  stats.in_flight += in_flight_.load(std::memory_order_relaxed);
  counters_.round_trips.add_to(stats);
  eviction_.add_to(stats);
}

}  // namespace ficha::redis
