// A process may die between any two instructions. Whatever it left behind must be a state that an operation promises.
#include <sys/eventfd.h>

#include <random>
#include <thread>

#include "core/races/processes.hpp"
#include "core/races/race_fixture.hpp"
#include "session/record.hpp"
#include "store/redis/keys.hpp"

namespace ficha::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

class KilledProcessTest : public RaceTest {
 protected:
  static constexpr int kills = 150;

  // Runs `endless` in a process of its own, again and again, and kills it at a random moment after it came to `ready()`;
  // then looks at what it left.
  template <class Endless, class Check>
  void kill_at_random(Endless endless, Check check) {
    std::mt19937 random{20'260'101};
    std::uniform_int_distribution<int> delay_us{0, 8'000};
    for (int i = 0; i < kills && !HasFailure(); ++i) {
      server.command({"FLUSHALL"});
      const int started = ::eventfd(0, EFD_CLOEXEC);
      ChildProcess child{[&] {
        Client client = open();
        endless(client, [&] { ::eventfd_write(started, 1); });
        return false;
      }};
      eventfd_t count = 0;
      ::eventfd_read(started, &count);
      std::this_thread::sleep_for(microseconds{delay_us(random)});  // the moment of death
      child.kill();
      ::close(started);
      expect_consistent();
      check();
    }
  }

  // No key without TTL, and no authenticated session that its index does not know.
  void expect_consistent() {
    for (const AdminReply& key : server.command({"KEYS", "*"}).elements) {
      EXPECT_GT(server.command({"PTTL", key.text}).integer, 0) << key.text;
      if (key.text.find('@') == std::string::npos) expect_indexed(key.text);
    }
  }
  void expect_indexed(const std::string& key) {
    const auto id = SessionId::parse(key.substr(key.size() - SessionId::length));
    ASSERT_TRUE(id) << key;
    const std::string bytes = server.command({"GET", key}).text;
    const auto record = decode_record(bytes, *id);
    ASSERT_THAT(record, IsOk()) << key;
    const auto* session = std::get_if<RecordFields>(&*record);
    if (!session || session->principal.empty()) return;
    const std::string index = redis::index_key("ficha", route_of(session->principal), session->principal);
    EXPECT_EQ(server.command({"ZSCORE", index, std::string{id->str()}}).type, AdminReply::Type::string) << key;
  }
  // Sessions in Redis that a token leads to without a redirect, of any principal but the anonymous one.
  std::size_t authenticated() {
    std::size_t count = 0;
    for (const AdminReply& key : server.command({"KEYS", "ficha:*@*"}).elements) {
      count += static_cast<std::size_t>(server.command({"ZCARD", key.text}).integer);
    }
    return count;
  }
};

TEST_F(KilledProcessTest, CreatingWithALimitLeavesNoMoreThanTheLimit) {
  kill_at_random(
      [this](Client&, auto ready) {
        Config settings = config();
        settings.session.max_per_principal = 3;
        Client limited = open(settings);
        for (;;) {
          if (!limited.create({.principal = "alice"})) return;
          ready();
        }
      },
      [this] { EXPECT_LE(authenticated(), 3U); });
}

TEST_F(KilledProcessTest, RotatingLeavesOneLiveSession) {
  kill_at_random(
      [](Client& client, auto ready) {
        auto issued = client.create({.principal = "alice"});
        for (int round = 0; issued; ++round) {
          issued = client.rotate(issued->session.id(), {.grace = seconds{round % 2 * 30}});
          ready();
        }
      },
      [this] { EXPECT_EQ(authenticated(), 1U); });
}

TEST_F(KilledProcessTest, ReAuthenticatingLeavesOneLiveSession) {
  kill_at_random(
      [](Client& client, auto ready) {
        auto issued = client.create({.principal = "alice"});
        while (issued) {
          issued = client.login({.session = {.principal = "alice"}, .current = issued->session.id()});
          ready();
        }
      },
      [this] { EXPECT_EQ(authenticated(), 1U); });
}

TEST_F(KilledProcessTest, ChangingThePrincipalNeverLeavesTwoLiveSessions) {
  kill_at_random(
      [](Client& client, auto ready) {
        auto issued = client.create({.principal = "alice"});
        for (int round = 0; issued; ++round) {
          const char* principal = round % 2 == 0 ? "bob" : "alice";
          issued = client.login({.session = {.principal = principal}, .current = issued->session.id()});
          ready();
        }
      },
      [this] { EXPECT_LE(authenticated(), 1U); });
}

TEST_F(KilledProcessTest, LoggingInFromAnAnonymousSessionLeavesAtMostOneAuthenticatedSession) {
  kill_at_random(
      [](Client& client, auto ready) {
        for (;;) {
          const auto anonymous = client.create({});
          if (!anonymous) return;
          const auto issued = client.login({.session = {.principal = "alice"}, .current = anonymous->session.id()});
          ready();
          if (!issued || !client.revoke(issued->session.id())) return;
        }
      },
      [this] { EXPECT_LE(authenticated(), 1U); });
}

TEST_F(KilledProcessTest, RevokingLeavesNothingThatTheIndexDoesNotKnow) {
  kill_at_random(
      [](Client& client, auto ready) {
        for (;;) {
          for (int i = 0; i < 5; ++i) {
            if (!client.create({.principal = "alice"})) return;
          }
          const auto issued = client.create({.principal = "alice"});
          ready();
          if (!issued || !client.revoke(issued->session.id()) || !client.revoke_principal("alice")) return;
        }
      },
      [this] { EXPECT_LE(authenticated(), 6U); });
}

}  // namespace
}  // namespace ficha::testing
