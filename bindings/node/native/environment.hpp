// What the addon keeps for one JavaScript environment: the main thread's, or a worker's.
#pragma once

#include <node_api.h>

#include <array>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "ficha/client.hpp"
#include "log_sink.hpp"
#include "session_objects.hpp"

namespace ficha::node {

// Operations complete in one queue per environment. A thread waits for its descriptor and wakes the event loop through a
// thread-safe function, which then takes all completions that wait. The function holds the process only while
// operations are pending.
//
// Thread rule: only the environment's thread, but for the waiting thread's own function. Lifetime: from the addon's
// initialisation to the environment's end; its cleanup hook stops the thread before the function goes.
class Environment {
 public:
  enum class Callback : std::uint8_t { make_error, make_decision, session_class };

  // Errors: unavailable.
  [[nodiscard]] static Result<Environment*> create(napi_env env);
  [[nodiscard]] static Environment& of(napi_env env) noexcept;
  ~Environment();

  // The functions of the JavaScript half, given once after the addon was loaded.
  void set_callback(Callback callback, napi_value function);
  // nullptr with a JavaScript exception pending, or when the environment ends.
  [[nodiscard]] napi_value call(Callback callback, std::span<const napi_value> arguments) noexcept;
  [[nodiscard]] napi_value construct(Callback callback) noexcept;

  [[nodiscard]] const std::shared_ptr<CompletionQueue>& queue() const noexcept { return queue_; }
  // A promise that settles when the operation completes; `keep` lives until then. Sets `id`.
  [[nodiscard]] napi_value begin(std::shared_ptr<void> keep, OperationId& id);
  [[nodiscard]] std::size_t pending() const noexcept { return pending_count_; }

  [[nodiscard]] SessionObjects& sessions() noexcept { return sessions_; }

  void add_log(std::shared_ptr<LogSink> sink) { logs_.push_back(std::move(sink)); }
  void remove_log(const std::shared_ptr<LogSink>& sink);

 private:
  // JavaScript runs after each call. It then asks for more while the rest is settled, so that the store has work meanwhile.
  static constexpr std::size_t completions_per_call = 32;

  struct Pending {
    napi_deferred deferred = nullptr;
    std::shared_ptr<void> keep;
  };

  Environment(napi_env env, std::shared_ptr<CompletionQueue> queue);
  [[nodiscard]] bool start();
  void stop() noexcept;
  void wait_for_completions() noexcept;
  void drain() noexcept;
  void settle(Completion completion) noexcept;
  void deliver_logs() noexcept;

  const napi_env env_;
  const std::shared_ptr<CompletionQueue> queue_;
  napi_threadsafe_function wake_ = nullptr;
  int poll_descriptor_ = -1;
  int stop_descriptor_ = -1;
  std::thread waiter_;
  std::array<napi_ref, 3> callbacks_{};
  std::vector<Pending> pending_;  // operation `id` is at id - 1
  std::vector<OperationId> free_ids_;
  std::vector<Completion> ready_;  // taken from the queue; those before next_ready_ are settled
  std::size_t next_ready_ = 0;
  std::size_t pending_count_ = 0;
  std::vector<std::shared_ptr<LogSink>> logs_;
  SessionObjects sessions_;
};

}  // namespace ficha::node
