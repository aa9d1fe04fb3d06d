// A server that evicts keys: the list of a principal's sessions goes before the sessions, and no number may be wrong for it.
#include <algorithm>

#include "faults/store_fault_fixture.hpp"
#include "support/fault_proxy.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class EvictionTest : public StoreFaultTest {
 protected:
  EvictionTest() : StoreFaultTest({.arguments = {"--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "64"}}) {}

  IssuedSession issue(std::string principal = "alice") {
    auto issued = create(std::move(principal));
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    return std::move(*issued);
  }
  // Lets Redis itself evict what it takes for unused longest: the index of `principal`, then the fillers, never a session.
  void evict_index_of(std::string_view principal) {
    const std::string index = index_of(principal);
    const std::string payload(2000, 'x');
    for (int i = 0; i < 40; ++i) make_idle("filler:" + std::to_string(i), payload, 1000);
    make_idle(index, {}, 100'000);
    std::int64_t limit = std::stoll(server.info("used_memory"));
    while (server.command({"EXISTS", index}).integer == 1) {
      limit -= 500;
      server.command({"CONFIG", "SET", "maxmemory", std::to_string(limit)});
    }
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    ASSERT_GT(std::stoll(server.info("evicted_keys")), 0);
  }
  Stats stats() {
    Stats stats;
    store().add_stats(stats);
    return stats;
  }
  std::vector<SessionId> listed(std::string principal = "alice") {
    std::vector<SessionId> ids;
    auto sessions = wait_for(store().list(std::move(principal)));
    if (!sessions) throw std::runtime_error("list: " + sessions.error().message);
    for (const Session& session : *sessions) ids.push_back(session.id());
    return ids;
  }
  bool is_listed(const IssuedSession& issued) {
    return server.command({"ZSCORE", index_of("alice"), std::string(issued.session.id().str())}).text != "";
  }

 private:
  void make_idle(const std::string& key, const std::string& value, int seconds) {
    if (!value.empty()) server.command({"SET", key, value, "EX", "3600"});
    const std::string dump = server.command({"DUMP", key}).text;
    const std::string ttl = std::to_string(server.command({"PTTL", key}).integer);
    ASSERT_EQ(server.command({"RESTORE", key, ttl, dump, "REPLACE", "IDLETIME", std::to_string(seconds)}).text, "OK");
  }
};

TEST_F(EvictionTest, LogoutEverywhereReachesSessionsWhoseIndexWasEvicted) {
  const IssuedSession of_alice[] = {issue(), issue(), issue()};
  const IssuedSession of_bob = issue("bob");
  evict_index_of("alice");
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", std::nullopt)));
  EXPECT_EQ(revoked, 3U);
  for (const IssuedSession& issued : of_alice) EXPECT_FALSE(live(issued.token));
  EXPECT_TRUE(live(of_bob.token));
}

TEST_F(EvictionTest, LogoutEverywhereReachesThoseThatAnIndexMadeAnewLacks) {
  const IssuedSession old = issue();
  evict_index_of("alice");
  const IssuedSession young = issue();
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", std::nullopt)));
  EXPECT_EQ(revoked, 2U);
  EXPECT_FALSE(live(old.token));
  EXPECT_FALSE(live(young.token));
}

TEST_F(EvictionTest, TheSessionToKeepIsKept) {
  const IssuedSession kept = issue();
  const IssuedSession other = issue();
  evict_index_of("alice");
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", kept.session.id())));
  EXPECT_EQ(revoked, 1U);
  EXPECT_TRUE(live(kept.token));
  EXPECT_FALSE(live(other.token));
}

TEST_F(EvictionTest, AListHoldsTheSessionsThatTheIndexLost) {
  const IssuedSession first = issue();
  const IssuedSession second = issue();
  const IssuedSession of_bob = issue("bob");
  evict_index_of("alice");
  const IssuedSession third = issue();
  EXPECT_THAT(listed(), UnorderedElementsAre(first.session.id(), second.session.id(), third.session.id()));
  EXPECT_THAT(listed("bob"), ElementsAre(of_bob.session.id()));
  EXPECT_THAT(listed("carol"), IsEmpty());
}

TEST_F(EvictionTest, APatchReachesTheSessionsThatTheIndexLost) {
  const IssuedSession of_alice[] = {issue(), issue(), issue()};
  evict_index_of("alice");
  ASSERT_OK_AND_ASSIGN(const std::uint64_t patched, wait_for(store().patch_principal("alice", with_roles({"x"}))));
  EXPECT_EQ(patched, 3U);
  for (const IssuedSession& issued : of_alice) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, load(issued.token));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->generation(), 2U);
  }
}

