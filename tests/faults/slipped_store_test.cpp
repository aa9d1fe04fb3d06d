// A stream of replies that slips by one, at any place of what the store does: the connection ends before anybody is given
// what belongs to another.
#include <algorithm>
#include <functional>
#include <random>

#include "faults/store_fault_fixture.hpp"
#include "ficha/client.hpp"
#include "support/slipping_proxy.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Everything the store can be asked, in flight at once; each answer is known, so that one that is not its own is seen.
class SlippedStoreTest : public ::testing::TestWithParam<SlippingProxy::Slip> {
 protected:
  struct Asked {
    StoreRequest request;
    std::function<bool(const Outcome&)> is_its_own;
  };

  static Client open(const std::string& url, milliseconds command_timeout) {
    Config config;
    config.redis.url = Secret{url};
    config.redis.connect_timeout = seconds{5};
    config.redis.command_timeout = command_timeout;
    config.redis.operation_timeout = 4 * command_timeout;
    auto client = Client::open(config);
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  IssuedSession issue(std::string principal) {
    auto issued = there.create({.principal = std::move(principal)});
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    return std::move(*issued);
  }
  // Its record comes with a PTTL of half an hour, so a deadline that is near was made of another reply.
  static std::function<bool(const Outcome&)> is_session(const SessionId& id) {
    return [id, soon = now() + 60](const Outcome& outcome) {
      const auto& found = std::get<std::optional<Session>>(outcome);
      return found && found->id() == id && found->idle_deadline() > soon;
    };
  }
  static std::int64_t now() { return system_clock().unix_milliseconds() / 1000; }
  template <class T>
  static std::function<bool(const Outcome&)> is(T expected) {
    return [expected](const Outcome& outcome) { return std::get<T>(outcome) == expected; };
  }
  static StoreRequest load(const Token& token) { return LoadRequest{Secret{token.reveal()}, {.fresh = true}}; }

  std::vector<Asked> everything() {
    std::vector<Asked> all;
    for (int i = 0; i < 3; ++i) {
      const IssuedSession loaded = issue("loaded");
      all.push_back({load(loaded.token), is_session(loaded.session.id())});
      const IssuedSession due = issue("due for a touch");
      server.command({"PEXPIRE", key_of(due.session.id()), "600000"});
      all.push_back({load(due.token), is_session(due.session.id())});
      const IssuedSession gone = issue("gone");
      static_cast<void>(there.revoke(gone.session.id()));
      all.push_back(
          {load(gone.token), [](const Outcome& outcome) { return !std::get<std::optional<Session>>(outcome); }});
      all.push_back({FindRequest{loaded.session.id()}, is_session(loaded.session.id())});
    }
    const IssuedSession gone = issue("gone");
    static_cast<void>(there.revoke(gone.session.id()));
    all.push_back({RevokeRequest{gone.session.id()}, is(RevokeOutcome::not_found)});
    for (const char* const principal : {"revoked", ""}) {
      all.push_back({RevokeRequest{issue(principal).session.id()}, is(RevokeOutcome::revoked)});
    }
    Patch patch;
    patch.ops = {{Patch::Kind::set, "x", "1"}};
    all.push_back({PatchRequest{issue("patched").session.id(), patch}, is(std::uint64_t{2})});
    const SessionId rotated = issue("rotated").session.id();
    all.push_back({RotateRequest{rotated, {}}, [rotated](const Outcome& outcome) {
                     const Session& made = std::get<IssuedSession>(outcome).session;
                     return made.principal() == "rotated" && made.id() != rotated;
                   }});
    all.push_back({CreateRequest{{.principal = "created"}}, [](const Outcome& outcome) {
                     return std::get<IssuedSession>(outcome).session.principal() == "created";
                   }});
    for (const char* const principal : {"listed", "all revoked", "all patched"}) {
      for (int i = 0; i < 2; ++i) issue(principal);
    }
    for (int i = 0; i < 2; ++i) {
      all.push_back({ListRequest{"listed"}, [](const Outcome& outcome) {
                       const auto& sessions = std::get<std::vector<Session>>(outcome);
                       return sessions.size() == 2 && sessions.front().principal() == "listed";
                     }});
    }
    all.push_back({RevokePrincipalRequest{"all revoked", {}}, is(std::uint64_t{2})});
    all.push_back({PatchPrincipalRequest{"all patched", patch}, is(std::uint64_t{2})});
    return all;
  }

  // False when the stream ended before the place came.
  bool slip_at(int place) {
    server.command({"FLUSHALL"});
    SlippingProxy proxy(server.port());
    Client here = open(proxy.url(), milliseconds{250});
    const IssuedSession other = issue("other");
    EXPECT_TRUE(here.load(other.token.reveal()).has_value());
    std::vector<Asked> asked = everything();
    std::ranges::shuffle(asked, std::mt19937(static_cast<unsigned>(place)));
    auto queue = CompletionQueue::create();
    if (!queue) throw std::runtime_error("no descriptor");
    proxy.slip_at(place, GetParam());
    for (std::size_t i = 0; i < asked.size(); ++i) here.submit(*queue, i, asked[i].request, Sending::at_flush);
    here.flush();
    for (std::size_t answered = 0; answered < asked.size();) {
      for (const Completion& completion : (*queue)->wait(seconds{20})) {
        ++answered;
        const Asked& question = asked[completion.id];
        if (!completion.result) continue;
        EXPECT_TRUE(question.is_its_own(*completion.result)) << "request of type " << question.request.index();
      }
    }
    if (!proxy.slipped()) return false;
    EXPECT_TRUE(eventually([&] {
      const auto loaded = here.load(other.token.reveal(), {.fresh = true});
      EXPECT_TRUE(!loaded || (*loaded && (*loaded)->id() == other.session.id()));
      return loaded.has_value();
    }));
    EXPECT_EQ(here.stats().connects, 2U) << "in step again on a new connection";
    return true;
  }

  RedisServer server;
  Client there = open(server.url(), seconds{5});
};

TEST_P(SlippedStoreTest, NobodyIsGivenAnothersAnswerWhereverItSlips) {
  int place = 0;
  for (; slip_at(place) && !HasFailure(); ++place) SCOPED_TRACE(place);
  EXPECT_GT(place, 50) << "so many replies there are at least";
}

INSTANTIATE_TEST_SUITE_P(By, SlippedStoreTest,
                         ::testing::Values(SlippingProxy::Slip::lost, SlippingProxy::Slip::doubled),
                         [](const auto& slip) {
                           return slip.param == SlippingProxy::Slip::lost ? "Loss" : "Doubling";
                         });

// Under one token lies the record of another's session.
class CorruptRecordBesideASlip : public ::testing::Test {
 protected:
  CorruptRecordBesideASlip() {
    const std::string record = server.command({"GET", key_of(alice.session.id())}).text;
    server.command({"SET", key_of(bad.id()), record, "PX", "600000"});
  }
  static Client open(const std::string& url) {
    Config config;
    config.redis.url = Secret{url};
    config.redis.connect_timeout = config.redis.command_timeout = seconds{2};
    config.redis.operation_timeout = seconds{8};
    auto client = Client::open(config);
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  Result<std::optional<Session>> load(const Token& token) { return here.load(token.reveal(), {.fresh = true}); }
  // True where nothing is said that is not so.
  bool is_alice_or_an_error(const Result<std::optional<Session>>& loaded) const {
    return !loaded || (*loaded && (*loaded)->id() == alice.session.id());
  }

  RedisServer server;
  Client there = open(server.url());
  IssuedSession alice = there.create({.principal = "alice"}).value();
  Token bad = *Token::generate(route_of("mallory"), {});
  Token unknown = *Token::generate(route_of("nobody"), {});
  SlippingProxy proxy{server.port()};
  Client here = open(proxy.url());
};

TEST_F(CorruptRecordBesideASlip, AClientThatAsksForItAgainAndAgainCostsOneConnection) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(load(bad), FailsWith(ErrorCode::corrupt_record));
    EXPECT_TRUE(eventually([&] { return load(alice.token).has_value(); }));
  }
  EXPECT_EQ(here.stats().connects, 2U);
}

