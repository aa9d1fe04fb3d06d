#include "environment.hpp"

#include <algorithm>
#include <utility>

#include "outcome.hpp"
#include "values.hpp"

namespace ficha::node {
namespace {

napi_value resource_name(napi_env env) {
  return to_string(env, "ficha");
}

}  // namespace

struct Environment::Watchers {
  explicit Watchers(Environment& owner) noexcept : environment(&owner), queue(owner.queue_) {}

  template <class Handle>
  static Watchers& of(Handle* handle) noexcept {
    return *static_cast<Watchers*>(handle->data);
  }
  std::array<uv_handle_t*, 3> all() noexcept {
    return {reinterpret_cast<uv_handle_t*>(&completions), reinterpret_cast<uv_handle_t*>(&after_events),
            reinterpret_cast<uv_handle_t*>(&before_sleep)};
  }

  Environment* environment;
  std::shared_ptr<CompletionQueue> queue;  // its descriptor stays open as long as it is watched
  uv_poll_t completions;
  uv_check_t after_events;
  uv_prepare_t before_sleep;  // after timers, and after the main script
  int open = 3;
  napi_async_cleanup_hook_handle hook = nullptr;
};

Environment::Environment(napi_env env, std::shared_ptr<CompletionQueue> queue) : env_(env), queue_(std::move(queue)) {}

Result<Environment*> Environment::create(napi_env env) {
  auto queue = CompletionQueue::create();
  if (!queue) return std::move(queue).error();
  std::unique_ptr<Environment> made{new Environment(env, std::move(*queue))};
  if (!made->start()) return Error{ErrorCode::unavailable, "the event loop cannot watch the completion queue"};
  Environment* environment = made.release();
  napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); }, nullptr);
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle hook, void* data) { static_cast<Environment*>(data)->stop(hook); },
      environment, nullptr);
  return environment;
}

Environment& Environment::of(napi_env env) noexcept {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment*>(data);
}

bool Environment::start() {
  uv_loop_s* loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok ||
      napi_async_init(env_, nullptr, resource_name(env_), &context_) != napi_ok) {
    return false;
  }
  auto watchers = std::make_unique<Watchers>(*this);
  if (uv_poll_init(loop, &watchers->completions, queue_->descriptor()) != 0) return false;
  watchers_ = watchers.release();
  uv_check_init(loop, &watchers_->after_events);
  uv_prepare_init(loop, &watchers_->before_sleep);
  for (uv_handle_t* handle : watchers_->all()) {
    handle->data = watchers_;
    uv_unref(handle);
  }
  uv_poll_start(&watchers_->completions, UV_READABLE,
                [](uv_poll_t* handle, int, int) { Watchers::of(handle).environment->settle_all(); });
  return true;
}

// The environment itself may be gone when the event loop has closed the last of its watchers.
void Environment::stop(napi_async_cleanup_hook_handle hook) noexcept {
  pending_.clear();
  unsent_.clear();
  logs_.clear();
  napi_async_destroy(env_, context_);
  watchers_->hook = hook;
  for (uv_handle_t* handle : watchers_->all()) {
    uv_close(handle, [](uv_handle_t* closed) {
      Watchers& watchers = Watchers::of(closed);
      if (--watchers.open > 0) return;
      napi_remove_async_cleanup_hook(watchers.hook);
      delete &watchers;
    });
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

OperationId Environment::next_id() {
  if (free_ids_.empty()) {
    pending_.emplace_back();
    free_ids_.push_back(pending_.size());
  }
  return free_ids_.back();
}

napi_value Environment::begin(std::shared_ptr<void> keep) noexcept {
  Pending& operation = pending_[free_ids_.back() - 1];
  free_ids_.pop_back();
  operation.keep = std::move(keep);
  if (pending_count_++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&watchers_->completions));
  napi_value promise = nullptr;
  return napi_create_promise(env_, &operation.deferred, &promise) == napi_ok ? promise : nullptr;
}

void Environment::flush_later(std::shared_ptr<Client> client) {
  if (std::find(unsent_.begin(), unsent_.end(), client) != unsent_.end()) return;
  if (unsent_.empty()) {
    uv_check_start(&watchers_->after_events, [](uv_check_t* handle) { Watchers::of(handle).environment->flush(); });
    uv_prepare_start(&watchers_->before_sleep, [](uv_prepare_t* handle) { Watchers::of(handle).environment->flush(); });
  }
  unsent_.push_back(std::move(client));
}

void Environment::flush() noexcept {
  if (unsent_.empty()) return;
  for (const auto& client : unsent_) client->flush();
  unsent_.clear();
  uv_check_stop(&watchers_->after_events);
  uv_prepare_stop(&watchers_->before_sleep);
}

void Environment::settle_all() noexcept {
  queue_->drain(ready_);
  for (std::span<Completion> left{ready_}; !left.empty();) {
    const std::size_t count = std::min(left.size(), completions_per_turn);
    settle(left.first(count));
    left = left.subspan(count);
  }
  ready_.clear();
}

// JavaScript that waits for one of them runs when the callback scope closes.
void Environment::settle(std::span<Completion> completions) noexcept {
  napi_handle_scope handles = nullptr;
  napi_callback_scope callback = nullptr;
  if (napi_open_handle_scope(env_, &handles) != napi_ok) return;
  if (napi_open_callback_scope(env_, nullptr, context_, &callback) == napi_ok) {
    for (Completion& completion : completions) {
      if (completion.id == log_signal) {
        deliver_logs();
      } else {
        settle(completion);
      }
    }
    napi_close_callback_scope(env_, callback);
    flush();
  }
  napi_close_handle_scope(env_, handles);
}

void Environment::settle(Completion& completion) noexcept {
  const Pending operation = std::exchange(pending_[completion.id - 1], {});
  free_ids_.push_back(completion.id);
  if (--pending_count_ == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&watchers_->completions));
  if (!operation.deferred) return;  // no promise could be made

  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
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
