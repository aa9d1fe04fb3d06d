// What a server is, and may be asked for: a primary, a replica, a Sentinel, a node of a cluster, one without CLIENT TRACKING.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "faults/store_fault_fixture.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ServerRoleTest : public StoreFaultTest {
 protected:
  explicit ServerRoleTest(std::vector<std::string> arguments = {"--repl-diskless-sync-delay", "0"})
      : StoreFaultTest({.arguments = std::move(arguments)}) {
    config.near_cache.enabled = true;
  }
  static void replicate(RedisServer& replica, const RedisServer& primary) {
    replica.command({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
  }
  // From memory: without a word to the server.
  bool cached(const Token& token) {
    std::optional<Session> session;
    return store().try_load(token.reveal(), {.touch = false}, session) && session;
  }
  IssuedSession issue_cached() {
    auto issued = create();
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    if (!eventually([&] { return load(issued->token) && cached(issued->token); })) {
      throw std::runtime_error("the session was not cached");
    }
    return std::move(*issued);
  }
  // When the last hit began; the latest that is looked for is far too late.
  std::chrono::steady_clock::time_point last_hit(const Token& token) {
    const auto too_late = std::chrono::steady_clock::now() + seconds{3};
    std::chrono::steady_clock::time_point last{};
    for (;;) {
      const auto now = std::chrono::steady_clock::now();
      if (!cached(token)) return last;
      last = now;
      if (now > too_late) return last;
    }
  }
  Stats stats() {
    Stats stats;
    store().add_stats(stats);
    return stats;
  }

  RedisServer other{{.arguments = {"--repl-diskless-sync-delay", "0"}}};
};

// It has not synchronized: it knows no session, and knows nothing of that.
TEST_F(ServerRoleTest, AReplicaNeverSaysThatASessionDoesNotExist) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  other.pause();  // the primary that never answers
  replicate(server, other);
  server.command({"FLUSHALL"});
  const auto fresh = open_store(config, hooks());
  EXPECT_TRUE(fails_with(await(*fresh, fresh->load(issued.token, {})), ErrorCode::unavailable, "replica"));
  EXPECT_TRUE(fails_with(await(*fresh, fresh->take(issued.session.id())), ErrorCode::unavailable, "replica"));
  EXPECT_TRUE(
      fails_with(await(*fresh, fresh->revoke_principal("alice", std::nullopt)), ErrorCode::unavailable, "replica"));
  EXPECT_TRUE(fails_with(await(*fresh, fresh->create({.principal = "alice"})), ErrorCode::unavailable, "replica"));
  ASSERT_THAT(logged("replica; its primary is needed"), SizeIs(1)) << "said once, with the address";
  EXPECT_THAT(logged("replica").front(), HasSubstr(std::to_string(server.port())));

  other.resume();
  server.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(eventually([&] { return await(*fresh, fresh->create({.principal = "alice"})).has_value(); }, seconds{3}));
}

// GET goes on being answered by a replica, as fast as before.
TEST_F(ServerRoleTest, APrimaryThatBecomesAReplicaUnderLoadIsLeftWithinAProbe) {
  config.near_cache.max_staleness = milliseconds{400};
  const IssuedSession issued = issue_cached();
  ASSERT_OK_AND_ASSIGN(const IssuedSession read_all_the_time, create());
  std::atomic<bool> over{false};
  std::thread busy([&] {
    while (!over) (void)load(read_all_the_time.token, {.touch = false, .fresh = true});
  });
  other.pause();  // or the synchronization would empty the cache
  replicate(server, other);
  const auto demoted = std::chrono::steady_clock::now();
  EXPECT_LE(last_hit(issued.token) - demoted, config.near_cache.max_staleness);
  over = true;
  busy.join();
  other.resume();
  ASSERT_TRUE(eventually([&] {
    return fails_with(load(issued.token, {.touch = false, .fresh = true}), ErrorCode::unavailable, "replica");
  }));
  EXPECT_FALSE(cached(issued.token));

  server.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(eventually([&] { return create().has_value(); }, seconds{3}));
}

TEST_F(ServerRoleTest, WithoutTrackingEverythingWorksButTheNearCache) {
  server.command({"ACL", "SETUSER", "limited", "on", ">right", "~*", "+@all", "-client|tracking"});
  config.redis.url = Secret{"redis://limited:right@127.0.0.1:" + std::to_string(server.port())};
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, load(issued.token));
    EXPECT_TRUE(loaded);
    EXPECT_FALSE(cached(issued.token));
  }
  EXPECT_EQ(stats().cache_entries, 0U);
  EXPECT_THAT(wait_for(store().patch(issued.session.id(), with_roles({"x"}))), IsOk());
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", std::nullopt)));
  EXPECT_EQ(revoked, 1U);
  EXPECT_FALSE(live(issued.token));

  const auto reconnect = [&] {
    const std::uint64_t connects = stats().connects;
    server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    return eventually([&] { return create() && stats().connects > connects; });
  };
  ASSERT_TRUE(reconnect());
  EXPECT_THAT(logged("CLIENT TRACKING (NOPERM)"), SizeIs(1)) << "not once for each connection";

  server.command({"ACL", "SETUSER", "limited", "+client|tracking"});
  ASSERT_TRUE(reconnect());
  issue_cached();
}

class SentinelTest : public StoreFaultTest {
 protected:
  SentinelTest() : StoreFaultTest({.sentinel = true}) {}
};

TEST_F(SentinelTest, ASentinelIsSaidToBeOne) {
  const auto created = create();
  ASSERT_THAT(created, FailsWith(ErrorCode::invalid_config));
  EXPECT_THAT(created.error().message, HasSubstr("Sentinel"));
}

class ClusterNodeTest : public ServerRoleTest {
 protected:
  ClusterNodeTest() : ServerRoleTest({"--cluster-enabled", "yes", "--cluster-allow-reads-when-down", "yes"}) {}
  bool comes_to(std::string_view state) {
    return eventually([&] { return server.command({"CLUSTER", "INFO"}).text.find(state) != std::string::npos; });
  }
};

// Reads, and TIME, are answered by such a node for ever.
TEST_F(ClusterNodeTest, ANodeThatServesReadsOnlyWithoutItsClusterProvesNothing) {
  config.near_cache.max_staleness = milliseconds{400};
  ASSERT_EQ(server.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}).text, "OK");
  ASSERT_TRUE(comes_to("cluster_state:ok"));
  const IssuedSession issued = issue_cached();
  ASSERT_EQ(server.command({"CLUSTER", "DELSLOTS", "0"}).text, "OK");
  ASSERT_TRUE(comes_to("cluster_state:fail"));
  const auto failed = std::chrono::steady_clock::now();
  EXPECT_LE(last_hit(issued.token) - failed, config.near_cache.max_staleness);
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(issued.token, {.touch = false}));
  EXPECT_TRUE(loaded) << "the server itself serves reads";
  EXPECT_FALSE(cached(issued.token));

  ASSERT_EQ(server.command({"CLUSTER", "ADDSLOTS", "0"}).text, "OK");
  EXPECT_TRUE(eventually([&] { return load(issued.token) && cached(issued.token); }));
}

}  // namespace
}  // namespace ficha::testing
