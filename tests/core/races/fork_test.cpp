// A prefork server opens its client before it forks, and every process uses it.
#include <atomic>
#include <barrier>
#include <string>
#include <thread>

#include "core/races/processes.hpp"
#include "core/races/race_fixture.hpp"
#include "support/eventually.hpp"

namespace ficha::testing {
namespace {

class ForkTest : public RaceTest {
 protected:
  static constexpr std::size_t owners = 50;

  ForkTest() {
    for (std::size_t i = 0; i < owners; ++i) {
      issued.push_back(issue(client, {.principal = "user-" + std::to_string(i)}));
    }
  }

  // Whether every token leads to its own owner's session, in the near cache and in Redis.
  bool all_find_their_own(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < owners; ++i) {
        const auto loaded = client.load(issued[i].token.reveal(), {.fresh = round % 2 == 0});
        if (!loaded || !*loaded || (*loaded)->principal() != "user-" + std::to_string(i)) return false;
      }
    }
    return true;
  }

  Client client = open();
  std::vector<IssuedSession> issued;
};

TEST_F(ForkTest, ParentAndChildrenUseTheClientAtOnceAndNoReplyGoesAstray) {
  std::vector<ChildProcess> children;
  for (int i = 0; i < 3; ++i) children.emplace_back([this] { return all_find_their_own(40); });
  EXPECT_TRUE(all_find_their_own(40));
  for (ChildProcess& child : children) EXPECT_TRUE(child.succeeded());
  EXPECT_EQ(client.stats().connects, 1U) << "the children left the parent's connection alone";
}

TEST_F(ForkTest, AChildMakesOneConnectionHoweverManyOfItsThreadsComeFirst) {
  constexpr int children = 20;
  const int before = std::stoi(server.info("total_connections_received"));
  for (int i = 0; i < children; ++i) {
    ChildProcess child{[this] {
      constexpr int count = 8;
      std::atomic<bool> good{true};
      std::barrier together{count};
      std::vector<std::thread> threads;
      for (int thread = 0; thread < count; ++thread) {
        threads.emplace_back([&] {
          together.arrive_and_wait();
          if (!all_find_their_own(2)) good = false;
        });
      }
      for (std::thread& thread : threads) thread.join();
      return good.load();
    }};
    EXPECT_TRUE(child.succeeded());
  }
  EXPECT_EQ(std::stoi(server.info("total_connections_received")) - before, children);
}

TEST_F(ForkTest, AChildThatUsesNothingAndOneThatClosesLeaveTheParentWorking) {
  ChildProcess idle{[] { return true; }};
  ChildProcess closing{[this] {
    client.close();
    return true;
  }};
  ChildProcess destroying{[this] {
    const Client doomed = std::move(client);
    return true;
  }};
  EXPECT_TRUE(idle.succeeded());
  EXPECT_TRUE(closing.succeeded());
  EXPECT_TRUE(destroying.succeeded());
  EXPECT_TRUE(all_find_their_own(2));
  EXPECT_EQ(client.stats().connects, 1U);
}

TEST_F(ForkTest, AForkAmidCallsOfOtherThreadsLeavesBothSidesWorking) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> busy;
  for (int i = 0; i < 3; ++i) {
    busy.emplace_back([&] {
      while (!stop) EXPECT_TRUE(all_find_their_own(1));
    });
  }
  for (int i = 0; i < 10; ++i) {
    ChildProcess child{[this] { return all_find_their_own(2); }};
    EXPECT_TRUE(child.succeeded());
  }
  stop = true;
  for (std::thread& thread : busy) thread.join();
}

// Commands of the parent are late, and it is trying a second connection.
TEST_F(ForkTest, AForkWhileRepliesAreLateLeavesBothSidesWorking) {
  Config impatient = config();
  impatient.redis.command_timeout = std::chrono::milliseconds{100};
  impatient.redis.operation_timeout = std::chrono::milliseconds{400};
  Client late = open(impatient);
  const auto all_find_their_own_or_fail = [&] {
    for (std::size_t i = 0; i < owners; ++i) {
      const auto loaded = late.load(issued[i].token.reveal(), {.fresh = true});
      if (loaded && (!*loaded || (*loaded)->principal() != "user-" + std::to_string(i))) return false;
    }
    return true;
  };
  const auto works = [&] { return eventually([&] { return late.load(issued[0].token.reveal()).has_value(); }); };
  ASSERT_TRUE(works());
  server.pause();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(late.load(issued[i].token.reveal(), {.fresh = true}));
  ChildProcess child{[&] { return works() && all_find_their_own_or_fail(); }};
  server.resume();
  EXPECT_TRUE(works() && all_find_their_own_or_fail());
  EXPECT_TRUE(child.succeeded());
  EXPECT_EQ(late.stats().connects, 1U);
}

TEST_F(ForkTest, AGrandchildWorksToo) {
  ChildProcess child{[this] {
    if (!all_find_their_own(1)) return false;
    ChildProcess grandchild{[this] { return all_find_their_own(1); }};
    return grandchild.succeeded() && all_find_their_own(1);
  }};
  EXPECT_TRUE(child.succeeded());
}

}  // namespace
}  // namespace ficha::testing
