#include "core/store/store_suite.hpp"
#include "support/scripted_random.hpp"

namespace ficha::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class CreateTest : public StoreTest {};
FICHA_FOR_EVERY_STORE(CreateTest);

NewSession full_session() {
  NewSession wanted;
  wanted.principal = "zoë";
  wanted.roles = {"customer", "auditor"};
  wanted.scopes = {"transactions:read"};
  wanted.attributes = {{"theme", R"("dark")"}, {"cart", R"({"items":[1,2,{"näme":null}],"total":9007199254740993})"}};
  wanted.device = {"192.0.2.7", "Mozilla/5.0 (X11; Linux)"};
  wanted.level = 2;
  return wanted;
}

TEST_P(CreateTest, ANewSessionIsReadableByItsTokenWithEveryField) {
  const IssuedSession issued = issue(full_session());
  const auto loaded = load(issued.token);
  ASSERT_TRUE(loaded);
  for (const Session& session : {issued.session, *loaded}) {
    EXPECT_EQ(session.id(), issued.token.id());
    EXPECT_EQ(session.generation(), 1U);
    EXPECT_EQ(session.principal(), "zoë");
    EXPECT_THAT(roles(session), ElementsAre("customer", "auditor"));
    EXPECT_THAT(scopes(session), ElementsAre("transactions:read"));
    EXPECT_EQ(session.attribute_count(), 2U);
    EXPECT_EQ(attribute(session, "theme"), R"("dark")");
    EXPECT_EQ(attribute(session, "cart"), R"({"items":[1,2,{"näme":null}],"total":9007199254740993})");
    EXPECT_EQ(session.device_address(), "192.0.2.7");
    EXPECT_EQ(session.device_user_agent(), "Mozilla/5.0 (X11; Linux)");
    EXPECT_EQ(session.level(), 2);
    EXPECT_EQ(session.authenticated_at(), session.created_at());
    EXPECT_EQ(session.idle_seconds(), 30 * 60);
    EXPECT_EQ(session.expires_at(), session.created_at() + 12 * 60 * 60);
  }
}

TEST_P(CreateTest, ATokenMadeAheadIsThatOfTheSessionSoThatItsIdIsKnownBeforeItIsStored) {
  const Token visitors = *Token::generate_anonymous({});
  EXPECT_EQ(issue({.token = visitors}).session.id(), visitors.id());
  EXPECT_TRUE(load(visitors));

  const Token alices = *Token::generate(route_of("alice"), {});
  const IssuedSession issued = issue({.principal = "alice", .token = alices});
  EXPECT_EQ(issued.token.reveal(), alices.reveal());
  const Token next = *Token::generate(route_of("alice"), {});
  const auto again = client().login({{.principal = "alice", .token = next}, issued.session.id()});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->session.id(), next.id());

  // It names one session only, of its own principal.
  EXPECT_FALSE(client().create({.principal = "alice", .token = next}));
  const auto elsewhere = client().create({.principal = "bob", .token = alices});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, ErrorCode::invalid_argument);
}

TEST_P(CreateTest, TheIdleDeadlineOfANewSessionIsAtMostASixteenthBeyondTheIdleTimeout) {
  const Session session = issue_for("alice").session;
  const std::int64_t idle = 30 * 60;
  EXPECT_GE(session.idle_deadline(), session.created_at() + idle - 1);
  EXPECT_LE(session.idle_deadline(), session.created_at() + idle + idle / 16 + 1);
}

TEST_P(CreateTest, TheIdleDeadlineIsNeverLaterThanTheAbsoluteOne) {
  const Session session = issue({.principal = "alice", .absolute_timeout = minutes{5}}).session;
  EXPECT_EQ(session.expires_at(), session.created_at() + 300);
  EXPECT_LE(session.idle_deadline(), session.expires_at());
}

TEST_P(CreateTest, WithoutAnIdleTimeoutOnlyTheAbsoluteDeadlineEndsTheSession) {
  const Session session = issue({.principal = "alice", .idle_timeout = seconds{0}}).session;
  EXPECT_EQ(session.idle_seconds(), 0);
  EXPECT_GE(session.idle_deadline(), session.expires_at() - 1);
  EXPECT_LE(session.idle_deadline(), session.expires_at());
}

TEST_P(CreateTest, TimeoutsGivenWithTheSessionReplaceTheConfigured) {
  const Session session = issue({.principal = "a", .idle_timeout = minutes{1}, .absolute_timeout = hours{1}}).session;
  EXPECT_EQ(session.idle_seconds(), 60);
  EXPECT_EQ(session.expires_at(), session.created_at() + 3600);
}

