// A slow server: what is answered late fails alone, and the link stays while it can be trusted.
#include "faults/impatient_connection.hpp"

namespace ficha::redis {
namespace {

using namespace std::chrono_literals;
using namespace ::ficha::testing;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// The true answer to a command of these tests.
std::string answer_to(const std::string& command) {
  if (command.starts_with("ECHO ")) return bulk(std::string_view(command).substr(5));
  if (command.starts_with("GET ")) return bulk("value of " + command.substr(4));
  if (command.starts_with("PTTL ")) return ":1000\r\n";
  if (command == "PING") return "+PONG\r\n";
  if (command == "TIME") return "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n";
  if (command.starts_with("SCRIPT ")) return "*1\r\n:0\r\n";
  return "+OK\r\n";
}

// Answers what is asked of it truly, but holds everything back from the `silent`th command of its first connection on, until
// the gate opens.
ScriptedServer::Script holding_back(Gate& gate, int silent) {
  return [&gate, silent](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    for (int i = 0;; ++i) {
      const std::string command = peer.read_command();
      if (command.empty()) return;
      if (connection == 0 && i == silent && !gate.pass()) return;
      if (!peer.write(answer_to(command))) return;
    }
  };
}

// A second link is not answered while the first is silent, as with a server that is slow.
ScriptedServer::Script slow_altogether(Gate& gate, int silent) {
  return [&gate, held = holding_back(gate, silent)](ScriptedPeer& peer, int connection) {
    if (connection > 0 && !gate.pass()) return;
    held(peer, connection);
  };
}

std::size_t in_flight(const Connection& connection) {
  Stats stats;
  connection.add_stats(stats);
  return stats.in_flight;
}

// What a caller gets who asks for its own name, on a link that has late replies to give.
void expect_own_replies(Connection& connection) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = "own" + std::to_string(i);
    EXPECT_EQ(text_of(call(connection, reading({"ECHO", name}))), name);
  }
}

class LateReplies : public ::testing::Test {
 protected:
  Gate gate;
  ScriptedServer server{slow_altogether(gate, 0)};
  Connection connection{impatient(server.url()), {}, nullptr};

  void expect_the_same_link_in_step() {
    gate.open();
    EXPECT_TRUE(eventually([&] { return in_flight(connection) == 0; }));
    expect_own_replies(connection);
    EXPECT_EQ(connects(connection), 1U);
  }
};

TEST_F(LateReplies, OfABlockedCallerAreDroppedAndTheLinkStays) {
  EXPECT_THAT(call(connection, reading({"ECHO", "late"})), FailsWith(ErrorCode::timeout));
  EXPECT_EQ(in_flight(connection), 1U) << "its reply is still to come";
  expect_the_same_link_in_step();
}

TEST_F(LateReplies, OfASubmittedCommandAreDroppedAndTheLinkStays) {
  EXPECT_THAT(submit(connection, reading({"ECHO", "late"})).get(), FailsWith(ErrorCode::timeout));
  expect_the_same_link_in_step();
}

TEST_F(LateReplies, OfAWriteLeaveItsOutcomeUnknown) {
  EXPECT_THAT(submit(connection, writing({"SET", "k", "v"})).get(), FailsWith(ErrorCode::unknown_outcome));
  expect_the_same_link_in_step();
}

TEST_F(LateReplies, OfSeveralCommandsInOneWriteAreAllDropped) {
  Commands commands = get_and_pttl("k");
  commands.add({"PING"}, Shape::pong);
  EXPECT_THAT(submit(connection, std::move(commands)).get(), FailsWith(ErrorCode::timeout));
  EXPECT_EQ(in_flight(connection), 3U);
  expect_the_same_link_in_step();
}

TEST_F(LateReplies, OfManyCallersAreDroppedInOrderAndNobodyElseGetsOne) {
  std::vector<std::future<Result<Replies>>> late;
  for (int i = 0; i < 200; ++i) late.push_back(submit(connection, reading({"ECHO", "late" + std::to_string(i)})));
  for (auto& reply : late) EXPECT_THAT(reply.get(), FailsWith(ErrorCode::timeout));
  expect_the_same_link_in_step();
}

