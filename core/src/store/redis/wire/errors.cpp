#include "store/redis/wire/errors.hpp"

#include <algorithm>
#include <array>

namespace ficha::redis {
namespace {

struct KnownReply {
  std::string_view word;
  ErrorCode code;
  std::string_view advice;
};

constexpr std::array known_replies = std::to_array<KnownReply>({
    {"LOADING", ErrorCode::unavailable, "Redis is loading its data"},
    {"BUSY", ErrorCode::unavailable, "Redis is busy running a script"},
    {"CLUSTERDOWN", ErrorCode::unavailable, "the Redis cluster is down"},
    {"MASTERDOWN", ErrorCode::unavailable, "the replica has lost its primary"},
    {"TRYAGAIN", ErrorCode::unavailable, "the Redis cluster is moving the slot"},
    {"MOVED", ErrorCode::unavailable, "this Redis node does not serve the slot"},
    {"ASK", ErrorCode::unavailable, "this Redis node does not serve the slot"},
    {"WRONGPASS", ErrorCode::access_denied, "Redis refuses the user or the password"},
    {"NOAUTH", ErrorCode::access_denied, "Redis asks for a password"},
    {"NOPERM", ErrorCode::access_denied, "the Redis user lacks a permission (ACL)"},
    {"READONLY", ErrorCode::write_refused, "this Redis is a read-only replica"},
    {"OOM", ErrorCode::write_refused, "Redis is out of memory (maxmemory)"},
    {"MISCONF", ErrorCode::write_refused, "Redis refuses writes because it cannot save its data"},
    {"NOREPLICAS", ErrorCode::write_refused, "Redis refuses writes because it has too few replicas"},
    {"WRONGTYPE", ErrorCode::corrupt_record, "the key holds another type than a session"},
});

}  // namespace

std::string_view error_word(std::string_view reply) noexcept {
  const std::string_view word = reply.substr(0, reply.find(' '));
  const bool upper = std::ranges::all_of(word, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
  return upper && word.size() <= 32 ? word : "ERR";
}

Error error_of_reply(std::string_view reply) {
  const std::string_view word = error_word(reply);
  const auto* known = std::ranges::find(known_replies, word, &KnownReply::word);
  if (known != known_replies.end()) return {known->code, std::string{known->advice}.append(": ").append(word)};
  // Where a script runs into an ACL: Redis 7.0, and Redis 7.2 and Valkey.
  if (reply.starts_with("ERR The user executing the script can't")) return error_of_reply("NOPERM");
  if (reply.starts_with("ERR ACL failure in script")) return error_of_reply("NOPERM");
  if (reply.starts_with("ERR max number of clients reached")) {
    return {ErrorCode::unavailable, "Redis has as many clients as it may have (maxclients)"};
  }
  // Redis says it with "Script" in front, Valkey without. What the script has done before stays done.
  if (reply.find("non local key") != std::string_view::npos) {
    return {ErrorCode::unknown_outcome, "a script met a key of another node; it may have done a part of its work"};
  }
  return {ErrorCode::unavailable, std::string{"Redis refuses the command: "}.append(word)};
}

Error error_of_script(std::int64_t status, std::string_view text) {
  const auto code = static_cast<ErrorCode>(status);
  if (!text.empty()) return {code, std::string{text}};
  switch (code) {
    case ErrorCode::corrupt_record:
      return corrupt_record("the stored record is not one of this session");
    case ErrorCode::session_gone:
      return {code, "the session is no longer live"};
    case ErrorCode::conflict:
      return {code, "the session has another generation than expected"};
    case ErrorCode::session_limit:
      return {code, "the principal has as many sessions as it may have"};
    default:
      return corrupt_record("a script gave a reply that it cannot give");
  }
}

}  // namespace ficha::redis
