// A Redis that answers and refuses to write: the error it must give, what must not have happened, and the recovery.
// A replica: server_role_test.cpp.
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
