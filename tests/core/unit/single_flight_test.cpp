#include "store/redis/cache/single_flight.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/task.hpp"
#include "cache_fixture.hpp"

namespace ficha::redis {
namespace {

// A request that joins, and notes what it got.
struct Request {
  enum class State { waiting, leads, answered };
  State state = State::waiting;
  std::optional<LoadResult> answer;
};

Detached join(Flight& flight, Request& request) {
  const LoadResult* const answer = co_await flight.join();
  if (answer) request.answer = *answer;
  request.state = answer ? Request::State::answered : Request::State::leads;
}

class SingleFlightTest : public testing::Test {
 protected:
  void invalidate(const SessionId& id) {
    const auto lock = single_flight_.lock(id);
    single_flight_.invalidate(id);
  }
  bool invalidated(const Flight& flight) {
    const auto lock = single_flight_.lock(flight.id());
    return flight.invalidated();
  }

  SingleFlight single_flight_;
  const Placement here_{0, 1};
  const SessionId id_ = session_id(7);
};

TEST_F(SingleFlightTest, TheFirstLeadsAndAllOthersGetItsAnswer) {
  Flight leader(single_flight_, id_, here_);
  Flight second(single_flight_, id_, here_);
  Flight third(single_flight_, id_, here_);
  Request requests[3];
  join(leader, requests[0]);
  join(second, requests[1]);
  join(third, requests[2]);
  EXPECT_EQ(requests[0].state, Request::State::leads);
  EXPECT_EQ(requests[1].state, Request::State::waiting);

  leader.complete(std::optional(versioned_session(id_, 5)));

  for (const Request& request : {std::cref(requests[1]), std::cref(requests[2])}) {
    ASSERT_EQ(request.state, Request::State::answered);
    EXPECT_EQ(request.answer->value()->generation(), 5U);
  }
  EXPECT_EQ(single_flight_.shared(), 2U);
}

TEST_F(SingleFlightTest, AnErrorReachesEverybodyWhoBoarded) {
  Flight leader(single_flight_, id_, here_);
  Flight second(single_flight_, id_, here_);
  Request requests[2];
  join(leader, requests[0]);
  join(second, requests[1]);
  leader.complete(Error{ErrorCode::timeout, "no reply"});
  ASSERT_EQ(requests[1].state, Request::State::answered);
  EXPECT_EQ(requests[1].answer->error().code, ErrorCode::timeout);
}

TEST_F(SingleFlightTest, AfterLandingTheNextLeadsAgain) {
  Request requests[2];
  {
    Flight leader(single_flight_, id_, here_);
    join(leader, requests[0]);
    leader.complete(std::optional<Session>());
  }
  Flight next(single_flight_, id_, here_);
  join(next, requests[1]);
  EXPECT_EQ(requests[1].state, Request::State::leads);
}

TEST_F(SingleFlightTest, NobodyBoardsASpoiledFlightButItsPassengersStillArrive) {
  Flight leader(single_flight_, id_, here_);
  Flight early(single_flight_, id_, here_);
  Flight late(single_flight_, id_, here_);
  Request requests[3];
  join(leader, requests[0]);
  join(early, requests[1]);
  invalidate(id_);
  join(late, requests[2]);
  EXPECT_EQ(requests[2].state, Request::State::leads);
  EXPECT_TRUE(invalidated(leader));
  EXPECT_FALSE(invalidated(late));
  leader.complete(std::optional<Session>());
  EXPECT_EQ(requests[1].state, Request::State::answered);
}

TEST_F(SingleFlightTest, SpoilingReachesEveryFlightOfTheSessionAndNoOther) {
  const SessionId other_id = session_id(8);
  Flight one(single_flight_, id_, here_);
  Flight two(single_flight_, id_, here_);
  Flight other(single_flight_, other_id, here_);
  one.lead();
  two.lead();
  other.lead();
  invalidate(id_);
  EXPECT_TRUE(invalidated(one));
  EXPECT_TRUE(invalidated(two));
  EXPECT_FALSE(invalidated(other));
}

TEST_F(SingleFlightTest, NobodyBoardsAFlightOfAnEarlierEpoch) {
  Flight before(single_flight_, id_, here_);
  Flight after(single_flight_, id_, {0, 2});
  Request requests[2];
  join(before, requests[0]);
  join(after, requests[1]);
  EXPECT_EQ(requests[1].state, Request::State::leads);
}

TEST_F(SingleFlightTest, ALeaderThatIsDestroyedStrandsNobody) {
  Flight follower(single_flight_, id_, here_);
  Request requests[2];
  {
    Flight leader(single_flight_, id_, here_);
    join(leader, requests[0]);
    join(follower, requests[1]);
  }
  ASSERT_EQ(requests[1].state, Request::State::answered);
  EXPECT_EQ(requests[1].answer->error().code, ErrorCode::overloaded);
}

Detached ask(SingleFlight& flights, SessionId id, std::atomic<int>& led, std::atomic<int>& arrived) {
  Flight flight(flights, id, {0, 1});
  if (auto answer = co_await flight.join()) {
    if (answer->has_value() && answer->value()->id() == id) arrived.fetch_add(1);
    co_return;
  }
  led.fetch_add(1);
  std::this_thread::yield();
  flight.complete(std::optional(versioned_session(id, 1)));
}

TEST_F(SingleFlightTest, ManyThreadsLoseNobody) {
  constexpr int per_thread = 5000;
  std::atomic<int> led{0};
  std::atomic<int> arrived{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < per_thread; ++i) {
        ask(single_flight_, session_id(static_cast<std::uint64_t>(i % 3)), led, arrived);
        if (i % 16 == 0) invalidate(session_id(0));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(led.load() + arrived.load(), 4 * per_thread);
  EXPECT_GT(arrived.load(), 0);
}

}  // namespace
}  // namespace ficha::redis
