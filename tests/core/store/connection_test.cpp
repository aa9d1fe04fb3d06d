#include "store/redis/node/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/certificates.hpp"
#include "support/connections.hpp"
#include "support/eventually.hpp"
#include "support/fake_clock.hpp"
#include "support/results.hpp"

namespace ficha::redis {
namespace {

using namespace std::chrono_literals;
using namespace ::ficha::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes down what the near cache would be told.
class Observer final : public StreamObserver {
 public:
  void on_invalidate(std::string_view key) noexcept override { note("invalidate " + std::string(key)); }
  void on_flush() noexcept override { note("flush"); }
  void on_disconnect() noexcept override { note("disconnect"); }
  void on_proof(std::int64_t sent_at_ns) noexcept override { proven_at_ns_ = sent_at_ns; }
  void on_doubt() noexcept override { note("doubt"); }
  [[nodiscard]] std::int64_t proven_at() const { return proven_at_ns_; }

  void note(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  [[nodiscard]] bool await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return events_.size() >= count; });
  }
  [[nodiscard]] std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
  std::atomic<std::int64_t> proven_at_ns_{0};
};

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() { server.command({"FLUSHALL"}); }

  RedisServer& server = RedisServer::shared();
};

TEST_F(ConnectionTest, ABlockingCallConnectsAtFirstUseAndIsAnswered) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, writing({"SET", "k", "v"}))), "OK");
  EXPECT_EQ(text_of(call(connection, reading({"GET", "k"}))), "v");
}

TEST_F(ConnectionTest, AnAsynchronousCallIsAnsweredWithNobodyWaiting) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_EQ(text_of(submit(connection, reading({"ECHO", "hello"})).get()), "hello");
}

TEST_F(ConnectionTest, CommandsOfOneSendAreAnsweredTogetherInOrder) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  Commands commands = reading({"ECHO", "one"});
  commands.add({"ECHO", "two"}, Shape::text).add({"ECHO", "three"}, Shape::text);
  const Result<Replies> replies = call(connection, std::move(commands));
  ASSERT_THAT(replies, IsOk());
  ASSERT_EQ(replies->size(), 3U);
  EXPECT_EQ(view((*replies)[0]).text(), "one");
  EXPECT_EQ(view((*replies)[2]).text(), "three");
}

TEST_F(ConnectionTest, AnErrorReplyIsAReply) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"GET"}));
  ASSERT_THAT(replies, IsOk());
  EXPECT_EQ(view(replies->front()).type(), ReplyView::Type::error);
}

TEST_F(ConnectionTest, NoCommandsAreAnsweredByNoReplies) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  const Result<Replies> replies = call(connection, Commands{Effect::read});
  ASSERT_THAT(replies, IsOk());
  EXPECT_TRUE(replies->empty());
}

TEST_F(ConnectionTest, AUnixSocketServesToo) {
  Connection connection(settings_for(server.unix_url()), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", "x"}))), "x");
}

TEST_F(ConnectionTest, AHostNameIsLookedUp) {
  Connection connection(settings_for("redis://localhost:" + std::to_string(server.port())), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", "x"}))), "x");
}

TEST_F(ConnectionTest, TheDatabaseOfTheUrlIsSelected) {
  Connection third(settings_for(server.url() + "/3"), {}, nullptr);
  Connection first(settings_for(server.url()), {}, nullptr);
  EXPECT_EQ(text_of(call(third, writing({"SET", "k", "third"}))), "OK");
  EXPECT_EQ(text_of(call(first, reading({"GET", "k"}))), "");
  EXPECT_EQ(text_of(call(third, reading({"GET", "k"}))), "third");
}

TEST_F(ConnectionTest, AnAclUserLogsInWithItsPassword) {
  server.command({"ACL", "SETUSER", "alice", "on", ">p@ss:word", "~*", "+@all"});
  const std::string rest = "127.0.0.1:" + std::to_string(server.port());
  Connection connection(settings_for("redis://alice:p%40ss%3Aword@" + rest), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, reading({"ACL", "WHOAMI"}))), "alice");
  server.command({"ACL", "DELUSER", "alice"});
}

TEST_F(ConnectionTest, RepliesAreAsLongAsTheLimitAllows) {
  ConnectionSettings settings = settings_for(server.url());
  settings.max_string_bytes = 300'000;
  Connection connection(std::move(settings), {}, nullptr);
  const std::string text(300'000, 'x');
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", text}))), text);
}

TEST_F(ConnectionTest, EpochIsOddBeforeTheConnectAndEvenAfterIt) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_EQ(connection.epoch() % 2, 1U);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  EXPECT_EQ(connection.epoch() % 2, 0U);
  connection.close();
  EXPECT_EQ(connection.epoch() % 2, 1U);
}

