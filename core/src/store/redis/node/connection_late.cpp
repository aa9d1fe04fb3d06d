// Commands that are not answered in time: they fail alone, and their replies are dropped when they come.
#include <new>

#include "store/redis/node/connection_impl.hpp"

namespace ficha::redis {

void Connection::Impl::expire_overdue() noexcept {
  Overdue overdue;
  {
    const std::lock_guard lock(send_mutex_);
    if (link_.load(std::memory_order_relaxed) != Link::up) return;
    batch_steady_ns_ = steady_nanoseconds();
    if (pending_.oldest_deadline() > batch_steady_ns_) return;
    try {
      take_overdue(batch_steady_ns_, overdue);
    } catch (const std::bad_alloc&) {
      overdue.end_of_link = "no memory is left to wait for late replies";
    }
  }
  if (overdue.end_of_link) break_link(overdue.end_of_link);
  if (!overdue.first) return;

  overdue_ = overdue.first;
  publish_late();
  wakeup_.signal();  // the I/O thread watches over what is silent
  batch_clock_ns_ = clock_.monotonic_nanoseconds();
  {
    const Waiter::Batch finished_together;
    dispatching_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    resume_overdue();
    dispatching_.store({}, std::memory_order_relaxed);
  }
  std::unique_lock lock(send_mutex_);
  flush_if_shallow(lock);
}

void Connection::Impl::resume_overdue() noexcept {
  while (overdue_) {
    Send& send = static_cast<Send&>(*overdue_);
    overdue_ = send.next;
    send.caller_.resume();
  }
}

// Under send_mutex_; what it has taken when it throws is in `overdue`. While nobody writes and the socket is not full, out_
// is all that is unsent, and begins with the oldest.
void Connection::Impl::take_overdue(std::int64_t now, Overdue& overdue) {
  struct Cut {
    ~Cut() {
      impl.out_.erase(0, bytes);
      impl.written_offset_ += bytes;  // as far as those behind are concerned
    }
    Impl& impl;
    std::size_t bytes = 0;
  };
  Cut cut{*this};  // also when memory is out: what is said not to have happened must not go out
  Pending** last = &overdue.first;
  pending_.refill();
  for (Pending* entry = pending_.front(); entry && entry->deadline <= now; entry = pending_.front()) {
    Send& send = static_cast<Send&>(*entry);
    const std::size_t commands = send.commands_.count();
    const bool unsent = entry->stream_offset + entry->bytes > written_offset_;
    if (unsent && flushing_) break;  // in a moment it is known what the socket has taken
    if (unsent && write_blocked_) {
      overdue.end_of_link = "the server took no command in time";
      break;
    }
    send.replies_.clear();
    send.failure_ = overdue_failure(!unsent && send.commands_.effect() == Effect::write);
    if (unsent) {
      cut.bytes += entry->bytes;
      out_commands_ -= commands;
      in_flight_.fetch_sub(commands, std::memory_order_relaxed);
    } else {
      const std::int64_t sent_at_steady = entry->deadline - nanoseconds(settings_.command_timeout);
      late_.push_back({std::move(send.commands_), entry->awaited, sent_at_steady});
    }
    pending_.pop();
    *last = entry;
    last = &entry->next;
    *last = nullptr;
  }
}

Error Connection::Impl::overdue_failure(bool may_have_happened) {
  counters_.timeouts.add(1);
  const std::string what = where_ + ": no answer in time";
  if (may_have_happened) return {ErrorCode::unknown_outcome, what + " (a write was sent; it may have happened)"};
  return {ErrorCode::timeout, what};
}

// Of the oldest late commands.
void Connection::Impl::drop_late(ReplyView reply) noexcept {
  LateCommands& late = late_.front();
  const std::size_t commands = late.commands.count();
  if (!late.commands.fits(commands - late.awaited, reply)) return break_link(unfit_reply);
  if (--late.awaited > 0) return;
  in_flight_.fetch_sub(commands, std::memory_order_relaxed);
  late_.pop_front();
  publish_late();
}

void Connection::Impl::forget_late() noexcept {
  for (const LateCommands& late : late_) in_flight_.fetch_sub(late.commands.count(), std::memory_order_relaxed);
  late_.clear();
  publish_late();
}

void Connection::Impl::publish_late() noexcept {
  late_since_ns_.store(late_.empty() ? 0 : late_.front().sent_at_steady_ns, std::memory_order_relaxed);
}

}  // namespace ficha::redis