TEST_F(EvictionTest, ASessionLimitThatRefusesCountsTheSessionsThatTheIndexLost) {
  config.session.max_per_principal = 3;
  config.session.on_limit = OnLimit::refuse;
  for (int i = 0; i < 3; ++i) issue();
  evict_index_of("alice");
  EXPECT_THAT(create(), FailsWith(ErrorCode::session_limit));
  EXPECT_EQ(listed().size(), 3U);
}

TEST_F(EvictionTest, ASessionLimitThatEvictsCountsTheSessionsThatTheIndexLost) {
  config.session.max_per_principal = 3;
  for (int i = 0; i < 3; ++i) issue();
  evict_index_of("alice");
  const IssuedSession newest = issue();
  EXPECT_EQ(listed().size(), 3U);
  EXPECT_TRUE(live(newest.token));
}

TEST_F(EvictionTest, AWalkWhoseConnectionIsCutFindsAllSessionsOrFails) {
  const IssuedSession of_alice[] = {issue(), issue(), issue()};
  evict_index_of("alice");
  server.command({"EVAL", "for i = 1, 20000 do redis.call('SET', 'other:' .. i, '') end", "0"});
  FaultProxy proxy(server.port());
  config.redis.url = Secret(proxy.url());
  const auto behind = open_store(config, hooks());
  int failed = 0;
  int found = 0;
  for (std::size_t bytes = 100; found < 3; bytes += 300) {
    ASSERT_TRUE(eventually([&] { return await(*behind, behind->find(of_alice[0].session.id())).has_value(); }));
    proxy.cut_after(FaultProxy::Direction::to_client, bytes);
    const auto sessions = await(*behind, behind->list("alice"));
    if (sessions) {
      ++found;
      EXPECT_EQ(sessions->size(), 3U) << bytes;
    } else {
      ++failed;
      EXPECT_EQ(sessions.error().code, ErrorCode::unavailable) << sessions.error().message;
    }
  }
  EXPECT_GE(failed, 3);
}

// The walk needs two steps, and there is time for one.
class LongWalkTest : public EvictionTest {
 protected:
  LongWalkTest() {
    for (int i = 0; i < 3; ++i) issued.push_back(issue());
    evict_index_of("alice");
    server.command({"EVAL", "for i = 1, 20000 do redis.call('SET', 'other:' .. i, '') end", "0"});
    config.redis.operation_timeout = config.redis.command_timeout;
    hurried = open_store(config, hooks());
  }
  std::vector<IssuedSession> issued;
  std::unique_ptr<SessionStore> hurried;
};

TEST_F(LongWalkTest, AWalkThatDoesNotEndInTimeIsIncompleteInsteadOfAWrongNumber) {
  SessionStore& store = *hurried;
  const auto revoked = await(store, store.revoke_principal("alice", std::nullopt));
  ASSERT_THAT(revoked, FailsWith(ErrorCode::incomplete));
  EXPECT_THAT(revoked.error().message, HasSubstr("were revoked"));
  EXPECT_THAT(await(store, store.list("alice")), FailsWith(ErrorCode::incomplete));
  EXPECT_THAT(await(store, store.patch_principal("alice", with_roles({"x"}))), FailsWith(ErrorCode::incomplete));
  Stats stats;
  store.add_stats(stats);
  EXPECT_EQ(stats.incomplete, 3U);
}

TEST_F(LongWalkTest, ALimitThatCannotBeCountedIsIncompleteAndCreatesNothing) {
  config.session.max_per_principal = 3;
  const auto limited = open_store(config, hooks());
  const auto before = server.command({"DBSIZE"}).integer;
  EXPECT_THAT(await(*limited, limited->create({.principal = "alice"})), FailsWith(ErrorCode::incomplete));
  EXPECT_EQ(server.command({"DBSIZE"}).integer, before);
}

