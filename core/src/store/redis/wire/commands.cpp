// Commands as RESP arrays of bulk strings (RESP specification, "Sending commands to a Redis server").
#include "store/redis/wire/commands.hpp"

#include <charconv>

#include "base/crypto.hpp"

namespace ficha::redis {
namespace {

void append_length(std::string& bytes, char type, std::size_t length) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, length);
  bytes += type;
  bytes.append(digits, end.ptr);
  bytes += "\r\n";
}

}  // namespace

Commands& Commands::add(std::initializer_list<std::string_view> arguments, Shape shape) {
  return add(std::span(arguments.begin(), arguments.size()), shape);
}

Commands& Commands::add(std::span<const std::string_view> arguments, Shape shape) {
  constexpr std::size_t framing = 16;
  std::size_t size = framing;
  for (const std::string_view argument : arguments) size += argument.size() + framing;
  bytes_.reserve(bytes_.size() + size);

  append_length(bytes_, '*', arguments.size());
  for (const std::string_view argument : arguments) {
    append_length(bytes_, '$', argument.size());
    bytes_ += argument;
    bytes_ += "\r\n";
  }
  add_shape(shape);
  return *this;
}

void Commands::add_shape(Shape shape) {
  if (count_ < packed) {
    shapes_ |= static_cast<std::uint64_t>(shape) << (4 * count_);
  } else {
    more_shapes_.push_back(shape);
  }
  ++count_;
}

Shape Commands::shape(std::size_t index) const noexcept {
  if (index < packed) return static_cast<Shape>(shapes_ >> (4 * index) & 0xFU);
  return more_shapes_[index - packed];
}

Commands& Commands::add_echo(std::uint64_t number) {
  echo_ = number;
  return add({"ECHO", std::to_string(number)}, Shape::echo);
}

Commands& Commands::add_get_and_pttl(std::string_view key) {
  constexpr std::string_view get = "*2\r\n$3\r\nGET\r\n";
  constexpr std::string_view pttl = "*2\r\n$4\r\nPTTL\r\n";
  constexpr std::size_t framing = 32;
  bytes_.reserve(bytes_.size() + get.size() + pttl.size() + 2 * (key.size() + framing));
  bytes_ += get;
  const std::size_t argument = bytes_.size();
  append_length(bytes_, '$', key.size());
  bytes_.append(key).append("\r\n");
  const std::size_t length = bytes_.size() - argument;
  bytes_.append(pttl).append(bytes_, argument, length);
  add_shape(Shape::text_or_nil);
  add_shape(Shape::integer);
  return *this;
}

bool Commands::fits(std::size_t index, ReplyView reply) const noexcept {
  using Type = ReplyView::Type;
  const Type type = reply.type();
  if (type == Type::error) return true;
  switch (shape(index)) {
    case Shape::any:
      return true;
    case Shape::text:
      return type == Type::string;
    case Shape::text_or_nil:
      return type == Type::string || type == Type::nil;
    case Shape::integer:
      return type == Type::integer;
    case Shape::array:
      return type == Type::array;
    case Shape::pong:
      return type == Type::string && reply.text() == "PONG";
    case Shape::echo:
      return type == Type::string && reply.text() == std::to_string(echo_);
  }
  return false;
}

void Commands::wipe() noexcept {
  crypto::wipe(bytes_.data(), bytes_.size());
}

}  // namespace ficha::redis