TEST_P(CreateTest, AnAnonymousSessionHasNoPrincipalAndNeverAuthenticated) {
  const auto loaded = load(issue_for("").token);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->anonymous());
  EXPECT_EQ(loaded->authenticated_at(), 0);
}

TEST_P(CreateTest, APrincipalThatIsRememberedButProvedNothingHasNoAuthenticationTime) {
  const auto loaded = load(issue({.principal = "alice", .authenticated = false}).token);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->principal(), "alice");
  EXPECT_EQ(loaded->authenticated_at(), 0);
}

TEST_P(CreateTest, SessionsOfOnePrincipalShareTheRouteThatItsNameGives) {
  EXPECT_EQ(issue_for("alice").session.id().route(), route_of("alice"));
  EXPECT_EQ(issue_for("alice").session.id().route(), route_of("alice"));
}

TEST_P(CreateTest, NoTwoSessionsShareATokenOrAnId) {
  const IssuedSession one = issue_for("alice");
  const IssuedSession other = issue_for("alice");
  EXPECT_NE(one.token.reveal(), other.token.reveal());
  EXPECT_NE(one.session.id(), other.session.id());
}

TEST_P(CreateTest, AListOfNothingComesBackAsNothing) {
  const auto loaded = load(issue_for("alice").token);
  ASSERT_TRUE(loaded);
  EXPECT_THAT(roles(*loaded), IsEmpty());
  EXPECT_THAT(scopes(*loaded), IsEmpty());
  EXPECT_EQ(loaded->attribute_count(), 0U);
}

TEST_P(CreateTest, TheLargestSessionComesBackWhole) {
  NewSession wanted{.principal = std::string(256, 'p')};
  const std::string text = '"' + std::string(60'000, 'x') + '"';
  for (const char* name : {"a", "b", "c", "d"}) wanted.attributes.push_back({name, text});
  const auto loaded = load(issue(wanted).token);
  ASSERT_TRUE(loaded);
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_EQ(attribute(loaded, name), text);
}

TEST_P(CreateTest, ManyAttributesComeBackWhole) {
  NewSession wanted{.principal = "alice"};
  for (int i = 0; i < 256; ++i) wanted.attributes.push_back({"attribute-" + std::to_string(i), std::to_string(i)});
  const auto loaded = load(issue(wanted).token);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->attribute_count(), 256U);
  EXPECT_EQ(attribute(loaded, "attribute-255"), "255");
}

