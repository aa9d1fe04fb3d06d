// A client and what Java needs beside it.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "facade.hpp"
#include "ficha/client.hpp"

namespace ficha::java {

// What the core logs, until Java's completion thread takes it. Bounded; what finds it full is dropped.
class LogQueue {
 public:
  static constexpr std::size_t limit = 1000;

  // Whether the record is the first to wait.
  [[nodiscard]] bool push(LogLevel level, std::string_view message) {
    const std::lock_guard lock{mutex_};
    if (records_.size() >= limit) return false;
    records_.emplace_back(level, message);
    return records_.size() == 1;
  }
  [[nodiscard]] std::vector<std::pair<LogLevel, std::string>> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(records_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<LogLevel, std::string>> records_;
};

// The id of a completion that only says: the log has something, or the client was closed.
constexpr OperationId wake_up = 0;

struct ClientHandle {
  std::unique_ptr<ManualClock> clock;
  std::shared_ptr<CompletionQueue> queue;
  std::shared_ptr<LogQueue> log = std::make_shared<LogQueue>();
  std::unique_ptr<Client> client;
  std::atomic<bool> closed{false};
  std::deque<Completion> undelivered;  // taken from the queue, and not yet by Java; of the completion thread only
};

// What a try left for the store to answer, until Java has said who waits for it.
struct Unknown {
  explicit Unknown(UndecidedRequest undecided) : wanted(std::move(undecided)) {
    if (!std::get<UndecidedRequest>(wanted).own()) throw std::bad_alloc();
    ++count;
  }
  explicit Unknown(UncachedSession uncached) : wanted(std::move(uncached)) { ++count; }
  Unknown(Unknown&&) = delete;
  ~Unknown() { --count; }

  [[nodiscard]] static std::unique_ptr<Unknown> take(std::int64_t kept) noexcept {
    return std::unique_ptr<Unknown>{reinterpret_cast<Unknown*>(kept)};
  }

  std::variant<UndecidedRequest, UncachedSession> wanted;
  static inline std::atomic<int> count{0};
};

[[nodiscard]] inline ClientHandle& at(Handle handle) noexcept {
  return *reinterpret_cast<ClientHandle*>(handle);
}

}  // namespace ficha::java
