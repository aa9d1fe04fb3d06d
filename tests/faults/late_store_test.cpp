// What the store does while its server is slow: each operation that has to ask fails alone, nothing of it is kept, and the
// connection goes on.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "faults/store_fault_fixture.hpp"
#include "ficha/client.hpp"
#include "support/fault_proxy.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LateStoreTest : public ::testing::Test {
 protected:
  static Client open(const std::string& url, milliseconds command_timeout) {
    Config config;
    config.redis.url = Secret{url};
    config.redis.connect_timeout = seconds{5};
    config.redis.command_timeout = command_timeout;
    config.redis.operation_timeout = 2 * command_timeout;
    config.near_cache.max_staleness = seconds{20};
    auto client = Client::open(config);
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  IssuedSession issue(std::string principal = "alice") {
    auto issued = here.create({.principal = std::move(principal)});
    if (!eventually([&] { return issued || (issued = here.create({.principal = std::move(principal)})); })) {
      throw std::runtime_error("create: " + issued.error().message);
    }
    return std::move(*issued);
  }
  bool cached(const Token& token) {
    const auto found = answer(here.try_load(token.reveal(), {.touch = false}));
    return found && *found;
  }
  bool is_live(const IssuedSession& issued) {
    const auto loaded = here.load(issued.token.reveal(), {.touch = false, .fresh = true});
    EXPECT_TRUE(!loaded || !*loaded || (*loaded)->id() == issued.session.id());
    return loaded && *loaded;
  }
  // The server's process stands still while `action` runs; what it was sent is answered afterwards.
  template <class Action>
  void while_the_server_stands(Action action) {
    server.pause();
    action();
    server.resume();
    EXPECT_TRUE(eventually([&] { return here.stats().in_flight == 0; })) << "late replies are still awaited";
    EXPECT_EQ(here.stats().connects, 1U);
  }

  RedisServer server;
  Client here = open(server.url(), milliseconds{100});
};

TEST_F(LateStoreTest, AFlightWithPassengersFailsForAllOfThemAndKeepsNothing) {
  const IssuedSession alice = issue();
  auto queue = CompletionQueue::create();
  ASSERT_TRUE(queue.has_value());
  constexpr std::size_t followers = 8;
  while_the_server_stands([&] {
    const std::uint64_t before = here.stats().commands;
    for (std::size_t i = 0; i < followers; ++i) here.submit(*queue, i, LoadRequest{Secret{alice.token.reveal()}, {}});
    EXPECT_EQ(here.stats().commands - before, 2U) << "one flight";
    for (std::size_t failed = 0; failed < followers;) {
      for (const Completion& completion : (*queue)->wait(seconds{20})) {
        EXPECT_THAT(completion.result, FailsWith(ErrorCode::timeout));
        ++failed;
      }
    }
  });
  EXPECT_FALSE(cached(alice.token)) << "a late reply is nobody's";
  EXPECT_TRUE(is_live(alice));
  EXPECT_TRUE(cached(alice.token));
}

TEST_F(LateStoreTest, HitsGoOnWhileALoadIsLate) {
  const IssuedSession alice = issue();
  const IssuedSession bob = issue("bob");
  ASSERT_TRUE(is_live(alice));
  while_the_server_stands([&] {
    EXPECT_THAT(here.load(bob.token.reveal(), {.fresh = true}), FailsWith(ErrorCode::timeout));
    EXPECT_TRUE(cached(alice.token));
  });
  EXPECT_TRUE(cached(alice.token));
}

TEST_F(LateStoreTest, ALateTouchHoldsNobodyUpAndTheNextOneCounts) {
  const IssuedSession alice = issue();
  server.command({"PEXPIRE", key_of(alice.session.id()), "600000"});
  while_the_server_stands([&] { EXPECT_THAT(here.load(alice.token.reveal()), FailsWith(ErrorCode::timeout)); });
  EXPECT_TRUE(here.load(alice.token.reveal(), {.fresh = true}).value());
  EXPECT_TRUE(eventually([&] { return here.stats().touches_effective == 1; }));
}

