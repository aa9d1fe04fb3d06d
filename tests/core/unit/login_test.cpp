#include "client/login.hpp"

#include <gmock/gmock.h>

#include <functional>

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
  std::function<bool(const SessionId&)> revoke_fails = [](const SessionId&) { return false; };
  bool create_fails = false;

  Task<IssuedSession> create(NewSession session) override {
    if (create_fails) co_return Error{ErrorCode::write_refused, "broken"};
    co_return co_await store_->create(std::move(session));
  }
  Task<RevokeOutcome> revoke(SessionId id) override {
    if (revoke_fails(id)) co_return Error{ErrorCode::unknown_outcome, "broken"};
    co_return co_await store_->revoke(id);
  }
  Task<std::optional<Session>> load(Token token, LoadOptions options) override { return store_->load(token, options); }
  Task<std::optional<Session>> find(SessionId id) override { return store_->find(id); }
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
  store.revoke_fails = [&](const SessionId& id) { return id == anonymous.session.id(); };
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "alice"}, .current = anonymous.session})),
              FailsWith(ErrorCode::unknown_outcome));
  EXPECT_THAT(listed("alice"), IsEmpty());
  EXPECT_TRUE(live(anonymous.token));
}

TEST_F(BrokenLoginTest, WhenNothingCanBeTakenBackTheLoginHasStillFailed) {
  const IssuedSession anonymous = issue({});
  store.revoke_fails = [](const SessionId&) { return true; };
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "alice"}, .current = anonymous.session})),
              FailsWith(ErrorCode::unknown_outcome));
}

TEST_F(BrokenLoginTest, WhenTheNewSessionCannotBeMadeTheAnonymousOneStays) {
  const IssuedSession anonymous = issue({});
  store.create_fails = true;
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "alice"}, .current = anonymous.session})),
              FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(anonymous.token));
}

TEST_F(BrokenLoginTest, WhenAnotherPrincipalsSessionMayStillLiveNoneIsMade) {
  const IssuedSession alice = issue({.principal = "alice"});
  store.revoke_fails = [](const SessionId&) { return true; };
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "bob"}, .current = alice.session})),
              FailsWith(ErrorCode::unknown_outcome));
  EXPECT_THAT(listed("bob"), IsEmpty());
  EXPECT_THAT(listed("alice"), SizeIs(1));
}

TEST_F(BrokenLoginTest, WhenAnotherPrincipalsNewSessionCannotBeMadeNobodyIsLoggedIn) {
  const IssuedSession alice = issue({.principal = "alice"});
  store.create_fails = true;
  EXPECT_THAT(run(log_in(store, {.session = {.principal = "bob"}, .current = alice.session})),
              FailsWith(ErrorCode::write_refused));
  EXPECT_FALSE(live(alice.token));
}

}  // namespace
}  // namespace ficha::testing
