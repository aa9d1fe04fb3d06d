#include <algorithm>

#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RevokeTest : public StoreTest {};
FICHA_FOR_EVERY_STORE(RevokeTest);

TEST_P(RevokeTest, ARevokedSessionIsGone) {
  const IssuedSession issued = issue_for("alice");
  ASSERT_TRUE(load(client(), issued.token, {}));
  ASSERT_OK_AND_ASSIGN(const RevokeOutcome outcome, client().revoke(issued.session.id()));
  EXPECT_EQ(outcome, RevokeOutcome::revoked);
  EXPECT_FALSE(load(client(), issued.token, {}));
  EXPECT_FALSE(live(issued.token));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(RevokeTest, WhatIsNotThereIsNotFound) {
  const IssuedSession issued = issue_for("alice");
  ASSERT_THAT(client().revoke(issued.session.id()), IsOk());
  ASSERT_OK_AND_ASSIGN(const RevokeOutcome again, client().revoke(issued.session.id()));
  EXPECT_EQ(again, RevokeOutcome::not_found);
  ASSERT_OK_AND_ASSIGN(const RevokeOutcome never, client().revoke(*SessionId::parse("AAAAAAAAAAAAAAAAAAAAAAAA")));
  EXPECT_EQ(never, RevokeOutcome::not_found);
}

TEST_P(RevokeTest, OtherSessionsOfThePrincipalStay) {
  const IssuedSession one = issue_for("alice");
  const IssuedSession other = issue_for("alice");
  ASSERT_THAT(client().revoke(one.session.id()), IsOk());
  EXPECT_TRUE(live(other.token));
  EXPECT_THAT(listed("alice"), ElementsAre(other.session.id()));
}

TEST_P(RevokeTest, AnAnonymousSessionCanBeRevoked) {
  const IssuedSession anonymous = issue_for("");
  ASSERT_OK_AND_ASSIGN(const RevokeOutcome outcome, client().revoke(anonymous.session.id()));
  EXPECT_EQ(outcome, RevokeOutcome::revoked);
  EXPECT_FALSE(live(anonymous.token));
}

class RevokePrincipalTest : public StoreTest {};
FICHA_FOR_EVERY_STORE(RevokePrincipalTest);

TEST_P(RevokePrincipalTest, AllSessionsOfThePrincipalDieAndNobodyElses) {
  const IssuedSession first = issue_for("alice");
  const IssuedSession second = issue_for("alice");
  const IssuedSession bob = issue_for("bob");
  const IssuedSession anonymous = issue_for("");
  ASSERT_TRUE(load(client(), first.token, {}));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, client().revoke_principal("alice"));
  EXPECT_EQ(revoked, 2U);
  EXPECT_FALSE(load(client(), first.token, {}));
  EXPECT_FALSE(live(second.token));
  EXPECT_TRUE(live(bob.token));
  EXPECT_TRUE(live(anonymous.token));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(RevokePrincipalTest, OneMayBeKept) {
  const IssuedSession here = issue_for("alice");
  const IssuedSession there = issue_for("alice");
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, client().revoke_principal("alice", here.session.id()));
  EXPECT_EQ(revoked, 1U);
  EXPECT_TRUE(live(here.token));
  EXPECT_FALSE(live(there.token));
}

TEST_P(RevokePrincipalTest, TheOneToKeepMayBeNamedByTheIdItHadBeforeARotation) {
  const IssuedSession before = issue_for("alice");
  issue_for("alice");
  ASSERT_OK_AND_ASSIGN(const IssuedSession after, client().rotate(before.session.id(), {.grace = seconds{30}}));
  ASSERT_THAT(client().revoke_principal("alice", before.session.id()), IsOk());
  EXPECT_THAT(listed("alice"), ElementsAre(after.session.id()));
}

TEST_P(RevokePrincipalTest, ASupersededTokenDiesWithItsSuccessor) {
  const IssuedSession before = issue_for("alice");
  ASSERT_THAT(client().rotate(before.session.id(), {.grace = seconds{30}}), IsOk());
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, client().revoke_principal("alice"));
  EXPECT_EQ(revoked, 1U);
  EXPECT_FALSE(live(before.token));
}

TEST_P(RevokePrincipalTest, APrincipalWithoutSessionsHasNoneRevoked) {
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, client().revoke_principal("nobody"));
  EXPECT_EQ(revoked, 0U);
}

TEST_P(RevokePrincipalTest, ThousandsOfSessionsAllDie) {
  std::vector<Token> tokens;
  for (int i = 0; i < 1500; ++i) tokens.push_back(issue_for("alice").token);
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, client().revoke_principal("alice"));
  EXPECT_EQ(revoked, 1500U);
  EXPECT_EQ(std::ranges::count_if(tokens, [this](const Token& token) { return live(token); }), 0);
}

