// Servers that break the protocol, lie, or never stop.
#include <fstream>

#include "faults/connection_fixture.hpp"
#include "support/scripted_server.hpp"

namespace ficha::redis {
namespace {

using namespace std::chrono_literals;
using namespace ::ficha::testing;
using ::testing::HasSubstr;
using ::testing::Not;

// The first connection is answered with `answer` to its first command, every later one behaves.
ScriptedServer::Script answering(std::string answer) {
  return [answer = std::move(answer)](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection == 0) {
      if (peer.read_command().empty()) return;
      peer.write(answer);
    }
    peer.behave();
  };
}

struct Hostile {
  const char* what;
  std::string answer;
};

std::string nested(int depth) {
  std::string bytes;
  for (int i = 0; i < depth; ++i) bytes += "*1\r\n";
  return bytes + ":1\r\n";
}

std::string followed_by_two_million_bytes(std::string begin) {
  begin.append(2'000'000, 'x');
  return begin;
}

class HostileAnswer : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileAnswer, EndsTheConnectionIsAnErrorAndTheNextConnectionIsGood) {
  ScriptedServer server(answering(GetParam().answer));
  Connection connection(settings_for(server.url()), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("protocol error"));
  EXPECT_TRUE(heals(connection));
  EXPECT_EQ(server.connections(), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Each, HostileAnswer,
    ::testing::Values(Hostile{"Garbage", "HTTP/1.1 400 Bad Request\r\n\r\n"}, Hostile{"Zeroes", std::string(64, '\0')},
                      Hostile{"BadLength", "$x\r\n"}, Hostile{"NegativeLength", "$-7\r\n"},
                      Hostile{"HugeArray", "*4294967295\r\n"}, Hostile{"DeepNesting", nested(100'000)},
                      Hostile{"StringBeyondTheLimit", followed_by_two_million_bytes("$2000000\r\n")},
                      Hostile{"EndlessLine", followed_by_two_million_bytes("+")}, Hostile{"PushWithoutKind", ">0\r\n"},
                      Hostile{"PushOfNumbers", ">2\r\n:1\r\n:2\r\n"},
                      Hostile{"InvalidationOfNothing", ">1\r\n+invalidate\r\n"},
                      Hostile{"InvalidationOfANumber", ">2\r\n+invalidate\r\n:1\r\n"},
                      Hostile{"InvalidationOfNumbers", ">2\r\n+invalidate\r\n*1\r\n:1\r\n"}),
    [](const auto& hostile) { return std::string(hostile.param.what); });

TEST(HostileServer, AReplyThatNobodyAskedForEndsTheConnectionBeforeItCanReachAnybody) {
  ScriptedServer server([](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection == 0) {
      if (peer.read_command().empty()) return;
      peer.write("$3\r\nyes\r\n$7\r\nsmuggle\r\n");
    }
    peer.behave();
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", "yes"}))), "yes");
  EXPECT_TRUE(eventually([&] { return server.connections() == 2; }));
  EXPECT_TRUE(heals(connection));
}

TEST(HostileServer, AReplyToTheHandshakeTooManyIsNotTheFirstCallers) {
  ScriptedServer server([](ScriptedPeer& peer, int connection) {
    if (peer.shake_hands(connection == 0 ? "$7\r\nsmuggle\r\n" : "")) peer.behave();
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_THAT(text_of(call(connection, reading({"ECHO", "x"}))), Not(HasSubstr("smuggle")));
  EXPECT_TRUE(heals(connection));
}

TEST(HostileServer, AFloodOfPushesDoesNotKeepACallerWaiting) {
  ScriptedServer server([](ScriptedPeer& peer, int) {
    if (!peer.shake_hands() || peer.read_command().empty()) return;
    std::string flood;
    for (int i = 0; i < 1000; ++i) flood += ">2\r\n+invalidate\r\n*1\r\n$3\r\nkey\r\n";
    while (peer.write(flood)) continue;
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  // The flood takes all of a core, so what is asked for is an end, not a punctual one.
  const auto took = duration_of([&] {
    EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::timeout));
  });
  EXPECT_LE(took, 3s);
}

TEST(HostileServer, PushesOfKindsNobodyAskedForAreIgnored) {
  ScriptedServer server([](ScriptedPeer& peer, int) {
    if (!peer.shake_hands() || peer.read_command().empty()) return;
    peer.write(">2\r\n+whatever\r\n:1\r\n$1\r\nx\r\n");
    peer.behave();
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", "x"}))), "x");
}

TEST(HostileServer, ARepliesDripThatNeverEndsTimesOut) {
  ScriptedServer server([](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection > 0) return peer.behave();
    if (peer.read_command().empty()) return;
    peer.write("$1000\r\n");
    while (peer.write("x")) std::this_thread::sleep_for(1ms);
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_TRUE(ends_by(250ms, [&] {
    EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::timeout));
  }));
  EXPECT_TRUE(heals(connection));
}

TEST(HostileServer, AServerThatLoadsItsDataIsConnectedToAndItsRefusalsAreReplies) {
  ScriptedServer server([](ScriptedPeer& peer, int) {
    if (!peer.shake_hands() || peer.read_command().empty()) return;
    peer.write("-LOADING Redis is loading the dataset in memory\r\n");
    peer.behave();
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_THAT(text_of(call(connection, reading({"ECHO", "x"}))), HasSubstr("LOADING"));
  EXPECT_TRUE(heals(connection));
}

class HandshakeRefusal : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(HandshakeRefusal, IsUnavailableWithItsReasonUntilTheServerIsReady) {
  const auto [answer, reason] = GetParam();
  ScriptedServer server([answer = std::string(answer)](ScriptedPeer& peer, int connection) {
    if (connection == 0) {
      (void)peer.read_command();
      peer.write(answer);
      return;
    }
    if (peer.shake_hands()) peer.behave();
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  const Result<Replies> replies = call(connection, writing({"SET", "k", "v"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr(reason));
  EXPECT_TRUE(heals(connection));
}

INSTANTIATE_TEST_SUITE_P(Each, HandshakeRefusal,
                         ::testing::Values(std::pair{"-LOADING Redis is loading the dataset in memory\r\n", "LOADING"},
                                           std::pair{"-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN"},
                                           std::pair{"-ERR unknown command 'HELLO'\r\n", "Redis 7.0"},
                                           std::pair{"+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n", "RESP3"},
                                           std::pair{"SSH-2.0-OpenSSH_9.2\r\n", "protocol error"}));

// The most that this process had in memory, in KiB (proc_pid_status(5)).
std::size_t peak_memory_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string field; status >> field;) {
    std::size_t kib = 0;
    if (field == "VmHWM:" && status >> kib) return kib;
  }
  return 0;
}

TEST(HostileServer, AnEndlessStringDoesNotFillTheMemory) {
  ScriptedServer server([](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection > 0) return peer.behave();
    if (peer.read_command().empty()) return;
    peer.write("$9223372036854775807\r\n");
    const std::string chunk(65536, 'x');
    while (peer.write(chunk)) continue;
  });
  Connection connection(settings_for(server.url()), {}, nullptr);
  const std::size_t before = peak_memory_kib();
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::unavailable));
  EXPECT_LT(peak_memory_kib() - before, 32U * 1024);
  EXPECT_TRUE(heals(connection));
}

}  // namespace
}  // namespace ficha::redis
