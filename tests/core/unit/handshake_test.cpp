#include "store/redis/node/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/redis/wire/reply.hpp"
#include "support/allocations.hpp"

namespace ficha::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* hello = "%3\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n";
constexpr const char* ok = "+OK\r\n";
constexpr const char* memory = "=33\r\ntxt:maxmemory_policy:noeviction\r\n\r\n";
constexpr const char* stats = "$16\r\nevicted_keys:0\r\n\r\n";
constexpr const char* time_reply = "*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n";

std::vector<Reply> replies(std::initializer_list<std::string_view> texts) {
  ReplyReader reader({.string_bytes = 1024});
  std::vector<Reply> all;
  for (const std::string_view text : texts) {
    reader.feed(text);
    all.push_back(reader.next());
  }
  return all;
}

class HandshakeTest : public ::testing::Test {
 protected:
  HandshakeTest() { settings.tracking = true; }

  std::optional<Error> judge(std::initializer_list<std::string_view> texts) const {
    return judge_handshake(settings, replies(texts));
  }

  ConnectionSettings settings{};
};

TEST_F(HandshakeTest, SaysHelloTurnsTrackingOnAndAsksForMemoryAndTime) {
  EXPECT_EQ(make_handshake(settings).bytes.reveal(),
            "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*3\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n"
            "*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n*1\r\n$4\r\nTIME\r\n");
}

TEST_F(HandshakeTest, LeavesNoCopyOfThePasswordInFreedMemory) {
  const std::string password = "correct horse battery staple";
  settings.endpoint.password = Secret{password};
  settings.endpoint.database = 12;
  testing::forbid_in_freed_blocks(password);
  EXPECT_EQ(make_handshake(settings).commands, 6U);
  EXPECT_EQ(testing::freed_with_forbidden_bytes(), 0U);
  testing::forbid_in_freed_blocks({});
}

TEST_F(HandshakeTest, APasswordGoesWithHelloForTheDefaultUserUnlessOneIsNamed) {
  settings.endpoint.password = Secret{"secret"};
  EXPECT_THAT(std::string(make_handshake(settings).bytes.reveal()), HasSubstr("AUTH\r\n$7\r\ndefault\r\n$6\r\nsecret"));
  settings.endpoint.username = "alice";
  EXPECT_THAT(std::string(make_handshake(settings).bytes.reveal()), HasSubstr("AUTH\r\n$5\r\nalice\r\n$6\r\nsecret"));
}

TEST_F(HandshakeTest, ADatabaseIsSelectedUnlessItIsTheFirst) {
  settings.endpoint.database = 12;
  settings.tracking = false;
  EXPECT_THAT(std::string(make_handshake(settings).bytes.reveal()), HasSubstr("SELECT\r\n$2\r\n12"));
  EXPECT_EQ(make_handshake(settings).commands, 5U);
}

TEST_F(HandshakeTest, GoodAnswersAreAccepted) {
  EXPECT_FALSE(judge({hello, ok, memory, stats, time_reply}));
}

TEST_F(HandshakeTest, AServerMayKeepItsMemoryToItself) {
  const char* refusal = "-NOPERM this user has no permissions to run the 'info' command\r\n";
  EXPECT_FALSE(judge({hello, ok, refusal, refusal, time_reply}));
  const Handshake handshake = make_handshake(settings);
  for (std::size_t i = 0; i < handshake.commands; ++i) EXPECT_EQ(handshake.may_refuse(i), i == 2 || i == 3) << i;
}

TEST_F(HandshakeTest, RefusedCredentialsAreAccessDenied) {
  for (const char* answer : {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
                             "-NOAUTH HELLO must be called with the client already authenticated\r\n"}) {
    const std::optional<Error> error = judge({answer});
    ASSERT_TRUE(error) << answer;
    EXPECT_EQ(error->code, ErrorCode::access_denied) << answer;
  }
}

TEST_F(HandshakeTest, AMissingPermissionIsAccessDeniedAndNamesTheCommand) {
  const std::optional<Error> error = judge({hello, "-NOPERM this user has no permissions\r\n"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::access_denied);
  EXPECT_THAT(error->message, HasSubstr("CLIENT TRACKING"));
}

TEST_F(HandshakeTest, AServerWithoutResp3IsTooOld) {
  for (const char* answer :
       {"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n", "-NOPROTO unsupported protocol version\r\n",
        "+OK\r\n", "*0\r\n", "%2\r\n+version\r\n+7.0.0\r\n+proto\r\n:2\r\n",
        "%2\r\n+version\r\n+6.2.7\r\n+proto\r\n:3\r\n"}) {
    const std::optional<Error> error = judge({answer, ok, memory, stats, time_reply});
    ASSERT_TRUE(error) << answer;
    EXPECT_EQ(error->code, ErrorCode::unavailable) << answer;
    EXPECT_THAT(error->message, HasSubstr("Redis 7.0 or Valkey 7.2 is needed")) << answer;
  }
}

TEST_F(HandshakeTest, ADatabaseOutOfRangeIsSaid) {
  settings.endpoint.database = 99;
  const std::optional<Error> error = judge({hello, "-ERR DB index is out of range\r\n"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::unavailable);
  EXPECT_THAT(error->message, HasSubstr("SELECT"));
}

TEST_F(HandshakeTest, ATimeThatIsNoneIsRefused) {
  for (const char* answer :
       {"+OK\r\n", "*1\r\n$1\r\n1\r\n", "*2\r\n$1\r\nx\r\n$1\r\n1\r\n", "*2\r\n$1\r\n1\r\n$7\r\n1000000\r\n",
        "*2\r\n$19\r\n9223372036854775807\r\n$1\r\n0\r\n", "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n"})
    EXPECT_TRUE(judge({hello, ok, memory, stats, answer})) << answer;
}

TEST_F(HandshakeTest, TimeIsInMilliseconds) {
  const std::vector<Reply> reply = replies({time_reply});
  EXPECT_EQ(parse_time(view(reply.front())), 1'700'000'000'123);
}

}  // namespace
}  // namespace ficha::redis