TEST_P(RevokePrincipalTest, TheAnonymousHaveNoPrincipalToRevoke) {
  EXPECT_THAT(client().revoke_principal(""), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client().list(""), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client().patch_principal("", {}), FailsWith(ErrorCode::invalid_argument));
}

class PatchPrincipalTest : public StoreTest {};
FICHA_FOR_EVERY_STORE(PatchPrincipalTest);

TEST_P(PatchPrincipalTest, AChangedRoleCountsAtOnceInEverySession) {
  const IssuedSession first = issue({.principal = "alice", .roles = {"admin"}});
  const IssuedSession second = issue({.principal = "alice", .roles = {"admin"}});
  const IssuedSession bob = issue({.principal = "bob", .roles = {"admin"}});
  ASSERT_TRUE(load(client(), first.token, {}));
  ASSERT_OK_AND_ASSIGN(
      const std::uint64_t visited,
      client().patch_principal("alice", {.ops = {set("note", "1")}, .roles = std::vector<std::string>{}}));
  EXPECT_EQ(visited, 2U);
  for (const Token& token : {first.token, second.token}) {
    const auto session = load(client(), token, {});
    EXPECT_THAT(roles(*session), IsEmpty());
    EXPECT_EQ(attribute(session, "note"), "1");
    EXPECT_EQ(session->generation(), 2U);
  }
  EXPECT_THAT(roles(*load(bob.token)), ElementsAre("admin"));
}

TEST_P(PatchPrincipalTest, ASessionThatIsAlreadyAsWantedIsNotWritten) {
  const IssuedSession issued = issue({.principal = "alice", .roles = {"admin"}});
  ASSERT_OK_AND_ASSIGN(const std::uint64_t visited,
                       client().patch_principal("alice", {.roles = std::vector<std::string>{"admin"}}));
  EXPECT_EQ(visited, 1U);
  EXPECT_EQ(load(issued.token)->generation(), 1U);
}

TEST_P(PatchPrincipalTest, HundredsOfSessionsAreAllVisited) {
  std::vector<Token> tokens;
  for (int i = 0; i < 350; ++i) tokens.push_back(issue_for("alice").token);
  ASSERT_OK_AND_ASSIGN(const std::uint64_t visited, client().patch_principal("alice", {.ops = {set("a", "1")}}));
  EXPECT_EQ(visited, 350U);
  for (const Token& token : tokens) ASSERT_EQ(attribute(load(token), "a"), "1");
}

TEST_P(PatchPrincipalTest, WhatMayNotHappenTwiceIsRefused) {
  EXPECT_THAT(client().patch_principal("alice", {.ops = {add("a", "1")}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client().patch_principal("alice", {.ops = {increment("a", 1)}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client().patch_principal("alice", {.ops = {set("a", "1")}, .expected_generation = 1}),
              FailsWith(ErrorCode::invalid_argument));
}

class ListTest : public StoreTest {};
FICHA_FOR_EVERY_STORE(ListTest);

TEST_P(ListTest, LiveSessionsComeOldestFirstWithDeviceAndTimes) {
  const IssuedSession first = issue({.principal = "alice", .device = {"192.0.2.1", "one"}});
  const IssuedSession second = issue({.principal = "alice", .device = {"192.0.2.2", "two"}});
  issue_for("bob");
  ASSERT_OK_AND_ASSIGN(const auto sessions, client().list("alice"));
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_EQ(sessions[0].id(), first.session.id());
  EXPECT_EQ(sessions[0].device_address(), "192.0.2.1");
  EXPECT_EQ(sessions[0].created_at(), first.session.created_at());
  EXPECT_EQ(sessions[0].expires_at(), first.session.expires_at());
  EXPECT_GT(sessions[0].idle_deadline(), sessions[0].created_at());
  EXPECT_EQ(sessions[1].id(), second.session.id());
  EXPECT_EQ(sessions[1].device_user_agent(), "two");
}

TEST_P(ListTest, SessionsThatEndedAreNotListed) {
  issue({.principal = "alice", .idle_timeout = seconds{1}});
  const IssuedSession lasting = issue_for("alice");
  pass(milliseconds{1100});
  EXPECT_THAT(listed("alice"), ElementsAre(lasting.session.id()));
}

TEST_P(ListTest, ListingKeepsNoSessionAlive) {
  const IssuedSession idle = issue({.principal = "alice", .idle_timeout = seconds{1}});
  pass(milliseconds{700});
  EXPECT_THAT(listed("alice"), ElementsAre(idle.session.id()));
  pass(milliseconds{500});
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(ListTest, NamesThatMeanSomethingToRedisAreJustNames) {
  for (const std::string principal : {"*", "a b", "{x}", "ä\u2028", "$-1", "alice@example.org"}) {
    const IssuedSession issued = issue_for(principal);
    EXPECT_THAT(listed(principal), ElementsAre(issued.session.id()));
    EXPECT_EQ(load(issued.token)->principal(), principal);
  }
}

}  // namespace
}  // namespace ficha::testing
