#include "store/redis/wire/errors.hpp"

#include <gmock/gmock.h>

namespace ficha::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// As Redis 7.0 and 7.2 and Valkey 8 word them.
TEST(RedisErrors, EveryReplyOfTheTableHasItsCode) {
  const std::pair<std::string_view, ErrorCode> replies[] = {
      {"LOADING Redis is loading the dataset in memory", ErrorCode::unavailable},
      {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
       ErrorCode::unavailable},
      {"CLUSTERDOWN The cluster is down", ErrorCode::unavailable},
      {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", ErrorCode::unavailable},
      {"TRYAGAIN Multiple keys request during rehashing of slot", ErrorCode::unavailable},
      {"MOVED 3999 127.0.0.1:6381", ErrorCode::unavailable},
      {"ERR max number of clients reached", ErrorCode::unavailable},
      {"WRONGPASS invalid username-password pair or user is disabled.", ErrorCode::access_denied},
      {"NOAUTH Authentication required.", ErrorCode::access_denied},
      {"NOPERM this user has no permissions to run the 'get' command", ErrorCode::access_denied},
      {"NOPERM User f has no permissions to access the 'ficha:{0a1b}:x' key", ErrorCode::access_denied},
      {"NOPERM ACL failure in script: User f has no permissions to run the 'set' command script: 1c2f, on "
       "@user_script:1.",
       ErrorCode::access_denied},
      {"ERR The user executing the script can't run this command or subcommand script: 1c2f, on @user_script:1.",
       ErrorCode::access_denied},
      {"ERR ACL failure in script: User ficha has no permissions to run the 'get' command script: 1c2f, on "
       "@user_script:1.",
       ErrorCode::access_denied},
      {"READONLY You can't write against a read only replica.", ErrorCode::write_refused},
      {"READONLY You can't write against a read only replica. script: 1c2f, on @user_script:1.",
       ErrorCode::write_refused},
      {"OOM command not allowed when used memory > 'maxmemory'.", ErrorCode::write_refused},
      {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
       ErrorCode::write_refused},
      {"NOREPLICAS Not enough good replicas to write.", ErrorCode::write_refused},
      {"WRONGTYPE Operation against a key holding the wrong kind of value", ErrorCode::corrupt_record},
      {"ERR unknown command 'HELLO', with args beginning with: ", ErrorCode::unavailable},
      // Redis, and Valkey: what the script did before stays done.
      {"ERR Script attempted to access a non local key in a cluster node script: 1c2f, on @user_script:1.",
       ErrorCode::unknown_outcome},
      {"ERR Attempted to access a non local key in a cluster node", ErrorCode::unknown_outcome},
  };
  for (const auto& [text, code] : replies) EXPECT_EQ(error_of_reply(text).code, code) << text;
}

TEST(RedisErrors, NoMessageQuotesTheReply) {
  for (const std::string_view text :
       {"ERR unknown command 'X', with args beginning with: 'secret'", "NOPERM User f may not access 'secret'",
        "secret", "se\ncret more", "ERR Error running script (call to f_secret): secret"}) {
    EXPECT_THAT(error_of_reply(text).message, Not(HasSubstr("secret"))) << text;
  }
}

TEST(RedisErrors, AScriptsStatusIsAnErrorCodeWithItsSentence) {
  EXPECT_EQ(error_of_script(20, {}).code, ErrorCode::session_gone);
  EXPECT_EQ(error_of_script(21, {}).code, ErrorCode::conflict);
  EXPECT_EQ(error_of_script(23, {}).code, ErrorCode::session_limit);
  EXPECT_EQ(error_of_script(22, "attribute 'a' exists").code, ErrorCode::attribute_exists);
  EXPECT_EQ(error_of_script(22, "attribute 'a' exists").message, "attribute 'a' exists");
  EXPECT_EQ(error_of_script(99, {}).code, ErrorCode::corrupt_record) << "no script says so";
}

}  // namespace
}  // namespace ficha::redis
