// A stream that is out of step by one reply: the link ends before anybody gets a foreign one.
#include "faults/impatient_connection.hpp"

namespace ficha::redis {
namespace {

// A server that loses one reply, or gives one twice, at a place of the stream; everything else is in order.
enum class Slip : std::uint8_t { lost, doubled };

struct SlipAt {
  Slip slip;
  int place;
};

class SlippedStream : public ::testing::TestWithParam<SlipAt> {};

constexpr int slip_places = 13;

// The product's own traffic, over and over: a read, a touch with its barrier, a revoke, a script.
std::vector<Commands> traffic() {
  std::vector<Commands> all;
  all.push_back(get_and_pttl("a"));
  Commands touch(Effect::write);
  touch.add({"PING"}, Shape::pong).add({"PEXPIREAT", "a", "1", "GT"}, Shape::integer).add({"PING"}, Shape::pong);
  all.push_back(std::move(touch));
  all.push_back(get_and_pttl("b"));
  Commands revoke(Effect::write);
  revoke.add({"GETDEL", "b"}, Shape::text_or_nil).add({"ZREM", "i", "b"}, Shape::integer);
  all.push_back(std::move(revoke));
  Commands script(Effect::write);
  script.add({"EVALSHA", "0", "0"}, Shape::array).add({"PING"}, Shape::pong);
  all.push_back(std::move(script));
  all.push_back(get_and_pttl("c"));
  return all;
}

std::string true_answer(const std::string& command) {
  if (command.starts_with("GET")) return bulk(command);
  if (command.starts_with("PING")) return "+PONG\r\n";
  if (command.starts_with("EVALSHA")) return "*1\r\n:0\r\n";
  return ":7\r\n";
}

TEST_P(SlippedStream, EndsBeforeAnybodyGetsAForeignReply) {
  ScriptedServer server([](ScriptedPeer& peer, int connection) {
    if (!peer.shake_hands()) return;
    if (connection > 0) return peer.behave();
    for (int place = 0;; ++place) {
      const std::string command = peer.read_command();
      if (command.empty()) return;
      const std::string answer = true_answer(command);
      const bool slips = place == GetParam().place;
      if (!slips || GetParam().slip == Slip::doubled) peer.write(answer);
      if (slips && GetParam().slip == Slip::doubled) peer.write(answer);
    }
  });
  Connection connection(impatient(server.url()), {}, nullptr);
  std::vector<std::future<Result<Replies>>> asked;
  for (int round = 0; round < 3; ++round) {
    for (Commands& commands : traffic()) asked.push_back(submit(connection, std::move(commands)));
  }
  int failed = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Result<Replies> replies = asked[i].get();
    if (!replies) {
      ++failed;
      continue;
    }
    const char* const mine[] = {"GET a", nullptr, "GET b", "GETDEL b", nullptr, "GET c"};
    if (const char* expected = mine[i % 6]) {
      EXPECT_EQ(view(replies->front()).text(), expected);
    }
  }
  EXPECT_GT(failed, 0);
  EXPECT_TRUE(heals(connection));
  EXPECT_EQ(connects(connection), 2U);
}

INSTANTIATE_TEST_SUITE_P(AnyPlace, SlippedStream, ::testing::ValuesIn([] {
                           std::vector<SlipAt> all;
                           for (int place = 0; place < slip_places; ++place)
                             all.insert(all.end(), {{Slip::lost, place}, {Slip::doubled, place}});
                           return all;
                         }()),
                         [](const auto& slip) {
                           return (slip.param.slip == Slip::lost ? "Lost" : "Doubled") +
                                  std::to_string(slip.param.place);
                         });

// A slip while late replies are awaited: they are checked like all others.
TEST(SlippedStream, AmongLateRepliesEndsTheLinkToo) {
  Gate gate;
  ScriptedServer server([&](ScriptedPeer& peer, int connection) {
    if (connection > 0 && !gate.pass()) return;
    if (!peer.shake_hands()) return;
    if (connection > 0) return peer.behave();
    for (int i = 0; i < 4; ++i) (void)peer.read_command();
    if (!gate.pass()) return;
    // The answer to the first GET is lost.
    peer.write(":7\r\n" + bulk("value of b") + ":7\r\n");
    while (!peer.read_command().empty()) continue;
  });
  Connection connection(impatient(server.url()), {}, nullptr);
  std::future<Result<Replies>> a = submit(connection, get_and_pttl("a"));
  std::future<Result<Replies>> b = submit(connection, get_and_pttl("b"));
  EXPECT_THAT(a.get(), FailsWith(ErrorCode::timeout));
  EXPECT_THAT(b.get(), FailsWith(ErrorCode::timeout));
  gate.open();
  EXPECT_TRUE(eventually([&] { return connects(connection) == 2; }));
  EXPECT_TRUE(heals(connection));
}

}  // namespace
}  // namespace ficha::redis
