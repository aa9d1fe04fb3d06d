#include "store/redis/cache/flights.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/task.hpp"
#include "cache_fixture.hpp"

namespace ficha::redis {
namespace {

// A request that boards, and notes what it got.
struct Request {
  enum class State { waiting, leads, answered };
  State state = State::waiting;
  std::optional<Answer> answer;
};

Detached board(Flight& flight, Request& request) {
  const Answer* const answer = co_await flight.board();
  if (answer) request.answer = *answer;
  request.state = answer ? Request::State::answered : Request::State::leads;
}

class FlightsTest : public testing::Test {
 protected:
  void spoil(const SessionId& id) {
    const auto lock = flights_.lock(id);
    flights_.spoil(id);
  }
  bool spoiled(const Flight& flight) {
    const auto lock = flights_.lock(flight.id());
    return flight.spoiled();
  }

  Flights flights_;
  const SessionId id_ = session_id(7);
};

TEST_F(FlightsTest, TheFirstLeadsAndAllOthersGetItsAnswer) {
  Flight leader(flights_, id_, 1);
  Flight second(flights_, id_, 1);
  Flight third(flights_, id_, 1);
  Request requests[3];
  board(leader, requests[0]);
  board(second, requests[1]);
  board(third, requests[2]);
  EXPECT_EQ(requests[0].state, Request::State::leads);
  EXPECT_EQ(requests[1].state, Request::State::waiting);

  leader.land(std::optional(versioned_session(id_, 5)));

  for (const Request& request : {std::cref(requests[1]), std::cref(requests[2])}) {
    ASSERT_EQ(request.state, Request::State::answered);
    EXPECT_EQ(request.answer->value()->generation(), 5U);
  }
  EXPECT_EQ(flights_.shared(), 2U);
}

TEST_F(FlightsTest, AnErrorReachesEverybodyWhoBoarded) {
  Flight leader(flights_, id_, 1);
  Flight second(flights_, id_, 1);
  Request requests[2];
  board(leader, requests[0]);
  board(second, requests[1]);
  leader.land(Error{ErrorCode::timeout, "no reply"});
  ASSERT_EQ(requests[1].state, Request::State::answered);
  EXPECT_EQ(requests[1].answer->error().code, ErrorCode::timeout);
}

TEST_F(FlightsTest, AfterLandingTheNextLeadsAgain) {
  Request requests[2];
  {
    Flight leader(flights_, id_, 1);
    board(leader, requests[0]);
    leader.land(std::optional<Session>());
  }
  Flight next(flights_, id_, 1);
  board(next, requests[1]);
  EXPECT_EQ(requests[1].state, Request::State::leads);
}

TEST_F(FlightsTest, NobodyBoardsASpoiledFlightButItsPassengersStillArrive) {
  Flight leader(flights_, id_, 1);
  Flight early(flights_, id_, 1);
  Flight late(flights_, id_, 1);
  Request requests[3];
  board(leader, requests[0]);
  board(early, requests[1]);
  spoil(id_);
  board(late, requests[2]);
  EXPECT_EQ(requests[2].state, Request::State::leads);
  EXPECT_TRUE(spoiled(leader));
  EXPECT_FALSE(spoiled(late));
  leader.land(std::optional<Session>());
  EXPECT_EQ(requests[1].state, Request::State::answered);
}

TEST_F(FlightsTest, SpoilingReachesEveryFlightOfTheSessionAndNoOther) {
  const SessionId other_id = session_id(8);
  Flight one(flights_, id_, 1);
  Flight two(flights_, id_, 1);
  Flight other(flights_, other_id, 1);
  one.lead();
  two.lead();
  other.lead();
  spoil(id_);
  EXPECT_TRUE(spoiled(one));
  EXPECT_TRUE(spoiled(two));
  EXPECT_FALSE(spoiled(other));
}

TEST_F(FlightsTest, NobodyBoardsAFlightOfAnEarlierEpoch) {
  Flight before(flights_, id_, 1);
  Flight after(flights_, id_, 2);
  Request requests[2];
  board(before, requests[0]);
  board(after, requests[1]);
  EXPECT_EQ(requests[1].state, Request::State::leads);
}

TEST_F(FlightsTest, ALeaderThatIsDestroyedStrandsNobody) {
  Flight passenger(flights_, id_, 1);
  Request requests[2];
  {
    Flight leader(flights_, id_, 1);
    board(leader, requests[0]);
    board(passenger, requests[1]);
  }
  ASSERT_EQ(requests[1].state, Request::State::answered);
  EXPECT_EQ(requests[1].answer->error().code, ErrorCode::overloaded);
}

Detached ask(Flights& flights, SessionId id, std::atomic<int>& led, std::atomic<int>& arrived) {
  Flight flight(flights, id, 1);
  if (auto answer = co_await flight.board()) {
    if (answer->has_value() && answer->value()->id() == id) arrived.fetch_add(1);
    co_return;
  }
  led.fetch_add(1);
  std::this_thread::yield();
  flight.land(std::optional(versioned_session(id, 1)));
}

TEST_F(FlightsTest, ManyThreadsLoseNobody) {
  constexpr int per_thread = 5000;
  std::atomic<int> led{0};
  std::atomic<int> arrived{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < per_thread; ++i) {
        ask(flights_, session_id(static_cast<std::uint64_t>(i % 3)), led, arrived);
        if (i % 16 == 0) spoil(session_id(0));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(led.load() + arrived.load(), 4 * per_thread);
  EXPECT_GT(arrived.load(), 0);
}

}  // namespace
}  // namespace ficha::redis