// A replica answers everything else as well.
TEST_F(ConnectionTest, OnlyAProbeProvesThatTheServerIsPrimary) {
  FakeClock clock;
  Observer observer;
  Connection connection(settings_for(server.url()), {.clock = &clock}, &observer);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  const std::int64_t connected_at = observer.proven_at();
  clock.advance(100ms);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  EXPECT_EQ(observer.proven_at(), connected_at);
  clock.advance(500ms);
  const std::int64_t probed_at = clock.monotonic_nanoseconds();
  EXPECT_TRUE(eventually([&] {
    return call(connection, reading({"ECHO", "x"})) && observer.proven_at() == probed_at;
  }));
}

TEST_F(ConnectionTest, ABusyLinkIsProbedWhateverIsInFlight) {
  Observer observer;
  ConnectionSettings settings = settings_for(server.url());
  settings.probe_interval = 20ms;
  settings.max_in_flight = 1;
  Connection connection(std::move(settings), {}, &observer);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  std::atomic<bool> enough = false;
  std::thread saturating([&] {
    while (!enough) (void)call(connection, reading({"ECHO", std::string(100'000, 'x')}));
  });
  for (int i = 0; i < 10; ++i) {
    const std::int64_t before = observer.proven_at();
    EXPECT_TRUE(eventually([&] { return observer.proven_at() > before; }));
  }
  enough = true;
  saturating.join();
}

TEST_F(ConnectionTest, AnIdleLinkIsProbedSoThatItsProofStaysFresh) {
  Observer observer;
  ConnectionSettings settings = settings_for(server.url());
  settings.probe_interval = 20ms;
  Connection connection(std::move(settings), {}, &observer);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  for (int i = 0; i < 5; ++i) {
    const std::int64_t before = observer.proven_at();
    EXPECT_TRUE(eventually([&] { return observer.proven_at() > before; }));
  }
}

TEST_F(ConnectionTest, ServerTimeIsTheServersAndGoesOnWithTheMonotonicClock) {
  FakeClock clock;
  Connection connection(settings_for(server.url()), {.clock = &clock}, nullptr);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  const std::int64_t real = system_clock().unix_milliseconds();
  EXPECT_NEAR(static_cast<double>(connection.server_milliseconds()), static_cast<double>(real), 1000);
  const std::int64_t before = connection.server_milliseconds();
  clock.jump(1h);
  EXPECT_EQ(connection.server_milliseconds(), before);
  clock.advance(100ms);
  EXPECT_EQ(connection.server_milliseconds(), before + 100);
}

TEST_F(ConnectionTest, AForeignWriteToAKeyThatWasReadIsToldToTheObserver) {
  Observer observer;
  Connection connection(settings_for(server.url()), {}, &observer);
  ASSERT_THAT(call(connection, reading({"GET", "k"})), IsOk());
  server.command({"SET", "k", "v"});
  ASSERT_TRUE(observer.await(1));
  EXPECT_THAT(observer.events(), ElementsAre("invalidate k"));
}

TEST_F(ConnectionTest, AFlushOfTheServerIsToldToTheObserver) {
  Observer observer;
  Connection connection(settings_for(server.url()), {}, &observer);
  ASSERT_THAT(call(connection, reading({"GET", "k"})), IsOk());
  server.command({"FLUSHALL"});
  ASSERT_TRUE(observer.await(1));
  EXPECT_THAT(observer.events(), ElementsAre("flush"));
}

TEST_F(ConnectionTest, WithoutTrackingNothingIsToldToTheObserver) {
  Observer observer;
  ConnectionSettings settings = settings_for(server.url());
  settings.tracking = false;
  Connection connection(std::move(settings), {}, &observer);
  ASSERT_THAT(call(connection, reading({"GET", "k"})), IsOk());
  server.command({"SET", "k", "v"});
  ASSERT_THAT(call(connection, reading({"GET", "k"})), IsOk());
  EXPECT_THAT(observer.events(), ElementsAre());
}

Task<bool> note_each(Connection& connection, Observer& observer, Commands first, Commands second) {
  (void)co_await connection.send(std::move(first));
  observer.note("first reply");
  (void)co_await connection.send(std::move(second));
  observer.note("second reply");
  co_return true;
}

TEST_F(ConnectionTest, RepliesAndInvalidationsAreSeenInStreamOrder) {
  Observer observer;
  Connection connection(settings_for(server.url()), {}, &observer);
  // A write to a key of our own reading: Redis pushes the invalidation after the write's own reply.
  Commands both = reading({"GET", "k"});
  both.add({"SET", "k", "v"}, Shape::text);
  Waiter waiter;
  start(note_each(connection, observer, std::move(both), reading({"ECHO", "x"})), [&](auto) { waiter.finish(); });
  connection.wait(waiter);
  EXPECT_THAT(observer.events(), ElementsAre("first reply", "invalidate k", "second reply"));
}

TEST_F(ConnectionTest, MoreCommandsThanMayBeInFlightAreRefusedAtOnce) {
  ConnectionSettings settings = settings_for(server.url());
  settings.max_in_flight = 2;
  Connection connection(std::move(settings), {}, nullptr);
  Commands three = reading({"ECHO", "x"});
  three.add({"ECHO", "x"}, Shape::text).add({"ECHO", "x"}, Shape::text);
  EXPECT_THAT(call(connection, std::move(three)), FailsWith(ErrorCode::overloaded));
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
}

TEST_F(ConnectionTest, ACondemnedConnectionIsReplacedByAFreshOne) {
  Observer observer;
  Connection connection(settings_for(server.url()), {}, &observer);
  ASSERT_THAT(call(connection, reading({"GET", "k"})), IsOk());
  const std::uint64_t epoch = connection.epoch();
  connection.condemn("the record is somebody else's");
  EXPECT_TRUE(eventually([&] { return connection.epoch() == epoch + 2; }));
  EXPECT_THAT(observer.events(), ElementsAre("disconnect"));
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
}

TEST_F(ConnectionTest, CloseCompletesWhatIsInFlight) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  std::future<Result<Replies>> blocked = submit(connection, writing({"BLPOP", "nothing", "0"}));
  connection.close();
  ASSERT_EQ(blocked.wait_for(0s), std::future_status::ready);
  EXPECT_THAT(blocked.get(), FailsWith(ErrorCode::closed));
}

TEST_F(ConnectionTest, AfterCloseEveryCallIsClosed) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  connection.close();
  connection.close();
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::closed));
}

