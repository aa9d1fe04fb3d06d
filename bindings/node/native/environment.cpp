#include "environment.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "outcome.hpp"
#include "values.hpp"

namespace ficha::node {
namespace {

napi_value resource_name(napi_env env) {
  return to_string(env, "ficha");
}

// A thread that inherits no signal: they are for the threads of node.
template <class Function>
std::thread start_thread(Function function) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread{std::move(function)};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

bool watch(int poll_descriptor, int descriptor, std::uint32_t events) noexcept {
  epoll_event event{.events = events, .data = {.fd = descriptor}};
  return ::epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

Environment::Environment(napi_env env, std::shared_ptr<CompletionQueue> queue) : env_(env), queue_(std::move(queue)) {}

Environment::~Environment() {
  if (poll_descriptor_ >= 0) ::close(poll_descriptor_);
  if (stop_descriptor_ >= 0) ::close(stop_descriptor_);
}

Result<Environment*> Environment::create(napi_env env) {
  auto queue = CompletionQueue::create();
  if (!queue) return std::move(queue).error();
  std::unique_ptr<Environment> made{new Environment(env, std::move(*queue))};
  if (!made->start()) return Error{ErrorCode::unavailable, "no descriptor or thread left for the completion queue"};
  Environment* environment = made.release();
  napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); }, nullptr);
  // After the thread-safe function was made, hence called before its own hook.
  napi_add_env_cleanup_hook(
      env, [](void* data) { static_cast<Environment*>(data)->stop(); }, environment);
  return environment;
}

Environment& Environment::of(napi_env env) noexcept {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment*>(data);
}

bool Environment::start() {
  poll_descriptor_ = ::epoll_create1(EPOLL_CLOEXEC);
  stop_descriptor_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  // Edge-triggered: one wake-up for each time the queue ceases to be empty, however late it is drained.
  if (poll_descriptor_ < 0 || stop_descriptor_ < 0 || !watch(poll_descriptor_, stop_descriptor_, EPOLLIN) ||
      !watch(poll_descriptor_, queue_->descriptor(), EPOLLIN | EPOLLET)) {
    return false;
  }
  const auto on_wake = [](napi_env env, napi_value, void* context, void*) {
    if (env) static_cast<Environment*>(context)->drain();
  };
  if (napi_create_threadsafe_function(env_, nullptr, nullptr, resource_name(env_), 0, 1, nullptr, nullptr, this,
                                      on_wake, &wake_) != napi_ok) {
    return false;
  }
  napi_unref_threadsafe_function(env_, wake_);
  waiter_ = start_thread([this] { wait_for_completions(); });
  return true;
}

void Environment::stop() noexcept {
  ::eventfd_write(stop_descriptor_, 1);
  waiter_.join();
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  pending_.clear();
  ready_.clear();
  next_ready_ = 0;
  logs_.clear();
}

void Environment::wait_for_completions() noexcept {
  for (;;) {
    std::array<epoll_event, 2> events;
    const int count = ::epoll_wait(poll_descriptor_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) return;
    for (int i = 0; i < count; ++i) {
      if (events[static_cast<std::size_t>(i)].data.fd == stop_descriptor_) return;
      napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
    }
  }
}

void Environment::set_callback(Callback callback, napi_value function) {
  napi_create_reference(env_, function, 1, &callbacks_[static_cast<std::size_t>(callback)]);
}

napi_value Environment::call(Callback callback, std::span<const napi_value> arguments) noexcept {
  napi_value function = nullptr, undefined = nullptr, result = nullptr;
  napi_get_reference_value(env_, callbacks_[static_cast<std::size_t>(callback)], &function);
  napi_get_undefined(env_, &undefined);
  if (napi_call_function(env_, undefined, function, arguments.size(), arguments.data(), &result) != napi_ok) {
    return nullptr;
  }
  return result;
}

napi_value Environment::construct(Callback callback) noexcept {
  napi_value function = nullptr, result = nullptr;
  napi_get_reference_value(env_, callbacks_[static_cast<std::size_t>(callback)], &function);
  if (napi_new_instance(env_, function, 0, nullptr, &result) != napi_ok) return nullptr;
  return result;
}

napi_value Environment::begin(std::shared_ptr<void> keep, OperationId& id) {
  if (free_ids_.empty()) {
    pending_.emplace_back();
    free_ids_.push_back(pending_.size());
  }
  Pending operation{nullptr, std::move(keep)};
  napi_value promise = nullptr;
  if (napi_create_promise(env_, &operation.deferred, &promise) != napi_ok) return nullptr;
  id = free_ids_.back();
  free_ids_.pop_back();
  pending_[id - 1] = std::move(operation);
  if (pending_count_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  return promise;
}

void Environment::drain() noexcept {
  if (next_ready_ == ready_.size()) {
    ready_ = queue_->drain();
    next_ready_ = 0;
  }
  const std::size_t end = std::min(next_ready_ + completions_per_call, ready_.size());
  if (next_ready_ == end) return;
  while (next_ready_ < end) {
    Completion& completion = ready_[next_ready_++];
    if (completion.id == log_signal) {
      deliver_logs();
    } else {
      settle(std::move(completion));
    }
  }
  // For the rest, or for what came meanwhile: its signal may have been used up by the calls that worked off the rest.
  napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Environment::settle(Completion completion) noexcept {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  const Pending operation = std::exchange(pending_[completion.id - 1], {});
  free_ids_.push_back(completion.id);
  if (--pending_count_ == 0) napi_unref_threadsafe_function(env_, wake_);

  napi_value value = nullptr;
  if (completion.result) {
    value = to_value(env_, std::move(*completion.result));
    if (value) napi_resolve_deferred(env_, operation.deferred, value);
  } else {
    value = new_error(env_, completion.result.error());
    if (value) napi_reject_deferred(env_, operation.deferred, value);
  }
  napi_close_handle_scope(env_, scope);
}

void Environment::deliver_logs() noexcept {
  const auto sinks = logs_;  // a callback may close its client
  for (const auto& sink : sinks) {
    napi_handle_scope scope = nullptr;
    if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
    napi_value function = nullptr, undefined = nullptr;
    napi_get_reference_value(env_, sink->callback(), &function);
    napi_get_undefined(env_, &undefined);
    for (const auto& [level, message] : sink->take()) {
      const std::array arguments{to_number(env_, static_cast<int>(level)), to_string(env_, message)};
      if (napi_call_function(env_, undefined, function, arguments.size(), arguments.data(), nullptr) == napi_ok)
        continue;
      napi_value exception = nullptr;
      if (napi_get_and_clear_last_exception(env_, &exception) == napi_ok) napi_fatal_exception(env_, exception);
    }
    napi_close_handle_scope(env_, scope);
  }
}

void Environment::remove_log(const std::shared_ptr<LogSink>& sink) {
  if (std::erase(logs_, sink) > 0) napi_delete_reference(env_, sink->callback());
}

}  // namespace ficha::node
