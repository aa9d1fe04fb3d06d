// What a Redis user must be allowed, and what it gets where it is not.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "faults/store_fault_fixture.hpp"
#include "support/source_tree.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::IsEmpty;

// The rights that docs/operating.md names, and no others: "+get", …
std::vector<std::string> documented_rule() {
  std::ifstream file{in_source_tree("docs/operating.md")};
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("ACL SETUSER ficha ")) continue;
    std::istringstream words{line};
    return {std::istream_iterator<std::string>{words}, {}};
  }
  throw std::runtime_error("docs/operating.md has no ACL line");
}

class AccessTest : public StoreFaultTest {
 protected:
  AccessTest() {
    config.redis.username = "ficha";
    config.redis.password = Secret{"PASSWORD"};
    config.redis.connect_timeout = milliseconds{200};
    config.session.max_per_principal = 2;
    config.near_cache.enabled = true;
  }
  // One command less, if `but` names it.
  void allow(std::string_view but = {}) {
    std::vector<std::string> rule = documented_rule();
    std::erase(rule, "+" + std::string(but));
    rule.insert(rule.begin() + 3, "reset");
    ASSERT_EQ(server.command(rule).text, "OK");
  }
  void let_the_server_evict() {
    server.command({"SET", "filler", "x"});
    server.command({"CONFIG", "SET", "maxmemory-policy", "allkeys-random"});
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    server.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    ASSERT_NE(server.info("evicted_keys"), "0");
  }
  // What is stored: every key with its record or, of an index, its members.
  std::map<std::string, std::vector<std::string>> stored() {
    std::map<std::string, std::vector<std::string>> keys;
    for (const AdminReply& key : server.command({"KEYS", "*"}).elements) {
      const bool index = server.command({"TYPE", key.text}).text == "zset";
      const AdminReply value =
          index ? server.command({"ZRANGE", key.text, "0", "-1"}) : server.command({"GET", key.text});
      std::vector<std::string>& content = keys[key.text];
      content.push_back(value.text);
      for (const AdminReply& member : value.elements) content.push_back(member.text);
      std::ranges::sort(content);  // an entry that is put back may have another place among its like
    }
    return keys;
  }

  // The sessions that are stored, and those that are listed.
  static std::pair<std::set<std::string>, std::set<std::string>> sessions_in(
      const std::map<std::string, std::vector<std::string>>& keys) {
    std::set<std::string> live, listed;
    for (const auto& [key, content] : keys) {
      if (key.find('@') == std::string::npos)
        live.insert(key.substr(key.size() - SessionId::length));
      else
        listed.insert(content.begin() + 1, content.end());
    }
    return {live, listed};
  }

  // Every operation, each on two sessions of alice that a user with all rights has made. The codes of those that failed. Each
  // of these must have left everything as it was; what walks over sessions may have come to some of them, and to them whole.
  std::vector<ErrorCode> everything(std::string_view but = {}) {
    struct Operation {
      std::function<std::optional<ErrorCode>(SessionStore&, const IssuedSession&)> run;
      bool walks = false;
    };
    const auto operation = [](auto begin, bool walks = false) -> Operation {
      return {[=](SessionStore& store, const IssuedSession& issued) -> std::optional<ErrorCode> {
                const auto result = await(store, begin(store, issued));
                return result ? std::nullopt : std::optional(result.error().code);
              },
              walks};
    };
    const Operation operations[] = {
        operation([](auto& s, auto&) { return s.create({.principal = "alice"}); }),  // evicts
        operation([](auto& s, auto&) { return s.create({}); }),
        operation([](auto& s, auto& one) { return s.load(one.token, {.fresh = true}); }),
        operation([](auto& s, auto& one) { return s.find(one.session.id()); }),
        operation([](auto& s, auto& one) { return s.patch(one.session.id(), with_roles({"x"})); }),
        operation(
            [](auto& s, auto& one) { return s.patch(one.session.id(), {.absolute_timeout = std::chrono::hours{20}}); }),
        operation([](auto& s, auto& one) { return s.rotate(one.session.id(), {}); }),
        operation([](auto& s, auto& one) { return s.rotate(one.session.id(), {.grace = seconds{5}}); }),
        operation([](auto& s, auto& one) { return s.reauthenticate(one.session.id(), {.principal = "alice"}); }),
        operation([](auto& s, auto&) { return s.list("alice"); }),
        operation([](auto& s, auto&) { return s.patch_principal("alice", with_roles({"y"})); }, true),
        operation([](auto& s, auto& one) { return s.take(one.session.id()); }),
        operation([](auto& s, auto& one) { return s.revoke_principal("alice", one.session.id()); }, true),
        operation([](auto& s, auto&) { return s.revoke_principal("alice", std::nullopt); }, true),
        {[](SessionStore& s, const IssuedSession& one) { return touched(s, one); }},
    };
    std::vector<ErrorCode> failures;
    for (const Operation& operate : operations) {
      server.command({"FLUSHALL"});
      allow();
      const auto maker = open_store(config);
      const auto issued = await(*maker, maker->create({.principal = "alice"}));
      if (!issued || !await(*maker, maker->create({.principal = "alice"}))) throw std::runtime_error("create");
      server.command({"PEXPIRE", key_of(issued->session.id()), "60000"});
      server.command({"SCRIPT", "FLUSH"});
      const auto before = stored();
      allow(but);
      const auto store = open_store(config);
      const std::optional<ErrorCode> failure = operate.run(*store, *issued);
      if (!failure) continue;
      failures.push_back(*failure);
      SCOPED_TRACE("operation " + std::to_string(&operate - operations) + " without " + std::string(but));
      const auto after = stored();
      if (!operate.walks) {
        EXPECT_EQ(after, before);
      }
      const auto [live, listed] = sessions_in(after);
      EXPECT_EQ(live, listed);
    }
    return failures;
  }
  // A read whose touch is due. That a touch is refused fails no read, and is access_denied here.
  static std::optional<ErrorCode> touched(SessionStore& store, const IssuedSession& issued) {
    if (const auto loaded = await(store, store.load(issued.token, {})); !loaded) return loaded.error().code;
    const bool extended = eventually(
        [&] {
          Stats stats;
          store.add_stats(stats);
          return stats.touches_effective > 0;
        },
        seconds{1});
    return extended ? std::nullopt : std::optional(ErrorCode::access_denied);
  }
};