TEST_F(ConnectionTest, AConnectionThatWasNeverUsedClosesToo) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  connection.close();
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::closed));
}

TEST_F(ConnectionTest, AnyThreadMayCloseAtTheSameTimeAsOthers) {
  for (int round = 0; round < 20; ++round) {
    Connection connection(settings_for(server.url()), {}, nullptr);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&connection, i] {
        while (call(connection, reading({"ECHO", "x"}))) {
          if (i == 0) connection.close();
        }
        connection.close();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

Task<bool> close_inside(Connection& connection, Commands commands) {
  const Result<Replies> replies = co_await connection.send(std::move(commands));
  connection.close();
  co_return replies.has_value();
}

TEST_F(ConnectionTest, AContinuationMayCloseOnTheIoThread) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  std::future<Result<Replies>> blocked = submit(connection, reading({"ECHO", "x"}));
  std::promise<Result<bool>> closed;
  start(close_inside(connection, reading({"ECHO", "y"})), [&](Result<bool> result) { closed.set_value(result); });
  EXPECT_THAT(closed.get_future().get(), IsOk());
  EXPECT_THAT(blocked.get(), IsOk());
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::closed));
}

TEST_F(ConnectionTest, AContinuationMayCloseOnALeadingThread) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  Waiter waiter;
  start(close_inside(connection, reading({"ECHO", "y"})), [&](auto) { waiter.finish(); });
  connection.wait(waiter);
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::closed));
}

TEST_F(ConnectionTest, CommandsConnectsAndRoundTripsAreCounted) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  for (int i = 0; i < 10; ++i) ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  Stats stats;
  connection.add_stats(stats);
  EXPECT_GE(stats.commands, 10U);
  EXPECT_EQ(stats.connects, 1U);
  EXPECT_EQ(stats.connect_failures, 0U);
  EXPECT_EQ(stats.in_flight, 0U);
  std::uint64_t round_trips = 0;
  for (const std::uint64_t count : stats.round_trips) round_trips += count;
  EXPECT_GE(round_trips, 10U);
  EXPECT_GT(stats.round_trip_sum_us, 0U);
}

