#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RotateTest : public StoreTest {
 protected:
  IssuedSession rotate(const SessionId& from, RotateOptions options = {}) {
    auto rotated = client().rotate(from, options);
    if (!rotated) throw std::runtime_error("rotate: " + rotated.error().message);
    return std::move(*rotated);
  }

  IssuedSession issued = issue({.principal = "alice",
                                .roles = {"customer"},
                                .attributes = {{"cart", "[1]"}},
                                .device = {"192.0.2.7", "curl/8"},
                                .level = 1});
  SessionId id = issued.session.id();
};
FICHA_FOR_EVERY_STORE(RotateTest);

TEST_P(RotateTest, TheSessionMovesToANewTokenAndNothingElseChanges) {
  const IssuedSession rotated = rotate(id);
  EXPECT_NE(rotated.token.reveal(), issued.token.reveal());
  EXPECT_NE(rotated.session.id(), id);
  const auto loaded = load(rotated.token);
  ASSERT_TRUE(loaded);
  for (const Session& session : {rotated.session, *loaded}) {
    EXPECT_EQ(session.id(), rotated.token.id());
    EXPECT_EQ(session.generation(), 2U);
    EXPECT_EQ(session.principal(), "alice");
    EXPECT_THAT(roles(session), ElementsAre("customer"));
    EXPECT_EQ(attribute(session, "cart"), "[1]");
    EXPECT_EQ(session.device_address(), "192.0.2.7");
    EXPECT_EQ(session.level(), 1);
    EXPECT_EQ(session.created_at(), issued.session.created_at());
    EXPECT_EQ(session.expires_at(), issued.session.expires_at());
    EXPECT_EQ(session.authenticated_at(), issued.session.authenticated_at());
  }
}

TEST_P(RotateTest, WithoutGraceTheOldTokenIsDeadAtOnce) {
  ASSERT_TRUE(load(client(), issued.token, {}));
  rotate(id);
  EXPECT_FALSE(load(client(), issued.token, {}));
  EXPECT_FALSE(live(issued.token));
}

TEST_P(RotateTest, WithGraceTheOldTokenLeadsToTheSameSessionForThatLong) {
  const IssuedSession rotated = rotate(id, {.grace = seconds{1}});
  const auto by_old = load(issued.token);
  ASSERT_TRUE(by_old);
  EXPECT_EQ(by_old->id(), rotated.session.id());
  EXPECT_EQ(attribute(by_old, "cart"), "[1]");
  pass(milliseconds{1100});
  EXPECT_FALSE(live(issued.token));
  EXPECT_TRUE(live(rotated.token));
}

TEST_P(RotateTest, ARequestUnderWayMayStillWriteUnderTheOldId) {
  const IssuedSession rotated = rotate(id, {.grace = seconds{30}});
  ASSERT_THAT(client().patch(id, {.ops = {set("late", "1")}}), IsOk());
  EXPECT_EQ(attribute(load(rotated.token), "late"), "1");
}

TEST_P(RotateTest, WithoutGraceAWriteUnderTheOldIdFindsTheSessionGone) {
  rotate(id);
  EXPECT_THAT(client().patch(id, {.ops = {set("late", "1")}}), FailsWith(ErrorCode::session_gone));
}

TEST_P(RotateTest, TwoRotationsWithGraceChain) {
  const IssuedSession second = rotate(id, {.grace = seconds{30}});
  const IssuedSession third = rotate(second.session.id(), {.grace = seconds{30}});
  for (const Token& token : {issued.token, second.token, third.token}) {
    const auto loaded = load(token);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->id(), third.session.id());
  }
}

TEST_P(RotateTest, RotatingUnderASupersededIdRotatesItsSuccessor) {
  const IssuedSession second = rotate(id, {.grace = seconds{30}});
  const IssuedSession third = rotate(id);
  EXPECT_FALSE(live(second.token));
  EXPECT_TRUE(live(third.token));
  EXPECT_FALSE(live(issued.token));
}

