// What the core logs, kept until a Python thread comes by: the core's thread never waits for the GIL.
#pragma once

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ficha/config.hpp"

namespace ficha::python {

// Any number of threads push, one at a time takes. Without a lock, so that a child forked in the midst of a push is not
// left with a locked one.
class LogQueue {
 public:
  struct Record {
    LogLevel level;
    std::string message;
  };

  ~LogQueue() { take(); }

  void push(LogLevel level, std::string_view message) noexcept {
    if (size_.fetch_add(1) >= capacity) {
      --size_;
      return;
    }
    auto* node = new (std::nothrow) Node{{level, std::string{message}}, nullptr};
    if (!node) {
      --size_;
      return;
    }
    node->next = head_.load();
    while (!head_.compare_exchange_weak(node->next, node)) {
    }
  }

  [[nodiscard]] bool empty() const noexcept { return head_.load(std::memory_order_relaxed) == nullptr; }

  // In the order in which they were pushed.
  std::vector<Record> take() {
    std::vector<Record> records;
    for (Node* node = head_.exchange(nullptr); node;) {
      const std::unique_ptr<Node> taken{std::exchange(node, node->next)};
      records.insert(records.begin(), std::move(taken->record));
      --size_;
    }
    return records;
  }

 private:
  static constexpr int capacity = 256;  // more are dropped: whoever does not call the client does not need its log
  struct Node {
    Record record;
    Node* next;
  };
  std::atomic<Node*> head_{nullptr};
  std::atomic<int> size_{0};
};

}  // namespace ficha::python
