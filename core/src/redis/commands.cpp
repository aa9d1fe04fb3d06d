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
  count_ += 2;
  return *this;
}

void Commands::wipe() noexcept {
  crypto::wipe(bytes_.data(), bytes_.size());
}

}  // namespace ficha::redis
