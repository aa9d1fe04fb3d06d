// The reader's role: who has it, and what is done with the bytes that come.
#include <sys/epoll.h>

#include "store/redis/node/connection_impl.hpp"

namespace ficha::redis {

// A thread in wait() that does not read: a link of a list under role_mutex_.
struct Connection::Impl::Parked {
  explicit Parked(Waiter& blocked) noexcept : waiter(blocked) {}

  void link(Parked*& head) noexcept {
    next = head;
    previous = nullptr;
    if (head) head->previous = this;
    head = this;
    linked = true;
  }
  void unlink(Parked*& head) noexcept {
    if (!linked) return;
    (previous ? previous->next : head) = next;
    if (next) next->previous = previous;
    linked = false;
  }

  Waiter& waiter;
  Parked* next = nullptr;
  Parked* previous = nullptr;
  bool linked = false;
  bool has_role = false;  // handed over by whoever read before
};

void Connection::Impl::wait(Waiter& waiter) noexcept {
  Parked self{waiter};
  std::unique_lock lock(role_mutex_);
  for (;;) {
    if (self.has_role) {
      lock.unlock();
      lead(waiter);
      lock.lock();
      waiter.demote();
      self.has_role = false;
      release_role();
    }
    if (waiter.state() == Waiter::done) return;
    if (role_ == Role::nobody && link_.load(std::memory_order_acquire) == Link::up) {
      role_ = Role::leader;
      self.has_role = true;
      continue;
    }
    self.link(parked_);
    lock.unlock();
    waiter.wait();
    lock.lock();
    self.unlink(parked_);
  }
}

// A waiter that somebody else finishes meanwhile, without a reply, is noticed when its leader looks up.
void Connection::Impl::lead(Waiter& waiter) noexcept {
  constexpr int look_up_ms = 20;
  while (waiter.state() != Waiter::done && link_.load(std::memory_order_acquire) == Link::up) {
    epoll_event event;
    ::epoll_wait(leader_epoll_.get(), &event, 1, look_up_ms);
    read_and_dispatch();
  }
}

// The I/O thread.
bool Connection::Impl::try_take_role() noexcept {
  const std::lock_guard lock(role_mutex_);
  if (role_ == Role::nobody) role_ = Role::io_thread;
  return role_ == Role::io_thread;
}

// The I/O thread, woken by bytes while a leader is busy with others: it wants no more of them until nobody leads.
void Connection::Impl::stand_back() noexcept {
  const std::lock_guard lock(role_mutex_);
  if (role_ != Role::leader) return;
  wants_bytes_ = false;
  watch();
}

// Under role_mutex_, by whoever has the role.
void Connection::Impl::release_role() noexcept {
  role_ = Role::nobody;
  if (link_.load(std::memory_order_acquire) != Link::up) {
    wakeup_.signal();  // the I/O thread takes the link down
    return;
  }
  for (Parked* parked = parked_; parked; parked = parked->next) {
    if (!parked->waiter.promote()) continue;
    role_ = Role::leader;
    parked->unlink(parked_);
    parked->has_role = true;
    return;
  }
  // Nobody else will read what is left: adding the socket to an epoll looks at what has come already.
  if (may_have_more_) unwatch();
  wants_bytes_ = true;
  watch();
}

// Under role_mutex_. An exclusive entry cannot be modified, only removed and added (epoll_ctl(2)).
void Connection::Impl::watch() noexcept {
  std::uint32_t wanted = wants_bytes_ ? static_cast<std::uint32_t>(EPOLLIN) : 0U;
  if (write_blocked_.load(std::memory_order_relaxed)) wanted |= EPOLLOUT;
  if (wanted == watched_) return;
  unwatch();
  if (wanted == 0) return;
  epoll_event event{wanted | EPOLLEXCLUSIVE, {.fd = transport_.descriptor()}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, transport_.descriptor(), &event) == 0) watched_ = wanted;
}

void Connection::Impl::unwatch() noexcept {
  if (watched_ != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, transport_.descriptor(), nullptr);
  watched_ = 0;
}

void Connection::Impl::read_and_dispatch() noexcept {
  const SocketOutcome outcome = transport_.read(buffer_);
  may_have_more_ =
      outcome.state == SocketOutcome::State::moved && transport_.may_have_more(outcome.bytes, buffer_.size());
  if (outcome.state == SocketOutcome::State::blocked) return expire_overdue();
  if (outcome.state == SocketOutcome::State::ended) return break_link(error_text(outcome.error));

  replies_->feed({buffer_.data(), outcome.bytes});
  batch_clock_ns_ = clock_.monotonic_nanoseconds();
  batch_steady_ns_ = steady_nanoseconds();
  heard_at_ns_.store(batch_steady_ns_, std::memory_order_relaxed);
  dispatch_batch();
  if (replies_->failed()) return break_link("protocol error: " + replies_->error());
  midway_.store(replies_->is_midway(), std::memory_order_relaxed);

  std::unique_lock lock(send_mutex_);
  if (!out_.empty()) flush(lock);
  if (pending_.oldest_deadline() > batch_steady_ns_) return;
  lock.unlock();
  expire_overdue();
}

void Connection::Impl::dispatch_batch() noexcept {
  const Waiter::Batch finished_together;
  dispatching_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (link_.load(std::memory_order_acquire) == Link::up) {
    Reply reply = replies_->next();
    if (!reply) break;
    dispatch(std::move(reply));
  }
  dispatching_.store({}, std::memory_order_relaxed);
}

void Connection::Impl::dispatch(Reply reply) noexcept {
  if (is_push(reply)) {
    if (!apply_push(view(reply))) break_link("protocol error: a malformed push");
    return;
  }
  answered_at_ns_.store(batch_steady_ns_, std::memory_order_relaxed);
  if (!late_.empty()) return drop_late(view(reply));
  Pending* pending = pending_.front();
  if (!pending) {
    const std::lock_guard lock(send_mutex_);
    pending_.refill();
    pending = pending_.front();
  }
  if (!pending) return break_link("protocol error: a reply that nobody asked for");
  Send& send = static_cast<Send&>(*pending);
  if (!send.commands_.fits(send.replies_.size(), view(reply))) return break_link(unfit_reply);
  send.replies_.push_back(std::move(reply));
  if (--pending->awaited == 0) complete(send);
}

void Connection::Impl::complete(Send& send) noexcept {
  pending_.pop();
  in_flight_.fetch_sub(send.commands_.count(), std::memory_order_relaxed);
  counters_.round_trips.add(batch_clock_ns_ - send.sent_at());
  send.caller_.resume();
}

// False for a push of another shape than Redis sends. Kinds that nobody asked for are none of our business.
bool Connection::Impl::apply_push(ReplyView push) noexcept {
  if (push.size() == 0 || push[0].type() != ReplyView::Type::string) return false;
  if (push[0].text() != "invalidate") return true;
  if (push.size() != 2) return false;
  const ReplyView keys = push[1];
  if (keys.type() == ReplyView::Type::nil) {
    if (observer_) observer_->on_flush();
    return true;
  }
  if (keys.type() != ReplyView::Type::array) return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].type() != ReplyView::Type::string) return false;
    if (observer_) observer_->on_invalidate(keys[i].text());
  }
  return true;
}

}  // namespace ficha::redis
