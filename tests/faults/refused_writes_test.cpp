// A Redis that answers and refuses to write: the error it must give, what must not have happened, and the recovery.
#include <filesystem>

#include "faults/store_fault_fixture.hpp"

namespace ficha::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class OutOfMemoryTest : public StoreFaultTest {
 protected:
  OutOfMemoryTest() : StoreFaultTest({.arguments = {"--maxmemory-policy", "noeviction"}}) {}
};

TEST_F(OutOfMemoryTest, WhatNeedsMemoryIsRefusedAndReadingAndRevokingGoOn) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession kept, create());
  ASSERT_OK_AND_ASSIGN(const IssuedSession revoked, create());
  ASSERT_OK_AND_ASSIGN(const IssuedSession one_of_bob, create("bob"));
  server.command({"CONFIG", "SET", "maxmemory", "1"});

  EXPECT_THAT(create(), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().patch(kept.session.id(), with_roles({"x"}))), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().rotate(kept.session.id(), {.grace = seconds{5}})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().reauthenticate(kept.session.id(), {.principal = "alice"})),
              FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(kept.token));
  ASSERT_OK_AND_ASSIGN(const auto taken, wait_for(store().take(revoked.session.id())));
  EXPECT_TRUE(taken);
  EXPECT_FALSE(live(revoked.token));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t count, wait_for(store().revoke_principal("bob", std::nullopt)));
  EXPECT_EQ(count, 1U);

  server.command({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(creates_again());
}

TEST_F(OutOfMemoryTest, ASessionLimitEvictsNobodyForASessionThatCannotBeWritten) {
  config.session.max_per_principal = 1;
  ASSERT_OK_AND_ASSIGN(const IssuedSession kept, create());
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT(create(), FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(kept.token));
}

class ReplicaTest : public StoreFaultTest {
 protected:
  ReplicaTest() : StoreFaultTest({.arguments = {"--repl-diskless-sync-delay", "0"}}) {
    replica.command({"REPLICAOF", "127.0.0.1", std::to_string(server.port())});
    replicated = eventually([&] { return replica.info("master_link_status") == "up"; });
    to_replica = open_store(config_for(replica), hooks());
  }
  RedisServer replica;
  std::unique_ptr<SessionStore> to_replica;
  bool replicated = false;
};

TEST_F(ReplicaTest, AReadOnlyReplicaIsReadAndRefusesEveryWrite) {
  ASSERT_TRUE(replicated);
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const SessionId id = issued.session.id();
  ASSERT_TRUE(eventually([&] { return replica.command({"EXISTS", key_of(id)}).integer == 1; }));

  ASSERT_OK_AND_ASSIGN(const auto loaded, await(*to_replica, to_replica->load(issued.token, {})));
  EXPECT_TRUE(loaded);
  EXPECT_THAT(await(*to_replica, to_replica->create({.principal = "alice"})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->patch(id, with_roles({"x"}))), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->rotate(id, {})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->take(id)), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->revoke_principal("alice", std::nullopt)),
              FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(issued.token));

  replica.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_THAT(await(*to_replica, to_replica->create({.principal = "alice"})), IsOk());
}

TEST_F(ReplicaTest, ATouchThatIsRefusedFailsNoReadAndIsSaidOnce) {
  ASSERT_TRUE(replicated);
  // Their key expires long before the idle timeout would end them, so every read has a touch due.
  std::vector<Token> tokens;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
    server.command({"PEXPIRE", key_of(issued.session.id()), "60000"});
    tokens.push_back(issued.token);
  }
  const std::string last = key_of(tokens.back().id());
  ASSERT_TRUE(eventually([&] {
    const std::int64_t left = replica.command({"PTTL", last}).integer;
    return left > 0 && left <= 60'000;
  }));
  for (const Token& token : tokens) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, await(*to_replica, to_replica->load(token, {})));
    EXPECT_TRUE(loaded);
  }
  EXPECT_TRUE(eventually([&] { return !logged("READONLY").empty(); }));
  ASSERT_THAT(await(*to_replica, to_replica->load(tokens[0], {})), IsOk());
  EXPECT_EQ(logged("READONLY").size(), 1U);
  Stats stats;
  to_replica->add_stats(stats);
  EXPECT_EQ(stats.touches_sent, 3U);
  EXPECT_EQ(stats.touches_effective, 0U);
}

class TooFewReplicasTest : public StoreFaultTest {
 protected:
  TooFewReplicasTest() : StoreFaultTest({.arguments = {"--min-replicas-to-write", "0"}}) {}
};

TEST_F(TooFewReplicasTest, APrimaryWithoutTheReplicasItMustHaveIsReadAndRefusesEveryWrite) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const SessionId id = issued.session.id();
  server.command({"CONFIG", "SET", "min-replicas-to-write", "1"});

  const auto refused = create();
  EXPECT_THAT(refused, FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(refused.error().message, HasSubstr("NOREPLICAS"));
  EXPECT_THAT(wait_for(store().patch(id, with_roles({"x"}))), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().rotate(id, {})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().take(id)), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().revoke_principal("alice", std::nullopt)), FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(issued.token));

  server.command({"CONFIG", "SET", "min-replicas-to-write", "0"});
  EXPECT_TRUE(creates_again());
}

class CannotSaveTest : public StoreFaultTest {
 protected:
  CannotSaveTest() : StoreFaultTest({.arguments = {"--save", "3600 1000000"}}) {}
};

TEST_F(CannotSaveTest, ARedisThatCannotSaveRefusesWritesAndIsRead) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const auto dump = server.directory() / "dump.rdb";
  std::filesystem::create_directory(dump);  // cannot be replaced by a file
  server.command({"BGSAVE"});
  ASSERT_TRUE(eventually([&] { return server.info("rdb_last_bgsave_status") == "err"; }));

  EXPECT_THAT(create(), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().take(issued.session.id())), FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(issued.token));

  std::filesystem::remove(dump);
  server.command({"BGSAVE"});
  ASSERT_TRUE(eventually([&] { return server.info("rdb_last_bgsave_status") == "ok"; }));
  EXPECT_TRUE(creates_again());
}

}  // namespace
}  // namespace ficha::testing