TEST_F(EvictionTest, NothingIsWalkedWhileNothingWasEvicted) {
  config.session.max_per_principal = 3;
  for (int i = 0; i < 4; ++i) issue();
  EXPECT_EQ(listed().size(), 3U);
  ASSERT_THAT(wait_for(store().patch_principal("alice", with_roles({"x"}))), IsOk());
  ASSERT_THAT(wait_for(store().revoke_principal("alice", std::nullopt)), IsOk());
  EXPECT_EQ(stats().key_walks, 0U);
  EXPECT_EQ(server.info("cmdstat_scan"), "");
}

TEST_F(EvictionTest, AUsedSessionGoesBackIntoItsIndexWithTheIndexsDeadline) {
  const IssuedSession used = issue();
  const IssuedSession unused = issue();
  evict_index_of("alice");
  server.command({"PEXPIRE", key_of(used.session.id()), "60000"});
  ASSERT_THAT(load(used.token), IsOk());
  EXPECT_TRUE(eventually([&] { return is_listed(used); }));
  EXPECT_FALSE(is_listed(unused));
  const std::int64_t deadline_ms = server.command({"PEXPIRETIME", index_of("alice")}).integer;
  EXPECT_GE(deadline_ms, used.session.expires_at() * 1000);
  EXPECT_LE(deadline_ms, used.session.expires_at() * 1000 + 2000);
}

TEST_F(EvictionTest, AnAnonymousSessionIsTouchedAndListedNowhere) {
  const IssuedSession issued = issue("");
  server.command({"PEXPIRE", key_of(issued.session.id()), "60000"});
  ASSERT_THAT(load(issued.token), IsOk());
  ASSERT_TRUE(eventually([&] { return stats().touches_effective == 1; }));
  ASSERT_THAT(load(issued.token), IsOk());
  EXPECT_EQ(server.command({"DBSIZE"}).integer, 1);
}

TEST_F(EvictionTest, ATouchWhenMemoryIsOutExtendsAndLeavesTheIndexAsItIs) {
  const IssuedSession issued = issue();
  server.command({"DEL", index_of("alice")});
  server.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  server.command({"PEXPIRE", key_of(issued.session.id()), "60000"});
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(issued.token));
  EXPECT_TRUE(loaded);
  EXPECT_TRUE(eventually([&] { return stats().touches_effective == 1; }));
  EXPECT_GT(server.command({"PTTL", key_of(issued.session.id())}).integer, 60'000);
  EXPECT_TRUE(live(issued.token));
  EXPECT_FALSE(is_listed(issued));
}

TEST_F(EvictionTest, APolicyThatEvictsIsWarnedOfAtEachConnectAndShownInStats) {
  issue();
  EXPECT_EQ(logged("allkeys-lru").size(), 1U);
  EXPECT_EQ(stats().eviction_policy, EvictionPolicy::allkeys_lru);
  EXPECT_EQ(stats().evicted_keys, 0U);
  evict_index_of("alice");
  server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  EXPECT_TRUE(creates_again());
  EXPECT_EQ(logged("allkeys-lru").size(), 2U);
  EXPECT_GT(stats().evicted_keys, 0U);
  EXPECT_THAT(prometheus_text(stats()), HasSubstr("ficha_redis_eviction_policy_info{policy=\"allkeys-lru\"} 1\n"));
}

TEST_F(EvictionTest, WhatIsFoundNoMoreLeavesTheNearCacheThoughNoServerSaidSo) {
  config.near_cache.enabled = true;
  const IssuedSession read = issue();
  const IssuedSession revoked = issue();
  std::optional<Session> session;
  for (const IssuedSession* issued : {&read, &revoked}) {
    ASSERT_THAT(load(issued->token), IsOk());
    ASSERT_TRUE(store().try_load(issued->token.reveal(), {}, session));
  }
  server.command({"SWAPDB", "0", "1"});
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(read.token, {.fresh = true}));
  EXPECT_FALSE(loaded);
  EXPECT_FALSE(store().try_load(read.token.reveal(), {}, session));
  ASSERT_OK_AND_ASSIGN(const auto taken, wait_for(store().take(revoked.session.id())));
  EXPECT_FALSE(taken);
  EXPECT_FALSE(store().try_load(revoked.token.reveal(), {}, session));
}

}  // namespace
}  // namespace ficha::testing