TEST_F(ConnectionTest, ConnectingAndDisconnectingAreLoggedWithoutThePassword) {
  std::mutex mutex;
  std::string log;
  const auto sink = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    log += std::string(line) + "\n";
  };
  server.command({"ACL", "SETUSER", "bob", "on", ">hunter2", "~*", "+@all"});
  const std::string rest = "127.0.0.1:" + std::to_string(server.port());
  {
    Connection connection(settings_for("redis://bob:hunter2@" + rest), {.log = sink}, nullptr);
    ASSERT_THAT(call(connection, reading({"ECHO", "x"})), IsOk());
  }
  server.command({"ACL", "DELUSER", "bob"});
  EXPECT_THAT(log, HasSubstr("redis at " + rest + ": connected"));
  EXPECT_THAT(log, ::testing::Not(HasSubstr("hunter2")));
}

Task<bool> chain(Connection& connection, std::string text, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::string mine = text + std::to_string(i);
    Commands commands = reading({"ECHO", mine});
    commands.add({"ECHO", mine}, Shape::text);
    const Result<Replies> replies = co_await connection.send(std::move(commands));
    if (!replies) co_return replies.error();
    if (view((*replies)[0]).text() != mine || view((*replies)[1]).text() != mine) co_return false;
  }
  co_return true;
}

TEST_F(ConnectionTest, ManyThreadsAndManyChainsShareItAndEachGetsItsOwnReplies) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  constexpr int chains = 64;
  constexpr int callers = 8;
  constexpr int rounds = 200;
  std::atomic<int> right{0};
  std::vector<std::promise<void>> ended(chains);
  for (int i = 0; i < chains; ++i) {
    start(chain(connection, "chain " + std::to_string(i) + " ", rounds), [&, i](Result<bool> result) {
      if (result && *result) ++right;
      ended[static_cast<std::size_t>(i)].set_value();
    });
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([&, t] {
      int mine = 0;
      for (int i = 0; i < rounds; ++i) {
        const std::string text = std::to_string(t) + "/" + std::to_string(i);
        if (text_of(call(connection, reading({"ECHO", text}))) == text) ++mine;
      }
      if (mine == rounds) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::promise<void>& promise : ended) promise.get_future().get();
  EXPECT_EQ(right, chains + callers);
}

// --- TLS

class TlsConnectionTest : public ::testing::Test {
 protected:
  [[nodiscard]] RedisOptions serving(const CertificateFiles& files, bool client_certificate = false) const {
    return {.arguments = {},
            .tls_ca_file = authority.file(),
            .tls_certificate_file = files.certificate,
            .tls_key_file = files.key,
            .tls_client_certificate = client_certificate};
  }

  [[nodiscard]] ConnectionSettings settings(const std::string& url) const {
    ConnectionSettings made = settings_for(url);
    made.endpoint.ca_file = authority.file();
    made.connect_timeout = 2s;
    made.command_timeout = 2s;
    return made;
  }

  CertificateAuthority authority;
};

TEST_F(TlsConnectionTest, AVerifiedServerIsTalkedToByAddressAndByName) {
  RedisServer by_address(serving(authority.issue("127.0.0.1")));
  Connection first(settings(by_address.tls_url()), {}, nullptr);
  EXPECT_EQ(text_of(call(first, reading({"ECHO", "x"}))), "x");

  RedisServer by_name(serving(authority.issue("localhost")));
  Connection second(settings("rediss://localhost:" + std::to_string(by_name.tls_port())), {}, nullptr);
  EXPECT_EQ(text_of(submit(second, reading({"ECHO", "y"})).get()), "y");
}

TEST_F(TlsConnectionTest, AClientCertificateIsShownToAServerThatAsks) {
  RedisServer server(serving(authority.issue("127.0.0.1"), true));
  ConnectionSettings with = settings(server.tls_url());
  const CertificateFiles client = authority.issue("client.example");
  with.endpoint.certificate_file = client.certificate;
  with.endpoint.key_file = client.key;
  Connection connection(std::move(with), {}, nullptr);
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", "x"}))), "x");

  Connection without(settings(server.tls_url()), {}, nullptr);
  EXPECT_THAT(call(without, reading({"ECHO", "x"})), FailsWith(ErrorCode::unavailable));
}

TEST_F(TlsConnectionTest, LongRepliesAndManyCallersAreServed) {
  RedisServer server(serving(authority.issue("127.0.0.1")));
  Connection connection(settings(server.tls_url()), {}, nullptr);
  const std::string text(500'000, 'x');
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", text}))), text);

  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string mine = std::to_string(t) + "/" + std::to_string(i) + std::string(20'000, 'y');
        if (text_of(call(connection, reading({"ECHO", mine}))) == mine) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace ficha::redis
