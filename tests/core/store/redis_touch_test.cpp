// Sliding expiry, as the server sees it.
#include "core/store/redis_store_fixture.hpp"
#include "store/touch.hpp"
#include "support/eventually.hpp"

namespace ficha::testing {
namespace {

using ::testing::StartsWith;

class RedisTouchTest : public RedisStoreTest {
 protected:
  // A session that has not been used for so long that a touch is due, idle timeout 30 minutes.
  IssuedSession idle_session() {
    IssuedSession issued = issue({.principal = "alice"});
    server.command({"PEXPIRE", key_of(issued.session.id()), "60000"});
    server.command({"CONFIG", "RESETSTAT"});
    return issued;
  }
  std::int64_t deadline_of(const IssuedSession& issued) {
    return integer({"PEXPIRETIME", key_of(issued.session.id())});
  }
  std::uint64_t Stats::*sent = &Stats::touches_sent;
  std::uint64_t Stats::*effective = &Stats::touches_effective;
  std::uint64_t count(std::uint64_t Stats::*field) {
    Stats stats;
    store().add_stats(stats);
    return stats.*field;
  }
};

TEST_F(RedisTouchTest, AReadMovesTheIdleDeadlineToTheNextQuantumOnce) {
  const IssuedSession issued = idle_session();
  ASSERT_THAT(load(issued.token), IsOk());
  ASSERT_TRUE(eventually([&] { return count(effective) == 1; }));
  EXPECT_EQ(deadline_of(issued) % touch_quantum_ms(1800), 0);
  for (int i = 0; i < 20; ++i) ASSERT_THAT(load(issued.token), IsOk());
  EXPECT_EQ(count(sent), 1U);
}

TEST_F(RedisTouchTest, AReadThatDoesNotTouchNeverExtends) {
  const IssuedSession issued = idle_session();
  const std::int64_t before = deadline_of(issued);
  for (int i = 0; i < 3; ++i) ASSERT_THAT(load(issued.token, {.touch = false}), IsOk());
  EXPECT_EQ(server.info("cmdstat_pexpireat"), "");
  EXPECT_EQ(deadline_of(issued), before);
}

TEST_F(RedisTouchTest, AFreshSessionIsNotTouched) {
  const IssuedSession issued = issue({.principal = "alice"});
  server.command({"CONFIG", "RESETSTAT"});
  for (int i = 0; i < 3; ++i) ASSERT_THAT(load(issued.token), IsOk());
  EXPECT_EQ(server.info("cmdstat_pexpireat"), "");
}

TEST_F(RedisTouchTest, OfTwoProcessesOnlyTheFirstChangesAnything) {
  const IssuedSession issued = idle_session();
  const auto other = open_store(config);
  ASSERT_THAT(load(issued.token), IsOk());
  ASSERT_TRUE(eventually([&] { return count(effective) == 1; }));
  const std::int64_t touched = deadline_of(issued);
  ASSERT_THAT(await(*other, other->load(issued.token, {})), IsOk());
  EXPECT_EQ(deadline_of(issued), touched);
  EXPECT_THAT(server.info("cmdstat_pexpireat"), StartsWith("calls=1,"));
}

TEST_F(RedisTouchTest, ATouchDoesNotReviveARevokedSession) {
  const IssuedSession issued = idle_session();
  ASSERT_THAT(load(issued.token), IsOk());
  ASSERT_THAT(wait_for(store().take(issued.session.id())), IsOk());
  EXPECT_EQ(integer({"EXISTS", key_of(issued.session.id())}), 0);
}

TEST_F(RedisTouchTest, ATouchNeverPassesTheAbsoluteDeadline) {
  const IssuedSession issued = issue({.principal = "alice", .absolute_timeout = std::chrono::minutes{20}});
  server.command({"PEXPIRE", key_of(issued.session.id()), "60000"});
  ASSERT_THAT(load(issued.token), IsOk());
  ASSERT_TRUE(eventually([&] { return count(effective) == 1; }));
  EXPECT_EQ(deadline_of(issued), issued.session.expires_at() * 1000);
}

TEST_F(RedisTouchTest, WhatIsCachedIsKeptThroughATouchOfOnesOwn) {
  config.near_cache.enabled = true;
  const IssuedSession issued = idle_session();
  std::optional<Session> session;
  ASSERT_THAT(load(issued.token), IsOk());
  ASSERT_TRUE(eventually([&] { return count(effective) == 1; }));
  EXPECT_TRUE(eventually([&] { return store().try_load(issued.token.reveal(), {}, session); }));
  EXPECT_EQ(count(sent), 1U);
}

}  // namespace
}  // namespace ficha::testing