// The touch itself is late: it was sent when the server had answered the read, and stood still then.
TEST_F(LateStoreTest, ATouchThatIsLateIsDoneAllTheSameAndItsRepliesAreNobodys) {
  FaultProxy watched(server.port());
  Client touching = open(watched.url(), milliseconds{100});
  const IssuedSession alice = issue();
  ASSERT_TRUE(touching.load(alice.token.reveal(), {.touch = false}).value());
  server.command({"PEXPIRE", key_of(alice.session.id()), "600000"});
  ASSERT_TRUE(eventually([&] { return !answer(touching.try_load(alice.token.reveal(), {.touch = false})); }));
  ASSERT_TRUE(touching.load(alice.token.reveal(), {.touch = false}).value());
  server.pause();
  ASSERT_TRUE(answer(touching.try_load(alice.token.reveal()))) << "a hit, which touches";
  ASSERT_TRUE(eventually([&] { return touching.stats().timeouts > 0; }));
  server.resume();
  EXPECT_TRUE(eventually([&] { return touching.stats().in_flight == 0; }));
  EXPECT_GT(server.command({"PTTL", key_of(alice.session.id())}).integer, 600'000);
  EXPECT_EQ(touching.load(alice.token.reveal(), {.fresh = true}).value()->id(), alice.session.id());
  EXPECT_EQ(touching.stats().connects, 1U);
}

TEST_F(LateStoreTest, AScriptThatIsLateMayHaveHappenedAndHas) {
  const IssuedSession alice = issue();
  Patch patch;
  patch.ops = {{Patch::Kind::set, "x", "1"}};
  ASSERT_THAT(here.patch(alice.session.id(), patch), IsOk()) << "the server knows the script from here on";
  while_the_server_stands(
      [&] { EXPECT_THAT(here.patch(alice.session.id(), patch), FailsWith(ErrorCode::unknown_outcome)); });
  EXPECT_EQ(here.load(alice.token.reveal(), {.fresh = true}).value()->generation(), 3U);
}

TEST_F(LateStoreTest, ARevokeThatIsLateInItsFirstStepHasNotHappened) {
  const IssuedSession alice = issue();
  while_the_server_stands([&] { EXPECT_THAT(here.revoke(alice.session.id()), FailsWith(ErrorCode::timeout)); });
  EXPECT_TRUE(is_live(alice));
  EXPECT_EQ(here.revoke(alice.session.id()).value(), RevokeOutcome::revoked);
  EXPECT_FALSE(is_live(alice));
}

// The barrier behind a script that names no session: it is late with it.
TEST_F(LateStoreTest, RevokingAPrincipalWhoseBarrierIsLateMayHaveHappenedAndNothingIsServedAfterwards) {
  const IssuedSession alice = issue();
  EXPECT_EQ(here.revoke_principal("nobody").value(), 0U) << "the server knows the script from here on";
  ASSERT_TRUE(is_live(alice));
  while_the_server_stands([&] { EXPECT_THAT(here.revoke_principal("alice"), FailsWith(ErrorCode::unknown_outcome)); });
  EXPECT_FALSE(cached(alice.token)) << "what the script pushed came before what was late";
  EXPECT_FALSE(is_live(alice));
}

TEST_F(LateStoreTest, AListThatIsLateFailsAlone) {
  const IssuedSession alice = issue();
  while_the_server_stands([&] { EXPECT_THAT(here.list("alice"), FailsWith(ErrorCode::timeout)); });
  EXPECT_EQ(here.list("alice").value().size(), 1U);
}

// Commands are late, and a second connection is being tried, when the process ends. What it owns is never destroyed.
struct LateClient {
  explicit LateClient(const std::string& url) : client(open(url)) {}
  static Client open(const std::string& url) {
    Config config;
    config.redis.url = Secret{url};
    config.redis.command_timeout = milliseconds{50};
    config.redis.operation_timeout = milliseconds{100};
    return Client::open(config).value();
  }
  Client client;
};

[[noreturn]] void exit_while_replies_are_late(RedisServer& server, bool closing) {
#ifdef __SANITIZE_ADDRESS__
  if (!closing) __lsan_disable();  // a client that is left open is a leak on purpose
#endif
  auto* const late = new LateClient(server.url());
  const auto issued = late->client.create({});
  if (!issued && !eventually([&] { return late->client.create({}).has_value(); })) std::_Exit(2);
  server.pause();
  for (int i = 0; i < 3; ++i) {
    if (late->client.find(*SessionId::parse(std::string(SessionId::length, 'A')))) std::_Exit(3);
  }
  if (closing) delete late;
  std::exit(0);
}

class LateExit : public ::testing::TestWithParam<bool> {
 protected:
  LateExit() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_P(LateExit, TheProcessEndsWellWhileRepliesAreLate) {
  RedisServer server;
  EXPECT_EXIT(exit_while_replies_are_late(server, GetParam()), ::testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Client, LateExit, ::testing::Bool(),
                         [](const auto& closing) { return closing.param ? "Closed" : "LeftOpen"; });

}  // namespace
}  // namespace ficha::testing