TEST_F(CorruptRecordBesideASlip, TheConnectionEndsBeforeAnybodyIsGivenAnothersAnswer) {
  EXPECT_THAT(load(bad), FailsWith(ErrorCode::corrupt_record));
  EXPECT_TRUE(eventually([&] { return here.stats().connects == 2 && load(alice.token).has_value(); }));
  std::uint64_t connects = 2;
  auto queue = CompletionQueue::create();
  ASSERT_TRUE(queue.has_value());
  for (const auto slip : {SlippingProxy::Slip::lost, SlippingProxy::Slip::doubled}) {
    for (int place = 0; place < 15; ++place) {  // a GET, a PTTL and an ECHO for each of five
      SCOPED_TRACE(place);
      const Token* const asked[] = {&bad, &alice.token, &unknown, &bad, &alice.token};
      proxy.slip_at(place, slip);
      for (std::size_t i = 0; i < std::size(asked); ++i)
        here.submit(*queue, i, LoadRequest{Secret{asked[i]->reveal()}, {.touch = false, .fresh = true}},
                    Sending::at_flush);
      here.flush();
      if (place == 14 && slip == SlippingProxy::Slip::lost)
        static_cast<void>(load(unknown));  // so that its absence shows
      for (std::size_t answered = 0; answered < std::size(asked);) {
        for (const Completion& completion : (*queue)->wait(seconds{20})) {
          ++answered;
          if (!completion.result) continue;
          const auto& found = std::get<std::optional<Session>>(*completion.result);
          if (asked[completion.id] == &unknown)
            EXPECT_FALSE(found);
          else
            EXPECT_TRUE(asked[completion.id] == &alice.token && found && found->id() == alice.session.id());
        }
      }
      EXPECT_TRUE(proxy.slipped());
      EXPECT_TRUE(eventually([&] {
        const auto loaded = load(alice.token);
        EXPECT_TRUE(is_alice_or_an_error(loaded));
        return loaded && here.stats().connects > connects;
      }));
      EXPECT_EQ(here.stats().connects, ++connects);
    }
  }
}

}  // namespace
}  // namespace ficha::testing
