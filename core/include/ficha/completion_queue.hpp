// Where the operations that Client::submit() starts complete.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "ficha/decision.hpp"
#include "ficha/result.hpp"
#include "ficha/session.hpp"
#include "ficha/store.hpp"

namespace ficha {

using OperationId = std::uint64_t;

using Outcome = std::variant<std::optional<Session>,  // load, find
                             IssuedSession,           // create, login, rotate
                             std::uint64_t,  // patch: new generation; revoke_principal, patch_principal: sessions
                             RevokeOutcome,  // revoke
                             std::vector<Session>,  // list
                             Decision>;             // authorize

struct Completion {
  OperationId id;
  Result<Outcome> result;
};

// When a submitted operation's commands go out.
enum class Sending : std::uint8_t {
  now,
  at_flush,  // with Client::flush(), or sooner: for an event loop, which flushes at the end of each turn
};

// Where submitted operations complete. Any number of clients may complete into one queue, and one client into many.
// Thread rule: every function from any thread. Fork rule: a child makes its own.
class CompletionQueue {
 public:
  // Errors: unavailable when the process has no descriptor left.
  [[nodiscard]] static Result<std::shared_ptr<CompletionQueue>> create();
  ~CompletionQueue();

  // An eventfd, readable while completions wait, and for a moment after somebody took them. For epoll, asyncio's
  // add_reader, …; never read or write it.
  [[nodiscard]] int descriptor() const noexcept;
  // Takes everything that waits, in order of completion; empty if nothing does. Never blocks.
  [[nodiscard]] std::vector<Completion> drain();
  // The same into `taken`, whose room is used for what completes next: for a loop, which then allocates nothing.
  void drain(std::vector<Completion>& taken) noexcept;
  // Blocks until something waits, or `timeout` has passed.
  [[nodiscard]] std::vector<Completion> wait(std::chrono::milliseconds timeout);
  void push(Completion completion) noexcept;

 private:
  CompletionQueue();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ficha
