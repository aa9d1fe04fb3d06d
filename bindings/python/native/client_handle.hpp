// What a ficha._core.Client object holds, and how its calls wait.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "errors.hpp"
#include "ficha/client.hpp"
#include "gil.hpp"
#include "handles.hpp"
#include "log_queue.hpp"
#include "requests.hpp"

namespace ficha::python {

struct ClientHandle : Counted<ClientTag> {
  ClientHandle(const Config& config, std::shared_ptr<ManualClock> manual_clock, pybind11::object handler)
      : clock(std::move(manual_clock)), log_handler(std::move(handler)), client(open(config, log, clock.get())) {}

  static Client open(const Config& config, const std::shared_ptr<LogQueue>& log, Clock* clock) {
    Hooks hooks;
    hooks.clock = clock;
    hooks.log = [log](LogLevel level, std::string_view message) { log->push(level, message); };
    return value_or_throw(Client::open(config, std::move(hooks)));
  }

  // Hands what the core logged to the handler. With the GIL held and no Python error set.
  void deliver_log() {
    if (closed || log->empty() || log_handler.is_none()) return;
    for (const LogQueue::Record& record : log->take()) {
      PyObject* result = PyObject_CallFunction(log_handler.ptr(), "is#", static_cast<int>(record.level),
                                               record.message.data(), static_cast<Py_ssize_t>(record.message.size()));
      if (!result) PyErr_WriteUnraisable(log_handler.ptr());
      Py_XDECREF(result);
    }
  }

  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<LogQueue> log = std::make_shared<LogQueue>();
  pybind11::object log_handler;
  std::atomic<bool> closed{false};
  Client client;
};

// How long a signal (Ctrl-C, a server's stop) may wait for its handler, which Python runs in the main thread alone: no less
// than the default operation_timeout, for to look for signals costs a call some microseconds.
inline constexpr std::chrono::milliseconds signal_delay{2000};
inline constexpr std::chrono::milliseconds signal_look{500};

// ficha._hub.waiter() of the calling thread: a function that waits until a descriptor is readable while other greenlets
// run, or None. nullptr with a Python error set.
[[nodiscard]] PyObject* hub_waiter();

// Lets the hub run while the operation in the queue goes on.
std::optional<Result<Outcome>> wait_through_hub(PyObject* waiter, CompletionQueue& queue);

// Carries the request out without the GIL: by `blocking`, unless signals would wait for too long; then by `submit`, looking
// for signals meanwhile. nullopt with a Python error set if a handler raised; the operation itself goes on.
template <class Blocking, class Submit>
std::optional<Result<Outcome>> wait_in_thread(const ClientHandle& handle, Blocking blocking, Submit submit) {
  const bool soon = handle.client.config().redis.operation_timeout <= signal_delay;
  if (soon || ::gettid() != ::getpid()) return without_gil(blocking);
  auto queue = CompletionQueue::create();
  if (!queue) return Result<Outcome>{std::move(queue).error()};
  submit(queue.value());
  while (true) {
    auto completions = without_gil([&] { return queue.value()->wait(signal_look); });
    if (!completions.empty()) return std::move(completions.front().result);
    if (PyErr_CheckSignals() != 0) return std::nullopt;
  }
}

// The same, where a hub has other greenlets to run, through that. Not for functions that pybind11 dispatches: it keeps a
// stack of calls for each thread, which greenlets would mix up. `submit` copies what lies on this stack.
template <class Blocking, class Submit>
std::optional<Result<Outcome>> wait_for(const ClientHandle& handle, Blocking blocking, Submit submit) {
  const auto waiter = pybind11::reinterpret_steal<pybind11::object>(hub_waiter());
  if (!waiter) return std::nullopt;
  if (waiter.is_none()) return wait_in_thread(handle, blocking, submit);
  auto queue = CompletionQueue::create();
  if (!queue) return Result<Outcome>{std::move(queue).error()};
  submit(queue.value());
  return wait_through_hub(waiter.ptr(), *queue.value());
}

}  // namespace ficha::python
