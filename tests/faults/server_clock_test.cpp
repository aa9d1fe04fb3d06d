// A real server whose wall clock is set while sessions live: deadlines are the server's, and every client follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "ficha/ficha.hpp"
#include "store/redis/keys.hpp"
#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "support/results.hpp"
#include "support/server_clock.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr hours idle_timeout{1};

class ServerClockTest : public ::testing::Test {
 protected:
  Client open() const {
    Config config;
    config.redis.url = Secret{server.url()};
    config.session.idle_timeout = idle_timeout;
    config.session.absolute_timeout = hours{24};
    config.near_cache.max_staleness = milliseconds{300};
    auto client = Client::open(config);
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  IssuedSession issue_cached() {
    auto issued = here.create({.principal = "alice"});
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    if (!eventually([&] { return here.load(issued->token.reveal()) && cached(issued->token); })) {
      throw std::runtime_error("the session was not cached");
    }
    return std::move(*issued);
  }
  bool cached(const Token& token) {
    const auto found = answer(here.try_load(token.reveal(), {.touch = false}));
    return found && *found;
  }
  bool live(const Token& token, LoadOptions options = {.fresh = true}) {
    const auto found = here.load(token.reveal(), options);
    return found && *found;
  }
  milliseconds remaining(const IssuedSession& issued) {
    return milliseconds{server.command({"PTTL", redis::session_key("ficha", issued.session.id())}).integer};
  }

  ServerClock clock;
  RedisServer server{{.environment = clock.environment()}};
  Client here = open();
};

TEST_F(ServerClockTest, SetAheadTheIdleTimeoutOfAUsedSessionStillBeginsWithItsLastUse) {
  const IssuedSession issued = issue_cached();
  clock.set(minutes{30});
  ASSERT_LE(remaining(issued), minutes{34}) << "the server's clock was not set";
  EXPECT_TRUE(eventually([&] { return live(issued.token) && remaining(issued) >= idle_timeout; }));
  EXPECT_TRUE(eventually([&] { return cached(issued.token); })) << "what was touched is read again";
}

TEST_F(ServerClockTest, SetBackNoSessionIsLostNorCutShort) {
  const IssuedSession issued = issue_cached();
  clock.set(-minutes{30});
  ASSERT_GE(remaining(issued), idle_timeout + minutes{25}) << "the server's clock was not set";
  EXPECT_TRUE(cached(issued.token));
  const auto until = std::chrono::steady_clock::now() + milliseconds{500};  // the clock is asked again meanwhile
  while (std::chrono::steady_clock::now() < until) ASSERT_TRUE(live(issued.token));
  EXPECT_GE(remaining(issued), idle_timeout);

  ASSERT_THAT(here.revoke(issued.session.id()), IsOk());
  EXPECT_FALSE(live(issued.token, {}));
}

TEST_F(ServerClockTest, SetPastTheDeadlineASessionIsOverAndNewOnesLive) {
  const IssuedSession issued = issue_cached();
  clock.set(2 * idle_timeout);
  EXPECT_TRUE(eventually([&] { return !cached(issued.token); })) << "the server's deletion reaches the near cache";
  EXPECT_FALSE(live(issued.token, {}));

  const IssuedSession later = issue_cached();
  EXPECT_GT(later.session.created_at(), issued.session.created_at() + 3600);
  EXPECT_TRUE(live(later.token));
}

}  // namespace
}  // namespace ficha::testing
