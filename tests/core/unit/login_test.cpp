#include "client/login.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <utility>

#include "store/memory/memory_store.hpp"
#include "support/results.hpp"

// The order of a login's steps, seen from outside: what lives when one of them fails.
namespace ficha::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// A real store whose link breaks at the steps a test names.
class BreakingStore final : public SessionStore {
 public:
  std::function<bool(const SessionId&)> take_fails = [](const SessionId&) { return false; };
  std::function<void()> before_take;  // once: what another request does meanwhile
  bool create_fails = false;
  bool find_finds_nothing = false;

  Task<IssuedSession> create(NewSession session) override {
    if (create_fails) co_return Error{ErrorCode::write_refused, "broken"};
    co_return co_await store_->create(std::move(session));
  }
  Task<std::optional<Session>> take(SessionId id) override {
    if (take_fails(id)) co_return Error{ErrorCode::unknown_outcome, "broken"};
    auto ahead = std::exchange(before_take, {});
    if (ahead) ahead();
    co_return co_await store_->take(id);
  }
  Task<std::optional<Session>> load(Token token, LoadOptions options) override { return store_->load(token, options); }
  Task<std::optional<Session>> find(SessionId id) override {
    if (find_finds_nothing) co_return std::optional<Session>{};
    co_return co_await store_->find(id);
  }
  Task<std::uint64_t> patch(SessionId id, Patch patch) override { return store_->patch(id, std::move(patch)); }
  Task<IssuedSession> rotate(SessionId id, RotateOptions options) override { return store_->rotate(id, options); }
  Task<IssuedSession> reauthenticate(SessionId id, NewSession session) override {
    return store_->reauthenticate(id, std::move(session));
  }
  Task<std::uint64_t> revoke_principal(std::string principal, std::optional<SessionId> except) override {
    return store_->revoke_principal(std::move(principal), except);
  }
  Task<std::uint64_t> patch_principal(std::string principal, Patch patch) override {
    return store_->patch_principal(std::move(principal), std::move(patch));
  }
  Task<std::vector<Session>> list(std::string principal) override { return store_->list(std::move(principal)); }
  bool try_load(std::string_view, LoadOptions, std::optional<Session>&) noexcept override { return false; }
  void flush() noexcept override { store_->flush(); }
  void wait(Waiter& waiter) noexcept override { store_->wait(waiter); }
  std::int64_t now() const noexcept override { return store_->now(); }
  void add_stats(Stats&) const noexcept override {}
  void close() noexcept override { store_->close(); }

 private:
  std::unique_ptr<SessionStore> store_ = make_memory_store({}, {});
};

class BrokenLoginTest : public ::testing::Test {
 protected:
  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> result;
    start(std::move(task), [&](Result<T> finished) { result.emplace(std::move(finished)); });
    return std::move(*result);
  }
  IssuedSession issue(NewSession session) { return *run(store.create(std::move(session))); }
  bool live(const Token& token) { return run(store.load(token, {}))->has_value(); }
  std::vector<Session> listed(const char* principal) { return *run(store.list(principal)); }

  BreakingStore store;
};

TEST_F(BrokenLoginTest, WhenTheAnonymousSessionMayStillLiveTheNewOneIsTakenBack) {
  const IssuedSession anonymous = issue({});
  store.take_fails = [&](const SessionId& id) { return id == anonymous.session.id(); };
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "alice"}, .current = anonymous.session.id()})),
              FailsWith(ErrorCode::unknown_outcome));
  EXPECT_THAT(listed("alice"), IsEmpty());
  EXPECT_TRUE(live(anonymous.token));
}

TEST_F(BrokenLoginTest, WhenNothingCanBeTakenBackTheLoginHasStillFailed) {
  const IssuedSession anonymous = issue({});
  store.take_fails = [](const SessionId&) { return true; };
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "alice"}, .current = anonymous.session.id()})),
              FailsWith(ErrorCode::unknown_outcome));
}

TEST_F(BrokenLoginTest, WhenTheNewSessionCannotBeMadeTheAnonymousOneStays) {
  const IssuedSession anonymous = issue({});
  store.create_fails = true;
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "alice"}, .current = anonymous.session.id()})),
              FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(anonymous.token));
}

