#include "store/redis/node/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/redis/wire/reply.hpp"
#include "support/allocations.hpp"
#include "support/results.hpp"

namespace ficha::redis {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr const char* hello =
    "%5\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n";
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

  Result<ServerFacts> judge(std::initializer_list<std::string_view> texts) const {
    return judge_handshake(settings, replies(texts));
  }

  // Of the whole handshake, when HELLO names this mode and this role.
  Result<ServerFacts> judge_server(const std::string& mode, const std::string& role) const {
    const std::string answer =
        "%4\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n+mode\r\n+" + mode + "\r\n+role\r\n+" + role + "\r\n";
    return judge({answer, ok, memory, stats, time_reply});
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
  ASSERT_OK_AND_ASSIGN(const ServerFacts facts, judge({hello, ok, memory, stats, time_reply}));
  EXPECT_TRUE(facts.tracking);
  EXPECT_FALSE(facts.cluster);
}

TEST_F(HandshakeTest, AReplicaIsRefusedAndAClustersIsNot) {
  ASSERT_THAT(judge_server("standalone", "replica"), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(judge_server("standalone", "replica").error().message, HasSubstr("replica"));
  ASSERT_OK_AND_ASSIGN(const ServerFacts facts, judge_server("cluster", "replica"));
  EXPECT_TRUE(facts.cluster);
}

TEST_F(HandshakeTest, AServerThatNamesNoRoleIsNotTakenForAPrimary) {
  EXPECT_THAT(judge({"%2\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n", ok, memory, stats, time_reply}),
              FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(judge_server("standalone", "Master"), FailsWith(ErrorCode::unavailable));
}

TEST_F(HandshakeTest, ASentinelIsAMistakeInTheConfiguration) {
  // Of all that is asked, a Sentinel does not know TIME.
  const Result<ServerFacts> facts = judge({"%3\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n+mode\r\n+sentinel\r\n", ok,
                                           memory, stats, "-ERR unknown command 'TIME'\r\n"});
  ASSERT_THAT(facts, FailsWith(ErrorCode::invalid_config));
  EXPECT_THAT(facts.error().message, HasSubstr("Sentinel"));
}

TEST_F(HandshakeTest, TrackingMayBeRefusedWithAnyWord) {
  for (const auto& [answer, word] :
       {std::pair{"-NOPERM User f has no permissions to run the 'client|tracking' command\r\n", "NOPERM"},
        std::pair{"-ERR unknown subcommand 'tracking'. Try CLIENT HELP.\r\n", "ERR"},
        std::pair{"-client|tracking is not allowed\r\n", "ERR"}}) {
    ASSERT_OK_AND_ASSIGN(const ServerFacts facts, judge({hello, answer, memory, stats, time_reply}));
    EXPECT_FALSE(facts.tracking) << answer;
    EXPECT_EQ(facts.tracking_refusal, word) << answer;
  }
}

TEST_F(HandshakeTest, OnlyAPrimaryThatMayServeProvesItself) {
  const auto verdict = [](bool cluster, std::string_view answer) {
    return judge_probe(cluster, view(replies({answer}).front()));
  };
  EXPECT_EQ(verdict(false, hello), ProbeVerdict::proves);
  EXPECT_EQ(verdict(false, "%1\r\n+role\r\n+replica\r\n"), ProbeVerdict::replica);
  for (const char* answer :
       {"%0\r\n", "+OK\r\n", "-ERR x\r\n", "%1\r\n+role\r\n:1\r\n", "*1\r\n+role\r\n", "_\r\n", ":0\r\n"})
    EXPECT_EQ(verdict(false, answer), ProbeVerdict::unproven) << answer;

  for (const char* answer : {":0\r\n", "-OOM command not allowed\r\n", "-MISCONF x\r\n", "-NOREPLICAS x\r\n"})
    EXPECT_EQ(verdict(true, answer), ProbeVerdict::proves) << answer;
  for (const char* answer : {"-CLUSTERDOWN The cluster is down\r\n", "-MOVED 1 127.0.0.1:1\r\n", "-READONLY x\r\n",
                             "-LOADING x\r\n", "-NOPERM x\r\n", "-ERR OOM\r\n", "_\r\n", "+OK\r\n"})
    EXPECT_EQ(verdict(true, answer), ProbeVerdict::unproven) << answer;
}

TEST_F(HandshakeTest, TheProbeAsksForTheRoleOrWhetherTheClusterServesTheKeyAndAlwaysForTheTime) {
  settings.probe_key = "key";
  EXPECT_EQ(make_probe(settings, false).bytes(), "*1\r\n$5\r\nHELLO\r\n*1\r\n$4\r\nTIME\r\n");
  EXPECT_EQ(make_probe(settings, true).bytes(),
            "*4\r\n$9\r\nPEXPIREAT\r\n$3\r\nkey\r\n$1\r\n1\r\n$2\r\nGT\r\n*1\r\n$4\r\nTIME\r\n");
}

TEST_F(HandshakeTest, AServerMayKeepItsMemoryToItself) {
  const char* refusal = "-NOPERM this user has no permissions to run the 'info' command\r\n";
  EXPECT_THAT(judge({hello, ok, refusal, refusal, time_reply}), IsOk());
  const Handshake handshake = make_handshake(settings);
  for (std::size_t i = 0; i < handshake.commands; ++i) EXPECT_EQ(handshake.may_refuse(i), i >= 1 && i <= 3) << i;
  settings.tracking = false;
  EXPECT_FALSE(make_handshake(settings).may_refuse(0));
}

TEST_F(HandshakeTest, RefusedCredentialsAreAccessDenied) {
  for (const char* answer : {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
                             "-NOAUTH HELLO must be called with the client already authenticated\r\n"}) {
    EXPECT_THAT(judge({answer}), FailsWith(ErrorCode::access_denied)) << answer;
  }
}

TEST_F(HandshakeTest, AMissingPermissionIsAccessDeniedAndNamesTheCommand) {
  const Result<ServerFacts> facts = judge({hello, ok, memory, stats, "-NOPERM this user has no permissions\r\n"});
  ASSERT_THAT(facts, FailsWith(ErrorCode::access_denied));
  EXPECT_THAT(facts.error().message, HasSubstr("TIME"));
}

TEST_F(HandshakeTest, AServerWithoutResp3IsTooOld) {
  for (const char* answer :
       {"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n", "-NOPROTO unsupported protocol version\r\n",
        "+OK\r\n", "*0\r\n", "%2\r\n+version\r\n+7.0.0\r\n+proto\r\n:2\r\n",
        "%2\r\n+version\r\n+6.2.7\r\n+proto\r\n:3\r\n"}) {
    const Result<ServerFacts> facts = judge({answer, ok, memory, stats, time_reply});
    ASSERT_THAT(facts, FailsWith(ErrorCode::unavailable)) << answer;
    EXPECT_THAT(facts.error().message, HasSubstr("Redis 7.0 or Valkey 7.2 is needed")) << answer;
  }
}

TEST_F(HandshakeTest, ADatabaseOutOfRangeIsSaid) {
  settings.endpoint.database = 99;
  const Result<ServerFacts> facts = judge({hello, "-ERR DB index is out of range\r\n"});
  ASSERT_THAT(facts, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(facts.error().message, HasSubstr("SELECT"));
}

TEST_F(HandshakeTest, AClusterWithoutOtherDatabasesIsSaidToHaveOne) {
  settings.endpoint.database = 1;
  EXPECT_THAT(judge({"%3\r\n+proto\r\n:3\r\n+mode\r\n+cluster\r\n+role\r\n+master\r\n",
                     "-ERR SELECT is not allowed in cluster mode\r\n"}),
              FailsWith(ErrorCode::invalid_config));
}

TEST_F(HandshakeTest, ATimeThatIsNoneIsRefused) {
  for (const char* answer :
       {"+OK\r\n", "*1\r\n$1\r\n1\r\n", "*2\r\n$1\r\nx\r\n$1\r\n1\r\n", "*2\r\n$1\r\n1\r\n$7\r\n1000000\r\n",
        "*2\r\n$19\r\n9223372036854775807\r\n$1\r\n0\r\n", "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n"})
    EXPECT_THAT(judge({hello, ok, memory, stats, answer}), FailsWith(ErrorCode::unavailable)) << answer;
}

TEST_F(HandshakeTest, TimeIsInMilliseconds) {
  const std::vector<Reply> reply = replies({time_reply});
  EXPECT_EQ(parse_time(view(reply.front())), 1'700'000'000'123);
}

}  // namespace
}  // namespace ficha::redis