TEST_P(RotateTest, RevokingUnderTheOldIdRevokesTheSession) {
  const IssuedSession rotated = rotate(id, {.grace = seconds{30}});
  ASSERT_OK_AND_ASSIGN(const RevokeOutcome outcome, client().revoke(id));
  EXPECT_EQ(outcome, RevokeOutcome::revoked);
  EXPECT_FALSE(live(rotated.token));
  EXPECT_FALSE(live(issued.token));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(RotateTest, RevokingTheSuccessorLeavesTheOldTokenDead) {
  const IssuedSession rotated = rotate(id, {.grace = seconds{30}});
  ASSERT_THAT(client().revoke(rotated.session.id()), IsOk());
  EXPECT_FALSE(live(issued.token));
}

TEST_P(RotateTest, TheListKnowsTheSessionByItsNewIdOnly) {
  const IssuedSession rotated = rotate(id, {.grace = seconds{30}});
  EXPECT_THAT(listed("alice"), ElementsAre(rotated.session.id()));
}

TEST_P(RotateTest, AnAnonymousSessionRotatesToo) {
  const IssuedSession anonymous = issue({.attributes = {{"cart", "[2]"}}});
  const IssuedSession rotated = rotate(anonymous.session.id());
  EXPECT_FALSE(live(anonymous.token));
  EXPECT_EQ(attribute(load(rotated.token), "cart"), "[2]");
  EXPECT_TRUE(rotated.session.anonymous());
}

TEST_P(RotateTest, TheIdleDeadlineIsKept) {
  const IssuedSession idle = issue({.principal = "alice", .idle_timeout = seconds{1}});
  pass(milliseconds{700});
  const IssuedSession rotated = rotate(idle.session.id());
  pass(milliseconds{500});
  EXPECT_FALSE(live(rotated.token));
}

TEST_P(RotateTest, ARevokedSessionCannotBeRotatedBackToLife) {
  ASSERT_THAT(client().revoke(id), IsOk());
  EXPECT_THAT(client().rotate(id), FailsWith(ErrorCode::session_gone));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(RotateTest, AGraceOfMoreThan30SecondsIsRefused) {
  EXPECT_THAT(client().rotate(id, {.grace = seconds{31}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client().rotate(id, {.grace = seconds{-1}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_TRUE(live(issued.token));
}

class LoginTest : public StoreTest {
 protected:
  IssuedSession log_in(Login login) {
    auto issued = client().login(login);
    if (!issued) throw std::runtime_error("login: " + issued.error().message);
    return std::move(*issued);
  }
};
FICHA_FOR_EVERY_STORE(LoginTest);

TEST_P(LoginTest, WithoutACurrentSessionItCreatesOne) {
  const IssuedSession issued = log_in({.session = {.principal = "alice", .level = 1}});
  EXPECT_EQ(load(issued.token)->principal(), "alice");
}

TEST_P(LoginTest, TheAnonymousSessionDiesAndItsAttributesMoveAlong) {
  const IssuedSession anonymous = issue({.attributes = {{"cart", "[1]"}, {"theme", "1"}}});
  const IssuedSession issued =
      log_in({.session = {.principal = "alice", .attributes = {{"theme", "2"}}}, .current = anonymous.session.id()});
  EXPECT_FALSE(live(anonymous.token));
  EXPECT_NE(issued.token.reveal(), anonymous.token.reveal());
  const auto loaded = load(issued.token);
  EXPECT_EQ(attribute(loaded, "cart"), "[1]");
  EXPECT_EQ(attribute(loaded, "theme"), "2") << "what the login itself says wins";
}

TEST_P(LoginTest, TheAnonymousAttributesStayBehindWhereAsked) {
  const IssuedSession anonymous = issue({.attributes = {{"cart", "[1]"}}});
  const IssuedSession issued =
      log_in({.session = {.principal = "alice"}, .current = anonymous.session.id(), .keep_attributes = false});
  EXPECT_EQ(load(issued.token)->attribute_count(), 0U);
  EXPECT_FALSE(live(anonymous.token));
}

TEST_P(LoginTest, ALoginThatFailsLeavesTheAnonymousSessionAsItWas) {
  Config full = config();
  full.session.max_per_principal = 1;
  full.session.on_limit = OnLimit::refuse;
  Client client = open(full);
  issue(client, {.principal = "alice"});
  const IssuedSession anonymous = issue(client, {.attributes = {{"cart", "[1]"}}});
  EXPECT_THAT(client.login({.session = {.principal = "alice"}, .current = anonymous.session.id()}),
              FailsWith(ErrorCode::session_limit));
  EXPECT_EQ(attribute(load(client, anonymous.token), "cart"), "[1]");
}

TEST_P(LoginTest, AttributesThatTogetherAreTooManyFailTheLogin) {
  NewSession crowded;
  for (int i = 0; i < 200; ++i) crowded.attributes.push_back({"a" + std::to_string(i), "1"});
  const IssuedSession anonymous = issue(crowded);
  for (Attribute& attribute : crowded.attributes) attribute.name[0] = 'b';
  crowded.principal = "alice";
  EXPECT_THAT(client().login({.session = crowded, .current = anonymous.session.id()}), FailsWith(ErrorCode::too_large));
  EXPECT_TRUE(live(anonymous.token));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(LoginTest, ReAuthenticationMovesTheSessionToANewTokenWithNewDeadlines) {
  const IssuedSession before = issue({.principal = "alice",
                                      .roles = {"customer"},
                                      .scopes = {"read"},
                                      .attributes = {{"cart", "[1]"}, {"theme", "1"}},
                                      .device = {"192.0.2.7", "old"},
                                      .authenticated = false,
                                      .idle_timeout = minutes{1},
                                      .absolute_timeout = minutes{5}});
  const IssuedSession after = log_in({.session = {.principal = "alice",
                                                  .roles = {"admin"},
                                                  .attributes = {{"theme", "2"}},
                                                  .device = {"192.0.2.8", "new"},
                                                  .level = 2},
                                      .current = before.session.id()});
  EXPECT_FALSE(live(before.token));
  const auto session = load(after.token);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->generation(), 2U);
  EXPECT_EQ(session->created_at(), before.session.created_at());
  EXPECT_GE(session->authenticated_at(), before.session.created_at());
  EXPECT_EQ(session->expires_at(), session->authenticated_at() + 12 * 60 * 60);
  EXPECT_EQ(session->idle_seconds(), 30 * 60);
  EXPECT_GT(session->idle_deadline(), before.session.idle_deadline());
  EXPECT_EQ(session->level(), 2);
  EXPECT_THAT(roles(*session), ElementsAre("admin"));
  EXPECT_THAT(scopes(*session), IsEmpty());
  EXPECT_EQ(session->device_user_agent(), "new");
  EXPECT_EQ(attribute(session, "cart"), "[1]");
  EXPECT_EQ(attribute(session, "theme"), "2");
  EXPECT_THAT(listed("alice"), ElementsAre(after.session.id()));
}

TEST_P(LoginTest, ReAuthenticationOfARevokedSessionFailsInsteadOfRevivingIt) {
  const IssuedSession before = issue_for("alice");
  ASSERT_THAT(client().revoke(before.session.id()), IsOk());
  EXPECT_THAT(client().login({.session = {.principal = "alice"}, .current = before.session.id()}),
              FailsWith(ErrorCode::session_gone));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(LoginTest, AReAuthenticationThatDoesNotFitChangesNothing) {
  const std::string text = '"' + std::string(60'000, 'x') + '"';
  const IssuedSession before =
      issue({.principal = "alice", .attributes = {{"a", text}, {"b", text}, {"c", text}, {"d", text}}});
  EXPECT_THAT(
      client().login({.session = {.principal = "alice", .attributes = {{"e", text}}}, .current = before.session.id()}),
      FailsWith(ErrorCode::too_large));
  EXPECT_TRUE(live(before.token));
}

TEST_P(LoginTest, ReAuthenticationUnderASupersededIdEndsAllThatCameBefore) {
  const IssuedSession first = issue_for("alice");
  ASSERT_OK_AND_ASSIGN(const IssuedSession second, client().rotate(first.session.id(), {.grace = seconds{30}}));
  const IssuedSession third = log_in({.session = {.principal = "alice"}, .current = first.session.id()});
  EXPECT_FALSE(live(first.token));
  EXPECT_FALSE(live(second.token));
  EXPECT_TRUE(live(third.token));
}

TEST_P(LoginTest, AnotherPrincipalGetsASessionOfItsOwnAndTheOldOneDies) {
  const IssuedSession alice = issue({.principal = "alice", .attributes = {{"secret", "1"}}});
  const IssuedSession bob = log_in({.session = {.principal = "bob"}, .current = alice.session.id()});
  EXPECT_FALSE(live(alice.token));
  const auto session = load(bob.token);
  EXPECT_EQ(session->principal(), "bob");
  EXPECT_EQ(session->attribute_count(), 0U) << "nothing of another principal is carried over";
  EXPECT_EQ(session->generation(), 1U);
}

TEST_P(LoginTest, AnotherPrincipalMayFollowOneThatWasRevoked) {
  const IssuedSession alice = issue_for("alice");
  ASSERT_THAT(client().revoke(alice.session.id()), IsOk());
  EXPECT_THAT(client().login({.session = {.principal = "bob"}, .current = alice.session.id()}), IsOk());
}

TEST_P(LoginTest, BecomingAnonymousEndsTheAuthenticatedSession) {
  const IssuedSession alice = issue({.principal = "alice", .attributes = {{"secret", "1"}}});
  const IssuedSession anonymous = log_in({.session = {}, .current = alice.session.id()});
  EXPECT_FALSE(live(alice.token));
  EXPECT_TRUE(load(anonymous.token)->anonymous());
  EXPECT_EQ(attribute(load(anonymous.token), "secret"), "(none)");
}

TEST_P(LoginTest, AnInvalidLoginChangesNothing) {
  const IssuedSession alice = issue_for("alice");
  EXPECT_THAT(client().login({.session = {.principal = "bob", .level = 9}, .current = alice.session.id()}),
              FailsWith(ErrorCode::invalid_argument));
  EXPECT_TRUE(live(alice.token));
}

}  // namespace
}  // namespace ficha::testing
