#include "store/redis/node/handshake.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crypto.hpp"
#include "store/redis/wire/errors.hpp"

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

Error classify(std::string_view command, std::string_view text) {
  const std::string_view prefix = error_word(text);
  if (prefix == "WRONGPASS") return {ErrorCode::access_denied, "the server refuses the user name or password"};
  if (prefix == "NOAUTH") return {ErrorCode::access_denied, "the server asks for a password"};
  if (prefix == "NOPERM") return {ErrorCode::access_denied, "the user has no permission for " + std::string(command)};
  if (prefix == "NOPROTO" || text.find("unknown command") != std::string_view::npos)
    return unavailable("the server does not know " + std::string(command) + ": Redis 7.0 or Valkey 7.2 is needed");
  return unavailable(std::string(command) + " failed: " + std::string(text));
}

struct Hello {
  std::int64_t protocol = 0;
  std::string_view version;
  std::string_view mode;
  std::string_view role;
};

// What is no map has no field.
Hello read_hello(ReplyView reply) {
  Hello hello;
  if (reply.type() != ReplyView::Type::array) return hello;
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) {
    const std::string_view field = reply[i].text();
    if (field == "proto") hello.protocol = reply[i + 1].integer();
    if (field == "version") hello.version = reply[i + 1].text();
    if (field == "mode") hello.mode = reply[i + 1].text();
    if (field == "role") hello.role = reply[i + 1].text();
  }
  return hello;
}

constexpr std::string_view primary = "master";
constexpr std::string_view replica = "replica";

std::optional<Error> check_hello(const Hello& hello) {
  if (hello.protocol != 3) return unavailable("the server does not speak RESP3: Redis 7.0 or Valkey 7.2 is needed");
  const std::optional<std::int64_t> major = parse_integer(hello.version.substr(0, hello.version.find('.')));
  if (major && *major < oldest_major_version)
    return unavailable("the server is too old: Redis 7.0 or Valkey 7.2 is needed");
  if (hello.mode == "sentinel") {
    return Error{ErrorCode::invalid_config,
                 "this is a Sentinel; the address of the Redis primary that it watches is needed"};
  }
  // A cluster's replica says MOVED to all that is asked of it.
  if (hello.mode == "cluster" || hello.role == primary) return std::nullopt;
  if (hello.role == replica) return unavailable("the server is a replica; its primary is needed");
  return unavailable("the server does not say that it is a primary");
}

// With these, a cluster's primary has looked whether it may serve the key, and then refuses for another reason.
constexpr std::array refusals_of_a_primary = std::to_array<std::string_view>({"OOM", "MISCONF", "NOREPLICAS"});

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
  const std::size_t memory = greeting.count() + rest.count();
  rest.add({"INFO", "memory"}, Shape::text).add({"INFO", "stats"}, Shape::text).add({"TIME"}, Shape::array);

  std::string bytes;
  bytes.reserve(greeting.bytes().size() + rest.bytes().size());
  bytes.append(greeting.bytes()).append(rest.bytes());
  greeting.wipe();
  Handshake handshake{Secret(bytes), greeting.count() + rest.count(), memory, settings.tracking};
  crypto::wipe(bytes.data(), bytes.size());
  return handshake;
}

Result<ServerFacts> judge_handshake(const ConnectionSettings& settings, std::span<const Reply> replies) {
  std::vector<std::string_view> names{"HELLO"};
  if (settings.endpoint.database != 0) names.push_back("SELECT");
  if (settings.tracking) names.push_back("CLIENT TRACKING");
  names.insert(names.end(), {"INFO", "INFO", "TIME"});
  ServerFacts facts;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const ReplyView reply = view(replies[i]);
    const bool refused = reply.type() == ReplyView::Type::error;
    if (i == 0 && !refused) {
      const Hello hello = read_hello(reply);
      if (std::optional<Error> error = check_hello(hello)) return *std::move(error);
      facts.cluster = hello.mode == "cluster";
    } else if (names[i] == "CLIENT TRACKING") {
      facts.tracking = !refused;
      if (refused) facts.tracking_refusal = error_word(reply.text());
    } else if (refused && names[i] == "SELECT" && facts.cluster) {
      return Error{ErrorCode::invalid_config, "this Redis Cluster has database 0 only; leave it out of redis.url"};
    } else if (refused && names[i] != "INFO") {
      return classify(names[i], reply.text());
    }
  }
  if (!parse_time(view(replies.back()))) return unavailable("the server answered TIME with something else");
  return facts;
}

Commands make_probe(const ConnectionSettings& settings, bool cluster) {
  Commands probe{Effect::read};
  if (cluster)
    probe.add({"PEXPIREAT", settings.probe_key, "1", "GT"}, Shape::integer);
  else
    probe.add({"HELLO"}, Shape::array);
  probe.add({"TIME"}, Shape::array);
  return probe;
}

ProbeVerdict judge_probe(bool cluster, ReplyView reply) {
  if (cluster) {
    if (reply.type() == ReplyView::Type::integer) return ProbeVerdict::proves;
    const auto* const refusal = std::ranges::find(refusals_of_a_primary, error_word(reply.text()));
    return refusal == refusals_of_a_primary.end() ? ProbeVerdict::unproven : ProbeVerdict::proves;
  }
  const std::string_view role = read_hello(reply).role;
  if (role == primary) return ProbeVerdict::proves;
  return role == replica ? ProbeVerdict::replica : ProbeVerdict::unproven;
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
