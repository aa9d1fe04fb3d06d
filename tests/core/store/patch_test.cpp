#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t two_to_53 = std::int64_t{1} << 53U;

class PatchTest : public StoreTest {
 protected:
  IssuedSession issued = issue({.principal = "alice",
                                .roles = {"customer"},
                                .scopes = {"read"},
                                .attributes = {{"theme", R"("dark")"}, {"visits", "7"}},
                                .device = {"192.0.2.7", "curl/8"}});
  SessionId id = issued.session.id();

  Result<std::uint64_t> apply(std::vector<Patch::Op> ops) { return client().patch(id, {.ops = std::move(ops)}); }
  std::string stored(std::string_view name) { return attribute(load(issued.token), name); }
};
FICHA_FOR_EVERY_STORE(PatchTest);

TEST_P(PatchTest, SetCreatesAndReplaces) {
  ASSERT_THAT(apply({set("theme", R"("light")"), set("cart", R"([{"sku":"ä"}])")}), IsOk());
  EXPECT_EQ(stored("theme"), R"("light")");
  EXPECT_EQ(stored("cart"), R"([{"sku":"ä"}])");
  EXPECT_EQ(stored("visits"), "7");
}

TEST_P(PatchTest, EveryPatchMakesTheNextGeneration) {
  ASSERT_OK_AND_ASSIGN(const std::uint64_t second, apply({set("a", "1")}));
  EXPECT_EQ(second, 2U);
  ASSERT_OK_AND_ASSIGN(const std::uint64_t third, apply({set("a", "1")}));
  EXPECT_EQ(third, 3U);
  EXPECT_EQ(load(issued.token)->generation(), 3U);
}

TEST_P(PatchTest, AddCreatesButNeverReplaces) {
  ASSERT_THAT(apply({add("cart", "[]")}), IsOk());
  EXPECT_THAT(apply({add("cart", "[1]")}), FailsWith(ErrorCode::attribute_exists));
  EXPECT_EQ(stored("cart"), "[]");
}

TEST_P(PatchTest, RemoveDeletesAndDoesNotMindWhatIsNotThere) {
  ASSERT_THAT(apply({remove("theme"), remove("never there")}), IsOk());
  EXPECT_EQ(stored("theme"), "(none)");
  EXPECT_EQ(load(issued.token)->attribute_count(), 1U);
}

TEST_P(PatchTest, TheLastAttributeCanBeRemovedAndAnotherSet) {
  ASSERT_THAT(apply({remove("theme"), remove("visits")}), IsOk());
  EXPECT_EQ(load(issued.token)->attribute_count(), 0U);
  ASSERT_THAT(apply({set("theme", "1")}), IsOk());
  EXPECT_EQ(stored("theme"), "1");
}

TEST_P(PatchTest, IncrementAddsToAnIntegerAndStartsAtZero) {
  ASSERT_THAT(apply({increment("visits", 5), increment("fresh", -3)}), IsOk());
  EXPECT_EQ(stored("visits"), "12");
  EXPECT_EQ(stored("fresh"), "-3");
}

TEST_P(PatchTest, IncrementRefusesWhatIsNoInteger) {
  for (const char* json : {R"("7")", "1.5", "1e3", "null", "[]", "true", "9007199254740993"}) {
    ASSERT_THAT(apply({set("value", json)}), IsOk());
    EXPECT_THAT(apply({increment("value", 1)}), FailsWith(ErrorCode::invalid_argument)) << json;
    EXPECT_EQ(stored("value"), json);
  }
}

