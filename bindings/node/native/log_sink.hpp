// What the core logs, kept until the environment's thread comes by.
#pragma once

#include <node_api.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ficha/client.hpp"

namespace ficha::node {

// The completion that says "look at the log"; operations have other ids.
inline constexpr OperationId log_signal = 0;

// Any thread writes; the environment's thread takes.
class LogSink {
 public:
  using Record = std::pair<LogLevel, std::string>;

  LogSink(std::shared_ptr<CompletionQueue> queue, napi_ref callback) : queue_(std::move(queue)), callback_(callback) {}

  void write(LogLevel level, std::string_view message) {
    const std::lock_guard lock{mutex_};
    if (records_.size() >= capacity) return;
    records_.emplace_back(level, message);
    if (records_.size() == 1) queue_->push({log_signal, Error{ErrorCode::unavailable, {}}});
  }
  [[nodiscard]] std::vector<Record> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(records_, {});
  }
  [[nodiscard]] napi_ref callback() const noexcept { return callback_; }

 private:
  static constexpr std::size_t capacity = 256;  // between two turns of the event loop; more are dropped

  std::shared_ptr<CompletionQueue> queue_;
  napi_ref callback_;
  std::mutex mutex_;
  std::vector<Record> records_;
};

}  // namespace ficha::node