// Its owner may go as soon as close() has returned.
TEST_F(LateReplies, AreAwaitedByNobodyWhenTheFirstThatFailedHasClosedTheConnection) {
  constexpr int all = 4;
  int failed = 0;
  std::promise<int> failed_when_closed;
  start(ask(connection, reading({"ECHO", "closes"})), [&](Result<Replies>) {
    ++failed;
    connection.close();
    failed_when_closed.set_value(failed);
  });
  for (int i = 1; i < all; ++i) start(ask(connection, reading({"ECHO", "late"})), [&](Result<Replies>) { ++failed; });
  EXPECT_EQ(failed_when_closed.get_future().get(), all);
  gate.open();
}

TEST(LateCommands, GoOnCountingUntilTheirRepliesHaveCome) {
  Gate gate;
  ScriptedServer server(slow_altogether(gate, 0));
  ConnectionSettings settings = impatient(server.url());
  settings.max_in_flight = 4;
  Connection connection(std::move(settings), {}, nullptr);
  for (int i = 0; i < 4; ++i) EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::timeout));
  EXPECT_LT(duration_of([&] {
              EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::overloaded));
            }),
            patience);
  gate.open();
  EXPECT_TRUE(eventually([&] { return in_flight(connection) == 0; }));
  expect_own_replies(connection);
  EXPECT_EQ(connects(connection), 1U);
}

// Counts how often it is looked at.
class CountingClock final : public Clock {
 public:
  std::int64_t unix_milliseconds() noexcept override { return system_clock().unix_milliseconds(); }
  std::int64_t monotonic_nanoseconds() noexcept override {
    ++looks;
    return system_clock().monotonic_nanoseconds();
  }
  std::atomic<int> looks{0};
};

TEST(LateCommands, ThatAreAsManyAsMayBeInFlightLeaveNoThreadBusy) {
  Gate gate;
  CountingClock clock;
  ScriptedServer server(slow_altogether(gate, 0));
  ConnectionSettings settings = impatient(server.url());
  settings.max_in_flight = 4;
  settings.probe_interval = 2 * patience;  // so that four are sent before
  Hooks hooks;
  hooks.clock = &clock;
  Connection connection(std::move(settings), hooks, nullptr);
  std::vector<std::future<Result<Replies>>> late;
  for (int i = 0; i < 4; ++i) late.push_back(submit(connection, reading({"ECHO", "x"})));
  for (auto& reply : late) EXPECT_THAT(reply.get(), FailsWith(ErrorCode::timeout));
  clock.looks = 0;
  EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 1; })) << "after two seconds of silence";
  EXPECT_LT(clock.looks, 5000);
  gate.open();
}

TEST(LateCommands, AreNotThoseWhoseRepliesHadComeWhileThisProcessStoodStill) {
  ScriptedServer server([](ScriptedPeer& peer, int) {
    if (peer.shake_hands()) peer.behave();
  });
  Connection connection(impatient(server.url()), {}, nullptr);
  std::promise<void> reading_stands;
  start(ask(connection, reading({"ECHO", "x"})), [&](Result<Replies>) {
    reading_stands.set_value();
    std::this_thread::sleep_for(3 * patience);
  });
  reading_stands.get_future().wait();
  std::vector<std::future<Result<Replies>>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(submit(connection, reading({"ECHO", "mine"})));
  for (auto& reply : asked) EXPECT_EQ(text_of(reply.get()), "mine");
}

// With this many unanswered, what is sent next waits for replies before it goes out.
TEST(LateCommands, OfWhichNoByteWentOutNeverGoOut) {
  Gate gate;
  std::mutex mutex;
  std::vector<std::string> seen;
  ScriptedServer server([&](ScriptedPeer& peer, int connection) {
    if (connection > 0 && !gate.pass()) return;
    if (!peer.shake_hands()) return;
    for (std::string command = peer.read_command(); !command.empty(); command = peer.read_command()) {
      if (!gate.pass()) return;
      {
        const std::lock_guard lock(mutex);
        seen.push_back(command);
      }
      peer.write(answer_to(command));
    }
  });
  Connection connection(impatient(server.url()), {}, nullptr);
  std::vector<std::future<Result<Replies>>> sent;
  for (int i = 0; i < 16; ++i) sent.push_back(submit(connection, writing({"SET", "sent", "v"})));
  EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 0; }));
  std::future<Result<Replies>> unsent = submit(connection, writing({"SET", "unsent", "v"}));
  EXPECT_THAT(unsent.get(), FailsWith(ErrorCode::timeout)) << "it can be said that it did not happen";
  for (auto& write : sent) EXPECT_THAT(write.get(), FailsWith(ErrorCode::unknown_outcome));
  gate.open();
  EXPECT_TRUE(eventually([&] { return in_flight(connection) == 0; }));
  expect_own_replies(connection);
  EXPECT_EQ(connects(connection), 1U);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(std::ranges::count(seen, "SET sent v"), 16);
  EXPECT_EQ(std::ranges::count(seen, "SET unsent v"), 0);
}

