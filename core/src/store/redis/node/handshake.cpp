#include "store/redis/node/handshake.hpp"

#include <charconv>
#include <string>

#include "base/crypto.hpp"

namespace ficha::redis {
namespace {

constexpr int oldest_major_version = 7;  // PEXPIREAT … GT

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error unavailable(std::string message) {
  return {ErrorCode::unavailable, std::move(message)};
}

// The error code that Redis begins an error reply with: "WRONGPASS", "ERR", …
std::string_view error_prefix(std::string_view text) noexcept {
  return text.substr(0, text.find(' '));
}

Error classify(std::string_view command, std::string_view text) {
  const std::string_view prefix = error_prefix(text);
  if (prefix == "WRONGPASS") return {ErrorCode::access_denied, "the server refuses the user name or password"};
  if (prefix == "NOAUTH") return {ErrorCode::access_denied, "the server asks for a password"};
  if (prefix == "NOPERM") return {ErrorCode::access_denied, "the user has no permission for " + std::string(command)};
  if (prefix == "NOPROTO" || text.find("unknown command") != std::string_view::npos)
    return unavailable("the server does not know " + std::string(command) + ": Redis 7.0 or Valkey 7.2 is needed");
  return unavailable(std::string(command) + " failed: " + std::string(text));
}

std::optional<Error> check_hello(ReplyView hello) {
  Error no_resp3 = unavailable("the server does not speak RESP3: Redis 7.0 or Valkey 7.2 is needed");
  if (hello.type() != ReplyView::Type::array) return no_resp3;
  bool resp3 = false;
  for (std::size_t i = 0; i + 1 < hello.size(); i += 2) {
    if (hello[i].text() == "proto") resp3 = hello[i + 1].integer() == 3;
    if (hello[i].text() != "version") continue;
    const std::string_view version = hello[i + 1].text();
    const std::optional<std::int64_t> major = parse_integer(version.substr(0, version.find('.')));
    if (major && *major < oldest_major_version)
      return unavailable("the server is too old: Redis 7.0 or Valkey 7.2 is needed");
  }
  return resp3 ? std::nullopt : std::optional(std::move(no_resp3));
}

}  // namespace

Handshake make_handshake(const ConnectionSettings& settings) {
  const Endpoint& endpoint = settings.endpoint;
  Commands greeting{Effect::read};
  if (endpoint.password.empty()) {
    greeting.add({"HELLO", "3"}, Shape::array);
  } else {
    const std::string_view user = endpoint.username.empty() ? std::string_view("default") : endpoint.username;
    greeting.add({"HELLO", "3", "AUTH", user, endpoint.password.reveal()}, Shape::array);
  }
  Commands rest{Effect::read};
  if (endpoint.database != 0) rest.add({"SELECT", std::to_string(endpoint.database)}, Shape::text);
  if (settings.tracking) rest.add({"CLIENT", "TRACKING", "ON"}, Shape::text);
  const std::size_t optional = greeting.count() + rest.count();
  rest.add({"INFO", "memory"}, Shape::text).add({"INFO", "stats"}, Shape::text).add({"TIME"}, Shape::array);

  std::string bytes;
  bytes.reserve(greeting.bytes().size() + rest.bytes().size());
  bytes.append(greeting.bytes()).append(rest.bytes());
  greeting.wipe();
  Handshake handshake{Secret(bytes), greeting.count() + rest.count(), optional};
  crypto::wipe(bytes.data(), bytes.size());
  return handshake;
}

std::optional<Error> judge_handshake(const ConnectionSettings& settings, std::span<const Reply> replies) {
  std::vector<std::string_view> names{"HELLO"};
  if (settings.endpoint.database != 0) names.push_back("SELECT");
  if (settings.tracking) names.push_back("CLIENT TRACKING");
  names.insert(names.end(), {"INFO", "INFO", "TIME"});
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const ReplyView reply = view(replies[i]);
    if (reply.type() == ReplyView::Type::error && names[i] != "INFO") return classify(names[i], reply.text());
    if (i == 0) {
      if (std::optional<Error> error = check_hello(reply)) return error;
    }
  }
  if (!parse_time(view(replies.back()))) return unavailable("the server answered TIME with something else");
  return std::nullopt;
}

std::optional<std::int64_t> parse_time(ReplyView reply) noexcept {
  if (reply.type() != ReplyView::Type::array || reply.size() != 2) return std::nullopt;
  const std::optional<std::int64_t> seconds = parse_integer(reply[0].text());
  const std::optional<std::int64_t> microseconds = parse_integer(reply[1].text());
  constexpr std::int64_t latest = std::int64_t{1} << 40U;  // some 35,000 years on: the product below stays in range
  if (!seconds || *seconds < 0 || *seconds > latest) return std::nullopt;
  if (!microseconds || *microseconds < 0 || *microseconds >= 1'000'000) return std::nullopt;
  return *seconds * 1000 + *microseconds / 1000;
}

}  // namespace ficha::redis