TEST_F(BrokenLoginTest, WhenAnotherPrincipalsSessionMayStillLiveNoneIsMade) {
  const IssuedSession alice = issue({.principal = "alice"});
  store.take_fails = [](const SessionId&) { return true; };
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "bob"}, .current = alice.session.id()})),
              FailsWith(ErrorCode::unknown_outcome));
  EXPECT_THAT(listed("bob"), IsEmpty());
  EXPECT_THAT(listed("alice"), SizeIs(1));
}

TEST_F(BrokenLoginTest, WhenAnotherPrincipalsNewSessionCannotBeMadeNobodyIsLoggedIn) {
  const IssuedSession alice = issue({.principal = "alice"});
  store.create_fails = true;
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "bob"}, .current = alice.session.id()})),
              FailsWith(ErrorCode::write_refused));
  EXPECT_FALSE(live(alice.token));
}

TEST_F(BrokenLoginTest, WhatIsWrittenWhileTheNewSessionIsMadeGoesAlong) {
  const IssuedSession anonymous = issue({.attributes = {{"cart", "[1]"}, {"theme", "1"}}});
  store.before_take = [&] {
    ASSERT_THAT(run(store.patch(anonymous.session.id(), {.ops = {{Patch::Kind::set, "cart", "[1,2]"},
                                                                 {Patch::Kind::set, "theme", "2"},
                                                                 {Patch::Kind::set, "late", "true"}},
                                                         .protected_ops = {{Patch::Kind::set, "kept:late", "1"},
                                                                           {Patch::Kind::set, "user", "666"}}})),
                IsOk());
  };
  const auto issued = run(log_in(store, {.session = {.principal = "alice", .attributes = {{"theme", "3"}}},
                                         .current = anonymous.session.id(),
                                         .keep_protected = "kept:"}));
  ASSERT_THAT(issued, IsOk());
  const auto session = run(store.load(issued->token, {}));
  EXPECT_EQ((*session)->attribute("cart"), "[1,2]");
  EXPECT_EQ((*session)->attribute("late"), "true");
  EXPECT_EQ((*session)->attribute("theme"), "3") << "what the login itself says wins";
  EXPECT_EQ((*session)->protected_attribute("kept:late"), "1");
  EXPECT_EQ((*session)->protected_count(), 1U);
  EXPECT_THAT(listed("alice"), SizeIs(1)) << "no session of a first attempt stays behind";
  EXPECT_FALSE(live(anonymous.token));
}

TEST_F(BrokenLoginTest, ATokenThatWasMadeAheadIsThatOfTheSessionWhateverIsWrittenMeanwhile) {
  const IssuedSession anonymous = issue({});
  store.before_take = [&] {
    ASSERT_THAT(run(store.patch(anonymous.session.id(), {.ops = {{Patch::Kind::set, "late", "true"}}})), IsOk());
  };
  const Token ahead = *Token::generate(route_of("alice"), {});
  const auto issued =
      run(log_in(store, {.session = {.principal = "alice", .token = ahead}, .current = anonymous.session.id()}));
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->session.id(), ahead.id());
  EXPECT_EQ((*run(store.load(ahead, {})))->attribute("late"), "true");
}

// The id of a session that was rotated meanwhile leads to its successor, which is somebody's own.
TEST_F(BrokenLoginTest, NothingOfAnotherPrincipalIsCarriedOverWhateverWasRead) {
  const IssuedSession alice = issue({.principal = "alice", .attributes = {{"secret", "1"}}});
  ASSERT_THAT(run(store.rotate(alice.session.id(), {.grace = std::chrono::seconds{30}})), IsOk());
  store.find_finds_nothing = true;
  const auto bob = run(log_in(store, {.session = {.principal = "bob"}, .current = alice.session.id()}));
  ASSERT_THAT(bob, IsOk());
  EXPECT_EQ((*run(store.load(bob->token, {})))->attribute_count(), 0U);
  EXPECT_THAT(listed("alice"), IsEmpty());
}

}  // namespace
}  // namespace ficha::testing
