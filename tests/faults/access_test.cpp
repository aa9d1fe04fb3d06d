// What a Redis user must be allowed, and what it gets where it is not.
#include "faults/store_fault_fixture.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class AccessTest : public StoreFaultTest {
 protected:
  // Everything RedisStore sends, and what its scripts call. HELLO and AUTH are always allowed, and a PING that is refused
  // does its duty as well.
  static constexpr std::string_view needed[] = {
      "client|tracking",
      "time",  // connection
      "get",
      "pttl",
      "pexpireat",  // reading and touching
      "evalsha",
      "eval",
      "set",
      "exists",
      "pexpiretime",
      "unlink",
      "getdel",  // sessions
      "zadd",
      "zcard",
      "zrange",
      "zrem",
      "zscore",  // the index
  };
  void allow(std::string_view but = {}) {
    std::vector<std::string> rule = {"ACL", "SETUSER", "ficha", "reset", "on", ">right", "~ficha:*"};
    for (const std::string_view command : needed) {
      if (command != but) rule.emplace_back(1, '+').append(command);
    }
    ASSERT_EQ(server.command(rule).text, "OK");
  }
  // Every operation of a store; the codes of those that failed.
  std::vector<ErrorCode> everything() {
    const auto store = open_store(config);
    std::vector<ErrorCode> failures;
    const auto note = [&](const auto& result) {
      if (!result) failures.push_back(result.error().code);
      return result.has_value();
    };
    note(await(*store, store->create({.principal = "alice"})));
    note(await(*store, store->create({.principal = "alice"})));
    const auto issued = await(*store, store->create({.principal = "alice"}));  // evicts
    if (note(issued)) {
      const SessionId id = issued->session.id();
      note(await(*store, store->patch(id, with_roles({"x"}))));
      const auto rotated = await(*store, store->rotate(id, {}));
      if (note(rotated)) {
        server.command({"PEXPIRE", key_of(rotated->session.id()), "60000"});
        note(await(*store, store->load(rotated->token, {})));
        if (!eventually([&] { return touched(*store); }, seconds{1})) failures.push_back(ErrorCode::write_refused);
        note(await(*store, store->list("alice")));
        note(await(*store, store->patch_principal("alice", with_roles({"y"}))));
        note(await(*store, store->revoke(rotated->session.id())));
      }
    }
    note(await(*store, store->revoke_principal("alice", std::nullopt)));
    return failures;
  }
  static bool touched(SessionStore& store) {
    Stats stats;
    store.add_stats(stats);
    return stats.touches_effective > 0;
  }
};

TEST_F(AccessTest, AUserWithTheseCommandsAndItsNamespaceCanDoEverything) {
  config.redis.username = "ficha";
  config.redis.password = Secret{"right"};
  config.session.max_per_principal = 2;
  config.near_cache.enabled = true;
  allow();
  EXPECT_THAT(everything(), ElementsAre());
}

TEST_F(AccessTest, NoneOfTheseCommandsIsNeedless) {
  config.redis.username = "ficha";
  config.redis.password = Secret{"right"};
  config.redis.connect_timeout = milliseconds{200};
  config.session.max_per_principal = 2;
  config.near_cache.enabled = true;
  for (const std::string_view command : needed) {
    server.command({"FLUSHALL"});
    server.command({"SCRIPT", "FLUSH"});
    allow(command);
    EXPECT_FALSE(everything().empty()) << command;
  }
}

TEST_F(AccessTest, WhatTheUserMayNotDoIsAccessDenied) {
  config.redis.username = "ficha";
  config.redis.password = Secret{"right"};
  allow("get");
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  EXPECT_THAT(load(issued.token), FailsWith(ErrorCode::access_denied));
  EXPECT_THAT(wait_for(store().patch(issued.session.id(), with_roles({"x"}))), FailsWith(ErrorCode::access_denied));
  server.command({"ACL", "SETUSER", "ficha", "+get", "resetkeys", "~other:*"});
  EXPECT_THAT(load(issued.token), FailsWith(ErrorCode::access_denied));
  server.command({"ACL", "SETUSER", "ficha", "~ficha:*"});
  EXPECT_TRUE(live(issued.token));
}

TEST_F(AccessTest, AWrongPasswordIsAccessDeniedUntilItIsRight) {
  allow();
  config.redis.username = "ficha";
  config.redis.password = Secret{"wrong"};
  const auto failed = create();
  EXPECT_THAT(failed, FailsWith(ErrorCode::access_denied));
  EXPECT_EQ(failed.error().message.find("wrong"), std::string::npos);
  server.command({"ACL", "SETUSER", "ficha", ">wrong"});
  EXPECT_TRUE(creates_again());
}

}  // namespace
}  // namespace ficha::testing