TEST_F(AccessTest, AUserWithTheDocumentedRightsCanDoEverything) {
  EXPECT_THAT(everything(), IsEmpty());
  EXPECT_THAT(logged("INFO"), IsEmpty());
}

TEST_F(AccessTest, AUserWithTheDocumentedRightsCanDoEverythingOnAServerThatHasEvictedKeys) {
  let_the_server_evict();
  EXPECT_THAT(everything(), IsEmpty());
}

TEST_F(AccessTest, EachMissingRightIsAccessDeniedAndLeavesNothingHalfDone) {
  let_the_server_evict();
  const std::set<std::string> spared{"+info", "+ping", "+client|tracking"};
  for (const std::string& word : documented_rule()) {
    if (!word.starts_with('+') || spared.contains(word)) continue;
    const std::vector<ErrorCode> failures = everything(std::string_view(word).substr(1));
    EXPECT_FALSE(failures.empty()) << word << " is needless";
    EXPECT_THAT(failures, Each(ErrorCode::access_denied)) << word;
  }
}

TEST_F(AccessTest, AnotherDatabaseThanTheFirstNeedsTheRightToSelectIt) {
  config.redis.url = Secret{server.url() + "/1"};
  allow();
  const auto refused = open_store(config);
  EXPECT_THAT(await(*refused, refused->create({.principal = "alice"})), FailsWith(ErrorCode::access_denied));
  server.command({"ACL", "SETUSER", "ficha", "+select"});
  const auto admitted = open_store(config);
  EXPECT_THAT(await(*admitted, admitted->create({.principal = "alice"})), IsOk());
}

TEST_F(AccessTest, WithoutPingNothingFails) {
  EXPECT_THAT(everything("ping"), IsEmpty());
}

TEST_F(AccessTest, WithoutTrackingNothingFails) {
  EXPECT_THAT(everything("client|tracking"), IsEmpty());
}

TEST_F(AccessTest, WithoutInfoNothingFailsTheIndexIsNotTrustedAndItIsSaidOnce) {
  EXPECT_THAT(everything("info"), IsEmpty());
  server.command({"FLUSHALL"});
  ASSERT_THAT(create(), IsOk());
  server.command({"CLIENT", "KILL", "USER", "ficha"});
  ASSERT_TRUE(eventually([&] { return create("bob").has_value(); }));
  EXPECT_EQ(logged("INFO").size(), 1U);
  server.command({"DEL", index_of("alice")});
  ASSERT_OK_AND_ASSIGN(const auto sessions, wait_for(store().list("alice")));
  EXPECT_EQ(sessions.size(), 1U);
  Stats stats;
  store().add_stats(stats);
  EXPECT_EQ(stats.eviction_policy, EvictionPolicy::unknown);
  EXPECT_EQ(stats.evicted_keys, std::nullopt);
}

TEST_F(AccessTest, WhatTheUserMayNotDoIsAccessDenied) {
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
  config.redis.password = Secret{"wrong"};
  const auto failed = create();
  EXPECT_THAT(failed, FailsWith(ErrorCode::access_denied));
  EXPECT_EQ(failed.error().message.find("wrong"), std::string::npos);
  server.command({"ACL", "SETUSER", "ficha", ">wrong"});
  EXPECT_TRUE(creates_again());
}

}  // namespace
}  // namespace ficha::testing