TEST_P(CreateTest, AValueOutsideItsRuleIsAnInvalidArgument) {
  const std::vector<NewSession> wrong{
      {.principal = "new\nline"},
      {.principal = "not \xff UTF-8"},
      {.principal = "a", .roles = {""}},
      {.principal = "a", .attributes = {{"", "1"}}},
      {.principal = "a", .attributes = {{"bell\x07", "1"}}},
      {.principal = "a", .attributes = {{"name", "not JSON"}}},
      {.principal = "a", .attributes = {{"name", "1 2"}}},
      {.principal = "a", .attributes = {{"twice", "1"}, {"twice", "2"}}},
      {.principal = "a", .level = 4},
      {.principal = "a", .level = -1},
      {.principal = "a", .idle_timeout = seconds{-1}},
      {.principal = "a", .absolute_timeout = seconds{0}},
  };
  for (const NewSession& session : wrong) EXPECT_THAT(client().create(session), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(listed("a"), IsEmpty());
}

TEST_P(CreateTest, AValueBeyondItsSizeIsTooLarge) {
  std::vector<NewSession> large{
      {.principal = std::string(257, 'p')},
      {.principal = "a", .attributes = {{std::string(65, 'n'), "1"}}},
      {.principal = "a", .attributes = {{"name", '"' + std::string(64U << 10U, 'x') + '"'}}},
      {.principal = "a"},
      {.principal = "a"},
  };
  for (int i = 0; i < 257; ++i) large[3].attributes.push_back({"n" + std::to_string(i), "1"});
  for (int i = 0; i < 5; ++i)
    large[4].attributes.push_back({"n" + std::to_string(i), '"' + std::string(60'000, 'x') + '"'});
  for (const NewSession& session : large) EXPECT_THAT(client().create(session), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(listed("a"), IsEmpty());
}

TEST_P(CreateTest, WithoutRandomBytesThereIsNoSession) {
  FailingRandom random;
  Hooks lent = hooks();
  lent.random = &random;
  ASSERT_OK_AND_ASSIGN(Client without_random, Client::open(config(), lent));
  EXPECT_THAT(without_random.create({.principal = "alice"}), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(without_random.create({}), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(listed("alice"), IsEmpty());
}

TEST_P(CreateTest, ATokenThatExistsIsNeverIssuedAgain) {
  RepeatingRandom random;
  Hooks lent = hooks();
  lent.random = &random;
  Config without_cache = config();
  without_cache.near_cache.enabled = false;
  ASSERT_OK_AND_ASSIGN(Client repeating, Client::open(without_cache, lent));
  ASSERT_OK_AND_ASSIGN(const IssuedSession first, repeating.create({.principal = "alice", .level = 1}));
  EXPECT_THAT(repeating.create({.principal = "alice", .level = 2}), FailsWith(ErrorCode::unavailable));
  EXPECT_EQ(load(repeating, first.token)->level(), 1);
}

class SessionLimitTest : public StoreTest {
 protected:
  Client limited(std::size_t limit, OnLimit on_limit) {
    Config settings = config();
    settings.session.max_per_principal = limit;
    settings.session.on_limit = on_limit;
    return open(settings);
  }
};
FICHA_FOR_EVERY_STORE(SessionLimitTest);

TEST_P(SessionLimitTest, TheOldestGivesWayToTheNewest) {
  Client client = limited(2, OnLimit::evict_oldest);
  const IssuedSession first = issue(client, {.principal = "alice"});
  const IssuedSession second = issue(client, {.principal = "alice"});
  const IssuedSession third = issue(client, {.principal = "alice"});
  EXPECT_FALSE(load(client, first.token));
  EXPECT_TRUE(load(client, second.token));
  EXPECT_TRUE(load(client, third.token));
}

TEST_P(SessionLimitTest, AnEvictedSessionIsRefusedByTheProcessThatHadReadIt) {
  Client client = limited(1, OnLimit::evict_oldest);
  const IssuedSession first = issue(client, {.principal = "alice"});
  ASSERT_TRUE(load(client, first.token, {}));
  ASSERT_TRUE(load(client, first.token, {}));
  issue(client, {.principal = "alice"});
  EXPECT_FALSE(load(client, first.token, {}));
}

TEST_P(SessionLimitTest, WhenFullALoginIsRefusedAndNothingChanges) {
  Client client = limited(2, OnLimit::refuse);
  const IssuedSession first = issue(client, {.principal = "alice"});
  const IssuedSession second = issue(client, {.principal = "alice"});
  EXPECT_THAT(client.create({.principal = "alice"}), FailsWith(ErrorCode::session_limit));
  EXPECT_TRUE(load(client, first.token));
  EXPECT_TRUE(load(client, second.token));
}

TEST_P(SessionLimitTest, ARevokedSessionMakesRoom) {
  Client client = limited(1, OnLimit::refuse);
  const IssuedSession first = issue(client, {.principal = "alice"});
  ASSERT_THAT(client.revoke(first.session.id()), IsOk());
  EXPECT_THAT(client.create({.principal = "alice"}), IsOk());
}

TEST_P(SessionLimitTest, ASessionThatIdledOutMakesRoom) {
  Client client = limited(1, OnLimit::refuse);
  issue(client, {.principal = "alice", .idle_timeout = seconds{1}});
  ASSERT_THAT(client.create({.principal = "alice"}), FailsWith(ErrorCode::session_limit));
  pass(std::chrono::milliseconds{1100});
  EXPECT_THAT(client.create({.principal = "alice"}), IsOk());
}

TEST_P(SessionLimitTest, EachPrincipalHasItsOwn) {
  Client client = limited(1, OnLimit::refuse);
  issue(client, {.principal = "alice"});
  EXPECT_THAT(client.create({.principal = "bob"}), IsOk());
}

TEST_P(SessionLimitTest, AnonymousSessionsHaveNone) {
  Client client = limited(1, OnLimit::refuse);
  const IssuedSession first = issue(client, {});
  const IssuedSession second = issue(client, {});
  EXPECT_TRUE(load(client, first.token));
  EXPECT_TRUE(load(client, second.token));
}

TEST_P(SessionLimitTest, ReAuthenticationNeedsNoRoom) {
  Client client = limited(1, OnLimit::refuse);
  const IssuedSession first = issue(client, {.principal = "alice"});
  EXPECT_THAT(client.login({.session = {.principal = "alice"}, .current = first.session.id()}), IsOk());
}

}  // namespace
}  // namespace ficha::testing