TEST_P(PatchTest, IncrementStaysWithinTwoToThe53) {
  ASSERT_THAT(apply({set("high", "9007199254740991"), set("low", "-9007199254740991")}), IsOk());
  ASSERT_THAT(apply({increment("high", 1), increment("low", -1)}), IsOk());
  EXPECT_EQ(stored("high"), "9007199254740992");
  EXPECT_EQ(stored("low"), "-9007199254740992");
  EXPECT_THAT(apply({increment("high", 1)}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({increment("low", -1)}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({increment("high", two_to_53)}), FailsWith(ErrorCode::invalid_argument));
  ASSERT_THAT(apply({increment("high", -two_to_53)}), IsOk());
  EXPECT_EQ(stored("high"), "0");
}

TEST_P(PatchTest, ChangesApplyInTheOrderGiven) {
  ASSERT_THAT(apply({remove("theme"), add("theme", "1"), increment("theme", 2), set("copy", "0")}), IsOk());
  EXPECT_EQ(stored("theme"), "3");
}

TEST_P(PatchTest, APatchAppliesWholeOrNotAtAll) {
  EXPECT_THAT(apply({set("new", "1"), remove("visits"), add("theme", "1")}), FailsWith(ErrorCode::attribute_exists));
  EXPECT_EQ(stored("new"), "(none)");
  EXPECT_EQ(stored("visits"), "7");
  EXPECT_EQ(load(issued.token)->generation(), 1U);
}

TEST_P(PatchTest, RolesScopesAndDeviceAreReplacedWhereAsked) {
  ASSERT_THAT(client().patch(id, {.roles = std::vector<std::string>{"admin", "ops"}}), IsOk());
  auto loaded = load(issued.token);
  EXPECT_THAT(roles(*loaded), ElementsAre("admin", "ops"));
  EXPECT_THAT(scopes(*loaded), ElementsAre("read"));

  ASSERT_THAT(client().patch(id, {.scopes = std::vector<std::string>{}, .device = Device{"2001:db8::1", ""}}), IsOk());
  loaded = load(issued.token);
  EXPECT_THAT(roles(*loaded), ElementsAre("admin", "ops"));
  EXPECT_THAT(scopes(*loaded), IsEmpty());
  EXPECT_EQ(loaded->device_address(), "2001:db8::1");
  EXPECT_EQ(loaded->device_user_agent(), "");
  EXPECT_EQ(attribute(loaded, "theme"), R"("dark")");
}

TEST_P(PatchTest, TheExpectedGenerationMustBeTheStoredOne) {
  EXPECT_THAT(client().patch(id, {.ops = {set("a", "1")}, .expected_generation = 2}), FailsWith(ErrorCode::conflict));
  EXPECT_THAT(client().patch(id, {.ops = {set("a", "1")}, .expected_generation = 1}), IsOk());
  EXPECT_THAT(client().patch(id, {.ops = {set("a", "2")}, .expected_generation = 1}), FailsWith(ErrorCode::conflict));
  EXPECT_EQ(stored("a"), "1");
}

TEST_P(PatchTest, APatchIsSeenByWhoHadReadTheSession) {
  ASSERT_EQ(attribute(load(client(), issued.token, {}), "visits"), "7");
  ASSERT_EQ(attribute(load(client(), issued.token, {}), "visits"), "7");
  ASSERT_THAT(apply({set("visits", "8")}), IsOk());
  EXPECT_EQ(attribute(load(client(), issued.token, {}), "visits"), "8");
}

TEST_P(PatchTest, APatchDoesNotMoveTheDeadlines) {
  const Session before = *load(client(), issued.token, {.touch = false, .fresh = true});
  ASSERT_THAT(apply({set("a", "1")}), IsOk());
  const Session after = *load(client(), issued.token, {.touch = false, .fresh = true});
  EXPECT_NEAR(static_cast<double>(after.idle_deadline()), static_cast<double>(before.idle_deadline()), 1);
  EXPECT_EQ(after.expires_at(), before.expires_at());
  EXPECT_EQ(after.created_at(), before.created_at());
  EXPECT_EQ(after.authenticated_at(), before.authenticated_at());
}

TEST_P(PatchTest, ASessionThatIsNoLongerLiveIsNeverWritten) {
  ASSERT_THAT(client().revoke(id), IsOk());
  EXPECT_THAT(apply({set("a", "1")}), FailsWith(ErrorCode::session_gone));
  EXPECT_FALSE(live(issued.token));
}

TEST_P(PatchTest, APatchDoesNotKeepAnIdleSessionAlive) {
  const IssuedSession idle = issue({.principal = "alice", .idle_timeout = seconds{1}});
  pass(std::chrono::milliseconds{700});
  ASSERT_THAT(client().patch(idle.session.id(), {.ops = {set("a", "1")}}), IsOk());
  pass(std::chrono::milliseconds{500});
  EXPECT_FALSE(live(idle.token));
  EXPECT_THAT(client().patch(idle.session.id(), {.ops = {set("a", "2")}}), FailsWith(ErrorCode::session_gone));
}

TEST_P(PatchTest, WhatDoesNotFitIsTooLargeAndChangesNothing) {
  const std::string text = '"' + std::string(60'000, 'x') + '"';
  ASSERT_THAT(apply({set("a", text), set("b", text), set("c", text), set("d", text)}), IsOk());
  EXPECT_THAT(apply({set("e", text)}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(apply({set("a", '"' + std::string(64U << 10U, 'x') + '"')}), FailsWith(ErrorCode::too_large));
  EXPECT_EQ(stored("e"), "(none)");
  EXPECT_EQ(stored("d"), text);
}

TEST_P(PatchTest, ASessionHoldsAtMost256Attributes) {
  std::vector<Patch::Op> fill;
  for (int i = 0; i < 254; ++i) fill.push_back(set("n" + std::to_string(i), "0"));
  ASSERT_THAT(apply(fill), IsOk());
  EXPECT_THAT(apply({set("one more", "1")}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(apply({remove("n0"), set("one more", "1")}), IsOk());
  EXPECT_EQ(load(issued.token)->attribute_count(), 256U);
}

TEST_P(PatchTest, AValueOutsideItsRuleIsAnInvalidArgument) {
  EXPECT_THAT(apply({set("a", "{")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({set("", "1")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({increment("a", two_to_53 + 1)}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client().patch(id, {.roles = std::vector<std::string>{"a\nb"}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_EQ(load(issued.token)->generation(), 1U);
}

TEST_P(PatchTest, NoMessageHoldsAValue) {
  const auto failed = apply({set("theme", "\"secret value\"x")});
  ASSERT_THAT(failed, FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(failed.error().message, ::testing::Not(::testing::HasSubstr("secret value")));
}

class AddOnlyTest : public StoreTest {
 protected:
  Client add_only = [this] {
    Config settings = config();
    settings.session.writes = Writes::add_only;
    return open(settings);
  }();
  IssuedSession issued = issue(add_only, {.principal = "alice", .attributes = {{"theme", "1"}}});
  SessionId id = issued.session.id();

  Result<std::uint64_t> apply(Patch::Op op) { return add_only.patch(id, {.ops = {std::move(op)}}); }
};
FICHA_FOR_EVERY_STORE(AddOnlyTest);

TEST_P(AddOnlyTest, WhatIsNotThereMayBeAdded) {
  EXPECT_THAT(apply(set("a", "1")), IsOk());
  EXPECT_THAT(apply(add("b", "2")), IsOk());
  EXPECT_THAT(apply(increment("c", 3)), IsOk());
  EXPECT_THAT(apply(remove("never there")), IsOk());
  const auto loaded = load(add_only, issued.token);
  EXPECT_EQ(attribute(loaded, "a"), "1");
  EXPECT_EQ(attribute(loaded, "b"), "2");
  EXPECT_EQ(attribute(loaded, "c"), "3");
}

TEST_P(AddOnlyTest, WhatIsThereStaysAsItIs) {
  EXPECT_THAT(apply(set("theme", "2")), FailsWith(ErrorCode::attribute_exists));
  EXPECT_THAT(apply(add("theme", "2")), FailsWith(ErrorCode::attribute_exists));
  EXPECT_THAT(apply(remove("theme")), FailsWith(ErrorCode::attribute_exists));
  EXPECT_THAT(apply(increment("theme", 1)), FailsWith(ErrorCode::attribute_exists));
  EXPECT_EQ(attribute(load(add_only, issued.token), "theme"), "1");
}

TEST_P(AddOnlyTest, WhatAnEarlierChangeOfThePatchAddedStaysToo) {
  EXPECT_THAT(add_only.patch(id, {.ops = {set("a", "1"), set("a", "2")}}), FailsWith(ErrorCode::attribute_exists));
  EXPECT_EQ(attribute(load(add_only, issued.token), "a"), "(none)");
}

TEST_P(AddOnlyTest, RolesScopesDeviceAndOtherSessionsAreOutOfReach) {
  EXPECT_THAT(add_only.patch(id, {.roles = std::vector<std::string>{}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(add_only.patch(id, {.scopes = std::vector<std::string>{}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(add_only.patch(id, {.device = Device{}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(add_only.patch_principal("alice", {.ops = {set("a", "1")}}), FailsWith(ErrorCode::invalid_argument));
}

class LifetimeTest : public StoreTest {
 protected:
  IssuedSession issued = issue({.principal = "alice", .idle_timeout = seconds{100}, .absolute_timeout = seconds{1000}});
  SessionId id = issued.session.id();
};
FICHA_FOR_EVERY_STORE(LifetimeTest);

TEST_P(LifetimeTest, APatchGivesALiveSessionNewLifetimesAndLeavesItsTokenAndAuthenticationTime) {
  ASSERT_OK_AND_ASSIGN(const std::uint64_t generation, client().patch(id, {.ops = {set("cart", "[1]")},
                                                                           .idle_timeout = seconds{3200},
                                                                           .absolute_timeout = seconds{10'000}}));
  EXPECT_EQ(generation, 2U);
  const auto session = load(issued.token);
  ASSERT_TRUE(session);
  EXPECT_EQ(attribute(session, "cart"), "[1]");
  EXPECT_EQ(session->idle_seconds(), 3200);
  EXPECT_THAT(session->expires_at() - issued.session.created_at(), AllOf(Ge(10'000), Le(10'005)));
  EXPECT_THAT(session->idle_deadline() - issued.session.created_at(), AllOf(Ge(3200), Le(3405)));
  EXPECT_EQ(session->authenticated_at(), issued.session.authenticated_at());
  EXPECT_EQ(session->created_at(), issued.session.created_at());
}

TEST_P(LifetimeTest, AShorterAbsoluteTimeoutEndsTheSessionThen) {
  ASSERT_THAT(client().patch(id, {.absolute_timeout = seconds{2}}), IsOk());
  EXPECT_THAT(listed("alice"), ElementsAre(id));
  pass(milliseconds{2100});
  EXPECT_FALSE(live(issued.token));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(LifetimeTest, AShorterIdleTimeoutEndsAnUnusedSessionThen) {
  ASSERT_THAT(client().patch(id, {.idle_timeout = seconds{1}}), IsOk());
  EXPECT_EQ(load(issued.token)->expires_at(), issued.session.expires_at());
  pass(milliseconds{1200});
  EXPECT_FALSE(live(issued.token));
}

TEST_P(LifetimeTest, WithoutAnIdleTimeoutTheSessionLivesToItsAbsoluteDeadline) {
  ASSERT_THAT(client().patch(id, {.idle_timeout = seconds{0}}), IsOk());
  const auto session = load(issued.token);
  EXPECT_EQ(session->idle_seconds(), 0);
  EXPECT_THAT(session->idle_deadline(), AnyOf(issued.session.expires_at(), issued.session.expires_at() - 1))
      << "as known by a reader, whose round trip took time";
}

TEST_P(LifetimeTest, TheIdleDeadlineIsNeverLaterThanTheAbsoluteOne) {
  ASSERT_THAT(client().patch(id, {.idle_timeout = seconds{5000}}), IsOk());
  EXPECT_LE(load(issued.token)->idle_deadline(), issued.session.expires_at());
}

TEST_P(LifetimeTest, AProlongedSessionStaysInTheListBeyondItsFormerDeadline) {
  const IssuedSession brief = issue({.principal = "bob", .absolute_timeout = seconds{2}});
  ASSERT_THAT(client().patch(brief.session.id(), {.absolute_timeout = seconds{1000}}), IsOk());
  pass(milliseconds{2100});
  const IssuedSession next = issue_for("bob");  // a creation tidies the index
  EXPECT_THAT(listed("bob"), UnorderedElementsAre(brief.session.id(), next.session.id()));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, client().revoke_principal("bob"));
  EXPECT_EQ(revoked, 2U);
  EXPECT_FALSE(live(brief.token));
}

TEST_P(LifetimeTest, ASessionThatWasProlongedIsNoLongerTheOldest) {
  Config limited = config();
  limited.session.max_per_principal = 2;
  Client client = open(limited);
  const IssuedSession first = issue(client, {.principal = "carol"});
  const IssuedSession second = issue(client, {.principal = "carol"});
  ASSERT_THAT(client.patch(first.session.id(), {.absolute_timeout = std::chrono::hours{24}}), IsOk());
  issue(client, {.principal = "carol"});
  EXPECT_TRUE(load(client, first.token));
  EXPECT_FALSE(load(client, second.token));
}

TEST_P(LifetimeTest, AnAnonymousSessionTakesNewLifetimesToo) {
  const IssuedSession anonymous = issue({});
  ASSERT_THAT(client().patch(anonymous.session.id(), {.idle_timeout = seconds{60}}), IsOk());
  EXPECT_EQ(load(anonymous.token)->idle_seconds(), 60);
}

TEST_P(LifetimeTest, NothingChangesWhenAnotherPartOfThePatchIsRefused) {
  ASSERT_THAT(client().patch(id, {.ops = {set("cart", "[]")}}), IsOk());
  EXPECT_THAT(client().patch(id, {.ops = {add("cart", "[1]")}, .idle_timeout = seconds{60}}),
              FailsWith(ErrorCode::attribute_exists));
  EXPECT_EQ(load(issued.token)->idle_seconds(), 100);
}

TEST_P(LifetimeTest, LifetimesOutOfRangeAreRefused) {
  for (const Patch& patch : {Patch{.idle_timeout = seconds{-1}}, Patch{.absolute_timeout = seconds{0}},
                             Patch{.absolute_timeout = std::chrono::days{401}},
                             Patch{.idle_timeout = seconds{61}, .absolute_timeout = seconds{60}}}) {
    EXPECT_THAT(client().patch(id, patch), FailsWith(ErrorCode::invalid_argument));
  }
}

TEST_P(LifetimeTest, ThoseOfAllSessionsOfAPrincipalStayAsTheyAre) {
  EXPECT_THAT(client().patch_principal("alice", {.idle_timeout = seconds{60}}), FailsWith(ErrorCode::invalid_argument));
}

TEST_P(LifetimeTest, AnAddOnlyServiceCannotChangeThem) {
  Config add_only = config();
  add_only.session.writes = Writes::add_only;
  Client client = open(add_only);
  EXPECT_THAT(client.patch(id, {.idle_timeout = seconds{60}}), FailsWith(ErrorCode::invalid_argument));
}

TEST_P(LifetimeTest, ARevokedSessionStaysGone) {
  ASSERT_THAT(client().revoke(id), IsOk());
  EXPECT_THAT(client().patch(id, {.absolute_timeout = seconds{60}}), FailsWith(ErrorCode::session_gone));
  EXPECT_FALSE(live(issued.token));
}

}  // namespace
}  // namespace ficha::testing
