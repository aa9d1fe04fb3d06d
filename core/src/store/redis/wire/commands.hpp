// Commands as they go out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/redis/wire/reply.hpp"

namespace ficha::redis {

// Whether losing the reply leaves a doubt: a `read` without a reply is timeout or unavailable, a `write` unknown_outcome.
enum class Effect : std::uint8_t { read, write };

// What a command is answered with, besides an error reply, which each may be.
enum class Shape : std::uint8_t { any, text, text_or_nil, integer, array, pong, echo };

// Commands that go out in one write, in order, as RESP.
class Commands {
 public:
  explicit Commands(Effect effect) noexcept : effect_(effect) {}
  Commands& add(std::initializer_list<std::string_view> arguments, Shape shape);
  Commands& add(std::span<const std::string_view> arguments, Shape shape);
  // GET and PTTL of one key: what every load sends, so it is written without counting.
  Commands& add_get_and_pttl(std::string_view key);
  // ECHO of a number, whose answer must be that very number; at most one in a Commands.
  Commands& add_echo(std::uint64_t number);

  // Whether `reply` may be what the command of this index is answered with.
  [[nodiscard]] bool fits(std::size_t index, ReplyView reply) const noexcept;

  // Overwrites the bytes. What growing left behind stays: a command with a password in it is the only one of its object.
  void wipe() noexcept;

  [[nodiscard]] Effect effect() const noexcept { return effect_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
  // Leaves everything else.
  [[nodiscard]] std::string take_bytes() noexcept { return std::exchange(bytes_, {}); }

 private:
  static constexpr std::size_t packed = 16;
  void add_shape(Shape shape);
  [[nodiscard]] Shape shape(std::size_t index) const noexcept;

  Effect effect_;
  std::size_t count_ = 0;
  std::string bytes_;
  std::uint64_t shapes_ = 0;  // of the first commands, four bits each: every load makes, moves and checks them
  std::vector<Shape> more_shapes_;
  std::uint64_t echo_ = 0;
};

}  // namespace ficha::redis
