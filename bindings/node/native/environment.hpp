// What the addon keeps for one JavaScript environment: the main thread's, or a worker's.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "ficha/client.hpp"
#include "log_sink.hpp"
#include "session_objects.hpp"

namespace ficha::node {

// Operations complete in one queue per environment. The event loop watches its descriptor, and takes all completions that
// wait whenever it comes by: no thread stands between the one that reads replies and the one that runs JavaScript. The
// watcher holds the process only while operations are pending. What JavaScript asks for in one turn of the loop is sent at
// the turn's end.
//
// Thread rule: only the environment's thread. Lifetime: from the addon's initialisation to the environment's end, which
// waits for the event loop to let go of its watchers.
class Environment {
 public:
  enum class Callback : std::uint8_t { make_error, make_decision, session_class };

  // Errors: unavailable.
  [[nodiscard]] static Result<Environment*> create(napi_env env);
  [[nodiscard]] static Environment& of(napi_env env) noexcept;

  // The functions of the JavaScript half, given once after the addon was loaded.
  void set_callback(Callback callback, napi_value function);
  // nullptr with a JavaScript exception pending, or when the environment ends.
  [[nodiscard]] napi_value call(Callback callback, std::span<const napi_value> arguments) noexcept;
  [[nodiscard]] napi_value construct(Callback callback) noexcept;

  [[nodiscard]] const std::shared_ptr<CompletionQueue>& queue() const noexcept { return queue_; }
  // For the operation about to be submitted; the same until begin() is called.
  [[nodiscard]] OperationId next_id();
  // The operation `next_id()` was submitted: a promise that settles when it completes; `keep` lives until then. nullptr
  // when the environment ends.
  [[nodiscard]] napi_value begin(std::shared_ptr<void> keep) noexcept;
  [[nodiscard]] std::size_t pending() const noexcept { return pending_count_; }
  // At the end of this turn of the event loop, for what was submitted to `client` with Sending::at_flush.
  void flush_later(std::shared_ptr<Client> client);

  [[nodiscard]] SessionObjects& sessions() noexcept { return sessions_; }

  void add_log(std::shared_ptr<LogSink> sink) { logs_.push_back(std::move(sink)); }
  void remove_log(const std::shared_ptr<LogSink>& sink);

 private:
  // JavaScript runs after so many. It then asks for more while the rest is settled, so that the store has work meanwhile.
  static constexpr std::size_t completions_per_turn = 32;

  struct Watchers;
  struct Pending {
    napi_deferred deferred = nullptr;
    std::shared_ptr<void> keep;
  };

  Environment(napi_env env, std::shared_ptr<CompletionQueue> queue);
  [[nodiscard]] bool start();
  void stop(napi_async_cleanup_hook_handle hook) noexcept;
  void settle_all() noexcept;
  void settle(std::span<Completion> completions) noexcept;
  void settle(Completion& completion) noexcept;
  void flush() noexcept;
  void deliver_logs() noexcept;

  const napi_env env_;
  const std::shared_ptr<CompletionQueue> queue_;
  Watchers* watchers_ = nullptr;  // the event loop's until it has closed them
  napi_async_context context_ = nullptr;
  std::array<napi_ref, 3> callbacks_{};
  std::vector<Pending> pending_;  // operation `id` is at id - 1
  std::vector<OperationId> free_ids_;
  std::size_t pending_count_ = 0;
  std::vector<Completion> ready_;                // being settled
  std::vector<std::shared_ptr<Client>> unsent_;  // flush() is due
  std::vector<std::shared_ptr<LogSink>> logs_;
  SessionObjects sessions_;
};

}  // namespace ficha::node
