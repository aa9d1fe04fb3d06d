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

Commands& Commands::add(std::initializer_list<std::string_view> arguments) {
  return add(std::span(arguments.begin(), arguments.size()));
}

Commands& Commands::add(std::span<const std::string_view> arguments) {
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
  ++count_;
  return *this;
}

void Commands::wipe() noexcept {
  crypto::wipe(bytes_.data(), bytes_.size());
}

}  // namespace ficha::redis
