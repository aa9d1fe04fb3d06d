#include "store/memory/memory_store.hpp"

#include <gmock/gmock.h>

#include "ficha/client.hpp"
#include "support/fake_clock.hpp"
#include "support/results.hpp"

// What a clock that obeys can show to the second; all else is in the suite for every store.
namespace ficha::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::SizeIs;

class MemoryStoreTest : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.redis.url = Secret{"memory://"};
    return config;
  }

  FakeClock clock;
  Client client = *Client::open(config(), {.clock = &clock});

  IssuedSession issue(NewSession session) { return *client.create(session); }
  bool live(const Token& token, bool touch) { return client.load(token.reveal(), {.touch = touch})->has_value(); }
};

TEST_F(MemoryStoreTest, AnIdleSessionEndsBetweenItsTimeoutAndASixteenthMore) {
  const IssuedSession issued = issue({.principal = "alice", .idle_timeout = minutes{16}});
  clock.advance(minutes{16} - milliseconds{1});
  EXPECT_TRUE(live(issued.token, false));
  clock.advance(minutes{1} + milliseconds{1});
  EXPECT_FALSE(live(issued.token, false));
}

TEST_F(MemoryStoreTest, UseAtAnyMomentGivesAWholeIdleTimeoutButForHalfAQuantum) {
  for (int second = 0; second < 16 * 60; second += 7) {
    const IssuedSession issued = issue({.principal = "alice", .idle_timeout = minutes{16}});
    clock.advance(seconds{second});
    ASSERT_TRUE(live(issued.token, true));
    clock.advance(minutes{16} - seconds{30});
    EXPECT_TRUE(live(issued.token, false)) << "used after " << second << " s";
    clock.advance(seconds{30} + minutes{1} + milliseconds{1});
    EXPECT_FALSE(live(issued.token, false)) << "used after " << second << " s";
  }
}

TEST_F(MemoryStoreTest, SteadyUseEndsAtTheAbsoluteDeadlineToTheSecond) {
  const IssuedSession issued = issue({.principal = "alice", .idle_timeout = minutes{10}, .absolute_timeout = hours{1}});
  for (int minute = 1; minute < 60; ++minute) {
    clock.advance(minutes{1});
    ASSERT_TRUE(live(issued.token, true));
  }
  clock.advance(seconds{59});
  EXPECT_TRUE(live(issued.token, true));
  clock.advance(seconds{1});
  EXPECT_FALSE(live(issued.token, true));
}

TEST_F(MemoryStoreTest, AClockThatJumpsBackNeitherEndsNorEndangersASession) {
  const IssuedSession issued = issue({.principal = "alice", .absolute_timeout = hours{1}});
  clock.jump(-hours{2});
  EXPECT_TRUE(live(issued.token, true));
  clock.jump(hours{2});
  EXPECT_TRUE(live(issued.token, true));
  clock.advance(hours{1});
  EXPECT_FALSE(live(issued.token, true));
}

TEST_F(MemoryStoreTest, GraceEndsWithTheSession) {
  const IssuedSession issued = issue({.principal = "alice", .idle_timeout = seconds{16}});
  clock.advance(seconds{10});
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, client.rotate(issued.session.id(), {.grace = seconds{30}}));
  clock.advance(seconds{8});
  EXPECT_FALSE(live(issued.token, false));
  EXPECT_FALSE(live(rotated.token, false));
}

TEST_F(MemoryStoreTest, TheOldestIsWhatWasCreatedFirstEvenWithinOneSecond) {
  std::vector<SessionId> created;
  for (int i = 0; i < 20; ++i) created.push_back(issue({.principal = "alice"}).session.id());
  ASSERT_OK_AND_ASSIGN(const auto sessions, client.list("alice"));
  ASSERT_THAT(sessions, SizeIs(20));
  for (std::size_t i = 0; i < created.size(); ++i) EXPECT_EQ(sessions[i].id(), created[i]);
}

}  // namespace
}  // namespace ficha::testing
