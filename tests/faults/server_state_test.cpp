// A Redis that answers and is not at work: loading, hogged by a script, without its primary or its slots.
#include <hiredis/hiredis.h>

#include "faults/store_fault_fixture.hpp"

namespace ficha::testing {
namespace {

using std::chrono::seconds;

class ScriptFaultTest : public StoreFaultTest {
 protected:
  ScriptFaultTest() : StoreFaultTest({.arguments = {"--busy-reply-threshold", "5"}}) {}
};

TEST_F(ScriptFaultTest, WhileAScriptHogsRedisEverythingIsUnavailable) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const std::unique_ptr<redisContext, decltype(&redisFree)> hog{redisConnect("127.0.0.1", server.port()), redisFree};
  ASSERT_EQ(redisAppendCommand(hog.get(), "EVAL %s 0", "while true do end"), REDIS_OK);
  int flushed = 0;
  while (!flushed) ASSERT_EQ(redisBufferWrite(hog.get(), &flushed), REDIS_OK);
  ASSERT_TRUE(eventually([&] { return server.command({"PING"}).text.starts_with("BUSY"); }));

  EXPECT_THAT(load(issued.token), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(create(), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(wait_for(store().take(issued.session.id())), FailsWith(ErrorCode::unavailable));

  server.command({"SCRIPT", "KILL"});
  ASSERT_TRUE(eventually([&] { return !server.command({"PING"}).text.starts_with("BUSY"); }));
  EXPECT_TRUE(creates_again());
  EXPECT_TRUE(live(issued.token));
}

TEST_F(ScriptFaultTest, AServerThatHasForgottenTheScriptsIsTaughtThemAgain) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  server.command({"SCRIPT", "FLUSH"});
  EXPECT_THAT(wait_for(store().patch(issued.session.id(), with_roles({"x"}))), IsOk());
  server.command({"SCRIPT", "FLUSH"});
  EXPECT_THAT(wait_for(store().rotate(issued.session.id(), {})), IsOk());
  server.restart();
  EXPECT_TRUE(creates_again());
}

class LoadingTest : public StoreFaultTest {
 protected:
  // A millisecond for every key that is loaded, and a look at the clients after every kilobyte.
  LoadingTest()
      : StoreFaultTest({.arguments = {"--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"}}) {
    config.near_cache.enabled = true;
  }
};

TEST_F(LoadingTest, ARestartedServerIsUnavailableWhileItLoadsItsDataAndThenHasEverySession) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  server.command({"DEBUG", "POPULATE", "20000", "filler", "64"});
  server.command({"SAVE"});
  server.kill();
  server.start_loading();

  EXPECT_TRUE(eventually([&] { return fails_with(load(issued.token), ErrorCode::unavailable, "LOADING"); }));
  EXPECT_TRUE(fails_with(create(), ErrorCode::unavailable, "LOADING"));
  EXPECT_TRUE(fails_with(wait_for(store().take(issued.session.id())), ErrorCode::unavailable, "LOADING"));

  server.command({"CONFIG", "SET", "key-load-delay", "0"});
  ASSERT_TRUE(eventually([&] { return server.command({"PING"}).text == "PONG"; }));
  EXPECT_TRUE(eventually([&] { return live(issued.token); }, seconds{1}));
  EXPECT_THAT(create(), IsOk());
}

class ClusterTest : public StoreFaultTest {
 protected:
  ClusterTest() : StoreFaultTest({.arguments = {"--cluster-enabled", "yes"}}) { config.near_cache.enabled = true; }
  bool serves_all_slots() {
    return server.command({"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos;
  }
};

TEST_F(ClusterTest, ANodeIsUnavailableUntilTheClusterServesItsSlots) {
  EXPECT_TRUE(fails_with(create(), ErrorCode::unavailable, "CLUSTERDOWN"));
  EXPECT_TRUE(fails_with(load(*Token::generate(route_of("alice"), {})), ErrorCode::unavailable, "CLUSTERDOWN"));

  ASSERT_EQ(server.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}).text, "OK");
  ASSERT_TRUE(eventually([&] { return serves_all_slots(); }));
  EXPECT_TRUE(creates_again());
}

// Redis ends a script that touches keys of two slots.
TEST_F(ClusterTest, EveryOperationOfASessionStaysInItsPrincipalsSlot) {
  ASSERT_EQ(server.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}).text, "OK");
  ASSERT_TRUE(eventually([&] { return serves_all_slots(); }));
  config.session.max_per_principal = 2;
  for (int i = 0; i < 3; ++i) ASSERT_THAT(create(), IsOk());
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  Patch longer = with_roles({"x"});
  longer.absolute_timeout = std::chrono::hours{24};
  EXPECT_THAT(wait_for(store().patch(issued.session.id(), longer)), IsOk());
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, wait_for(store().rotate(issued.session.id(), {})));
  ASSERT_OK_AND_ASSIGN(const IssuedSession again,
                       wait_for(store().reauthenticate(rotated.session.id(), {.principal = "alice"})));
  EXPECT_TRUE(live(again.token));
  ASSERT_OK_AND_ASSIGN(const auto listed, wait_for(store().list("alice")));
  EXPECT_EQ(listed.size(), 2U);
  EXPECT_THAT(wait_for(store().patch_principal("alice", with_roles({"y"}))), IsOk());
  EXPECT_THAT(wait_for(store().take(again.session.id())), IsOk());
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", std::nullopt)));
  EXPECT_EQ(revoked, 1U);
  EXPECT_EQ(server.command({"DBSIZE"}).integer, 0);
}

}  // namespace
}  // namespace ficha::testing
