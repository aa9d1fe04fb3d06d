#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoadTest : public StoreTest {};
FICHA_FOR_EVERY_STORE(LoadTest);

TEST_P(LoadTest, UnknownRevokedAndMalformedTokensAreAllTheSameNothing) {
  const IssuedSession revoked = issue_for("alice");
  ASSERT_THAT(client().revoke(revoked.session.id()), IsOk());
  ASSERT_OK_AND_ASSIGN(const Token unknown, Token::generate_anonymous({}));
  std::string damaged{issue_for("alice").token.reveal()};
  damaged.back() = damaged.back() == 'A' ? 'B' : 'A';

  for (const std::string_view token : {revoked.token.reveal(), unknown.reveal(), std::string_view{damaged},
                                       std::string_view{"fch1_"}, std::string_view{}, std::string_view{"\r\nGET x"}}) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, client().load(token));
    EXPECT_FALSE(loaded);
  }
}

TEST_P(LoadTest, ALiveSessionIsFoundByItsIdWithoutKeepingItAlive) {
  const IssuedSession issued = issue({.principal = "alice", .attributes = {{"a", "1"}}, .idle_timeout = seconds{1}});
  for (int i = 0; i < 2; ++i) {
    pass(milliseconds{400});
    ASSERT_OK_AND_ASSIGN(const auto found, client().find(issued.session.id()));
    EXPECT_EQ(attribute(found, "a"), "1");
  }
  pass(milliseconds{400});
  ASSERT_OK_AND_ASSIGN(const auto expired, client().find(issued.session.id()));
  EXPECT_FALSE(expired);
  const IssuedSession revoked = issue_for("alice");
  ASSERT_THAT(client().revoke(revoked.session.id()), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto gone, client().find(revoked.session.id()));
  EXPECT_FALSE(gone);
}

TEST_P(LoadTest, ATokenSignedWithAnotherKeyIsNoSession) {
  Config keyed = config();
  keyed.session.token_keys = {Secret{"0123456789abcdef0123456789abcdef"}};
  Client client = open(keyed);
  const IssuedSession issued = issue(client, {.principal = "alice"});
  EXPECT_TRUE(load(client, issued.token));
  EXPECT_FALSE(load(issued.token));
}

TEST_P(LoadTest, TheSameAnswerComesAgain) {
  const IssuedSession issued = issue({.principal = "alice", .attributes = {{"a", "1"}}});
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, client().load(issued.token.reveal()));
    EXPECT_EQ(attribute(loaded, "a"), "1");
    EXPECT_EQ(loaded->id(), issued.session.id());
  }
}

TEST_P(LoadTest, AnUnusedSessionEndsAfterItsIdleTimeout) {
  const IssuedSession issued = issue({.principal = "alice", .idle_timeout = seconds{1}});
  pass(milliseconds{800});
  ASSERT_TRUE(load(client(), issued.token, {.touch = false}));
  pass(milliseconds{400});
  EXPECT_FALSE(load(client(), issued.token, {.touch = false}));
}

TEST_P(LoadTest, UsingASessionKeepsItAlive) {
  const IssuedSession issued = issue({.principal = "alice", .idle_timeout = seconds{1}});
  for (int i = 0; i < 3; ++i) {
    pass(milliseconds{600});
    ASSERT_TRUE(load(client(), issued.token, {})) << "after " << i + 1 << " times 600 ms";
  }
}

TEST_P(LoadTest, ReadingWithoutTouchDoesNotKeepASessionAlive) {
  const IssuedSession issued = issue({.principal = "alice", .idle_timeout = seconds{1}});
  pass(milliseconds{600});
  ASSERT_TRUE(load(client(), issued.token, {.touch = false}));
  pass(milliseconds{600});
  EXPECT_FALSE(load(client(), issued.token, {.touch = false}));
}

TEST_P(LoadTest, NoUseKeepsASessionBeyondItsAbsoluteDeadline) {
  const IssuedSession issued =
      issue({.principal = "alice", .idle_timeout = seconds{1}, .absolute_timeout = seconds{2}});
  pass(milliseconds{700});
  ASSERT_TRUE(load(client(), issued.token, {}));
  pass(milliseconds{700});
  load(client(), issued.token, {});
  pass(milliseconds{700});
  EXPECT_FALSE(load(client(), issued.token, {}));
}

TEST_P(LoadTest, ManySessionsDoNotMixUp) {
  std::vector<IssuedSession> issued;
  for (int i = 0; i < 200; ++i) {
    issued.push_back(issue({.principal = "user-" + std::to_string(i % 20), .attributes = {{"n", std::to_string(i)}}}));
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 200; ++i) {
      const auto& expected = issued[static_cast<std::size_t>(i)];
      const auto loaded = load(client(), expected.token, {});
      ASSERT_TRUE(loaded);
      EXPECT_EQ(loaded->id(), expected.session.id());
      EXPECT_EQ(attribute(loaded, "n"), std::to_string(i));
    }
  }
}

}  // namespace
}  // namespace ficha::testing
