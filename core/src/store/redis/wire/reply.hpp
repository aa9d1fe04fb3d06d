// Replies, and the parser of them, within limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct redisReader;
struct redisReply;
struct redisReadTask;

namespace ficha::redis {

// One node of a reply tree. A view; the tree belongs to Reply.
class ReplyView {
 public:
  enum class Type : std::uint8_t { nil, string, integer, error, array, other };
  explicit ReplyView(const redisReply* reply) noexcept : reply_(reply) {}
  [[nodiscard]] Type type() const noexcept;
  [[nodiscard]] std::string_view text() const noexcept;  // of string, status and error
  [[nodiscard]] std::int64_t integer() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;  // of array, map and set
  [[nodiscard]] ReplyView operator[](std::size_t i) const noexcept;

 private:
  const redisReply* reply_;
};

struct ReplyDeleter {
  void operator()(redisReply* reply) const noexcept;
};
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;
inline ReplyView view(const Reply& reply) noexcept {
  return ReplyView{reply.get()};
}

// What one reply may hold. hiredis by itself lets a server ask for any depth and for 2^32 elements.
struct ReplyLimits {
  std::size_t string_bytes;              // of one bulk string, and of a line
  std::size_t depth = 8;                 // arrays in arrays
  std::size_t elements = 1U << 20U;      // in all arrays of one reply together
  std::size_t total_bytes = 64U << 20U;  // of all strings of one reply together
};

// RESP3 bytes in, whole replies and pushes out. hiredis' reader, with limits on all that a server can send.
// Thread rule: one thread at a time.
class ReplyReader {
 public:
  explicit ReplyReader(ReplyLimits limits);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void feed(std::string_view bytes) noexcept;

  // The next reply or push; null when more bytes are needed or failed().
  [[nodiscard]] Reply next() noexcept;

  // Whether what was fed ends within a reply. After next() gave null.
  [[nodiscard]] bool is_midway() const noexcept;

  // The stream is no RESP3, or beyond a limit: nothing more comes out of it. error() says why.
  [[nodiscard]] bool failed() const noexcept;
  [[nodiscard]] std::string error() const;

 private:
  struct Budget;
  struct Guard;

  std::unique_ptr<Budget> budget_;
  redisReader* reader_;
};

[[nodiscard]] bool is_push(const Reply& reply) noexcept;

}  // namespace ficha::redis
