// Commands as RESP arrays of bulk strings (RESP specification, "Sending commands to a Redis server").
#include <charconv>

#include "crypto.hpp"
#include "redis/connection.hpp"

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
  shapes_ += static_cast<char>(shape);
  ++count_;
  return *this;
}

Commands& Commands::add_echo(std::string_view text) {
  echo_ = text;
  return add({"ECHO", text}, Shape::echo);
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
  shapes_ += static_cast<char>(Shape::text_or_nil);
  shapes_ += static_cast<char>(Shape::integer);
  count_ += 2;
  return *this;
}

bool Commands::fits(std::size_t index, ReplyView reply) const noexcept {
  using Type = ReplyView::Type;
  const Type type = reply.type();
  if (type == Type::error) return true;
  switch (static_cast<Shape>(shapes_[index])) {
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
      return type == Type::string && reply.text() == echo_;
  }
  return false;
}

void Commands::wipe() noexcept {
  crypto::wipe(bytes_.data(), bytes_.size());
}

}  // namespace ficha::redis
