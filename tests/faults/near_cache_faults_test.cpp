// The near cache when the network, the server or the clock fails: nothing is served past max_staleness, and it comes back
// by itself.
#include <gmock/gmock.h>

#include <atomic>

#include "core/store/redis_store_fixture.hpp"
#include "ficha/client.hpp"
#include "support/eventually.hpp"
#include "support/fault_proxy.hpp"
#include "support/redis_server.hpp"
#include "support/results.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds max_staleness{300};

// The system's, but for the wall clock, which somebody sets.
class JumpingClock final : public Clock {
 public:
  std::int64_t unix_milliseconds() noexcept override { return system_clock().unix_milliseconds() + offset_ms_; }
  std::int64_t monotonic_nanoseconds() noexcept override { return system_clock().monotonic_nanoseconds(); }
  void jump(milliseconds by) noexcept { offset_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> offset_ms_{0};
};

// `here` caches, behind a network that breaks; `there` changes things, over a sound one.
class NearCacheFaultsTest : public ::testing::Test {
 protected:
  static Client open(const std::string& url, Clock& clock) {
    Config config;
    config.redis.url = Secret{url};
    config.redis.command_timeout = milliseconds{10'000};  // so that the age of the proof alone ends the hits
    config.redis.operation_timeout = milliseconds{30'000};
    config.near_cache.max_staleness = max_staleness;
    auto client = Client::open(config, {.clock = &clock});
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  IssuedSession issue_cached() {
    auto issued = there.create({.principal = "alice"});
    if (!eventually([&] { return issued || (issued = there.create({.principal = "alice"})); })) {
      throw std::runtime_error("create: " + issued.error().message);
    }
    if (!eventually([&] { return here.load(issued->token.reveal()) && cached(issued->token); })) {
      throw std::runtime_error("the session was not cached");
    }
    return std::move(*issued);
  }
  bool cached(const Token& token) {
    const auto found = answer(here.try_load(token.reveal(), {.touch = false}));
    return found && *found;
  }
  // When the last hit began.
  steady_clock::time_point last_hit(const Token& token) {
    steady_clock::time_point last{};
    for (;;) {
      const auto now = steady_clock::now();
      if (!cached(token)) return last;
      last = now;
    }
  }

  RedisServer server;
  FaultProxy network{server.port()};
  JumpingClock clock;
  Client here = open(network.url(), clock);
  Client there = open(server.url(), system_clock());
};

TEST_F(NearCacheFaultsTest, BehindAHalfOpenLinkARevokedSessionIsServedForMaxStalenessAtMost) {
  const IssuedSession issued = issue_cached();
  network.swallow(true);
  const auto broken = steady_clock::now();
  ASSERT_THAT(there.revoke(issued.session.id()), IsOk());
  EXPECT_LE(last_hit(issued.token) - broken, max_staleness);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(cached(issued.token));

  network.swallow(false);
  network.cut();
  EXPECT_TRUE(eventually([&] { return here.load(issued.token.reveal()).has_value(); }));
  EXPECT_FALSE(here.load(issued.token.reveal()).value());
  issue_cached();
}

TEST_F(NearCacheFaultsTest, WhileTheServerIsStoppedNothingIsServedPastMaxStaleness) {
  const IssuedSession issued = issue_cached();
  server.pause();
  const auto stopped = steady_clock::now();
  EXPECT_LE(last_hit(issued.token) - stopped, max_staleness);
  server.resume();
  issue_cached();
}

TEST_F(NearCacheFaultsTest, AfterACutLinkNothingFromBeforeIsServed) {
  for (const auto ending : {FaultProxy::Ending::close, FaultProxy::Ending::reset}) {
    const IssuedSession issued = issue_cached();
    const std::uint64_t flushes = here.stats().flushes_disconnect;
    network.refuse(true);
    network.cut(ending);
    ASSERT_THAT(there.revoke(issued.session.id()), IsOk());
    ASSERT_TRUE(eventually([&] { return here.stats().flushes_disconnect > flushes; }));
    EXPECT_FALSE(cached(issued.token));
    network.refuse(false);
    ASSERT_TRUE(eventually([&] { return here.load(issued.token.reveal()).has_value(); }));
    EXPECT_FALSE(here.load(issued.token.reveal()).value());
  }
}

TEST_F(NearCacheFaultsTest, AfterARestartOfTheServerItsLostSessionsAreGone) {
  const IssuedSession issued = issue_cached();
  server.restart();
  ASSERT_TRUE(eventually([&] {
    const auto loaded = here.load(issued.token.reveal());
    return loaded && !*loaded;
  }));
  issue_cached();
}

// Redis tells no client that it has swapped databases. What asks it finds out, and what it finds ends what was cached.
class SwappedDatabase : public NearCacheFaultsTest {
 protected:
  void swap() {
    server.command({"SWAPDB", "0", "1"});
    ASSERT_TRUE(cached(issued.token)) << "Redis told somebody";
  }
  IssuedSession issued = issue_cached();
};

TEST_F(SwappedDatabase, AFreshReadThatFindsARecordItCannotReadEndsTheEntry) {
  swap();
  server.command({"SET", key_of(issued.session.id()), "no record", "PX", "600000"});
  EXPECT_THAT(here.load(issued.token.reveal(), {.fresh = true}), FailsWith(ErrorCode::corrupt_record));
  EXPECT_FALSE(cached(issued.token));
}

TEST_F(SwappedDatabase, ALookByIdThatFindsNothingEndsTheEntry) {
  swap();
  EXPECT_FALSE(here.find(issued.session.id()).value());
  EXPECT_FALSE(cached(issued.token));
}

TEST_F(NearCacheFaultsTest, AWallClockThatJumpsChangesNothing) {
  const IssuedSession issued = issue_cached();
  for (const milliseconds jump : {milliseconds{hours{48}}, -milliseconds{hours{96}}}) {
    clock.jump(jump);
    EXPECT_TRUE(cached(issued.token));
    ASSERT_OK_AND_ASSIGN(const auto fresh, here.load(issued.token.reveal(), {.fresh = true}));
    EXPECT_TRUE(fresh);
    EXPECT_TRUE(cached(issued.token));
  }
  ASSERT_THAT(there.revoke(issued.session.id()), IsOk());
  EXPECT_TRUE(eventually([&] { return !cached(issued.token); }));
}

}  // namespace
}  // namespace ficha::testing