TEST(LateCommands, OfASocketThatTakesNoMoreEndTheLinkAndOnlyTheBegunIsInDoubt) {
  Gate gate;
  ScriptedServer server([&](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection == 0) gate.pass();  // reads nothing
    peer.behave();
  });
  Connection connection(impatient(server.url()), {}, nullptr);
  const std::string long_value(16U << 20U, 'x');
  std::future<Result<Replies>> begun = submit(connection, writing({"SET", "begun", long_value}));
  std::future<Result<Replies>> unsent = submit(connection, writing({"SET", "unsent", "v"}));
  EXPECT_THAT(begun.get(), FailsWith(ErrorCode::unknown_outcome));
  EXPECT_THAT(unsent.get(), AnyOf(FailsWith(ErrorCode::timeout), FailsWith(ErrorCode::unavailable)));
  EXPECT_TRUE(heals(connection));
  EXPECT_EQ(connects(connection), 2U);
  gate.open();
}

TEST(SilentLink, IsReplacedByASecondOneThatIsAnswered) {
  Gate never;
  ScriptedServer server(holding_back(never, 0));
  Connection connection(impatient(server.url()), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "lost"})), FailsWith(ErrorCode::timeout));
  EXPECT_TRUE(eventually([&] { return connects(connection) == 2; }, 1000ms))
      << "long before the two seconds of silence";
  expect_own_replies(connection);
  EXPECT_EQ(server.connections(), 2) << "the second link was the one that was tried";
  never.open();
}

TEST(SilentLink, EndsAfterTwoSecondsWhereNoSecondOneIsAnsweredEither) {
  Gate gate;
  ScriptedServer server(slow_altogether(gate, 0));
  Connection connection(impatient(server.url()), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "lost"})), FailsWith(ErrorCode::timeout));
  const auto took = duration_of([&] { EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 1; })); });
  EXPECT_GT(took, 1500ms);
  EXPECT_LT(took, 4s);
  gate.open();
  EXPECT_TRUE(heals(connection));
}

TEST(SilentLink, IsKeptWhenItSpeaksAgainAndTheSecondOneGoes) {
  Gate gate;
  ScriptedServer server(slow_altogether(gate, 0));
  Connection connection(impatient(server.url()), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "late"})), FailsWith(ErrorCode::timeout));
  EXPECT_TRUE(eventually([&] { return server.connections() == 2; })) << "a second link is tried";
  gate.open();
  EXPECT_TRUE(eventually([&] { return in_flight(connection) == 0; }));
  expect_own_replies(connection);
  EXPECT_EQ(connects(connection), 1U);
}

TEST(SilentLink, ClosesAtOnceWhileASecondOneIsTried) {
  Gate gate;
  ScriptedServer server(slow_altogether(gate, 0));
  Connection connection(impatient(server.url()), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "late"})), FailsWith(ErrorCode::timeout));
  EXPECT_TRUE(eventually([&] { return server.connections() == 2; }));
  EXPECT_LT(duration_of([&] { connection.close(); }), 500ms);
  gate.open();
}

TEST(SilentLink, WhoseReplyBreaksOffEndsWhenNoByteComes) {
  Gate never;
  ScriptedServer server([&](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection == 0) {
      if (peer.read_command().empty()) return;
      peer.write("$1000\r\nhalf");
      never.pass();
    }
    peer.behave();
  });
  Connection connection(impatient(server.url()), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  EXPECT_THAT(replies, AnyOf(FailsWith(ErrorCode::timeout), FailsWith(ErrorCode::unavailable)));
  EXPECT_TRUE(eventually([&] { return connects(connection) == 2; }, 1000ms));
  expect_own_replies(connection);
  never.open();
}

}  // namespace
}  // namespace ficha::redis
