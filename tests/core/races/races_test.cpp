#include <algorithm>
#include <atomic>
#include <barrier>
#include <mutex>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/races/processes.hpp"
#include "core/races/race_fixture.hpp"
#include "support/rounds.hpp"

namespace ficha::testing {
namespace {

using std::chrono::seconds;

class WritersTest : public RaceTest {
 protected:
  static constexpr int rounds = rounds_of(10'000);

  // Writes 1, 2, 3, … to one attribute, and finds each of them when it reads its own write.
  static bool write_all(Client& client, const Token& token, const std::string& name) {
    const SessionId id = token.id();
    for (int round = 1; round <= rounds; ++round) {
      if (!client.patch(id, set(name, std::to_string(round)))) return false;
      const auto loaded = client.load(token.reveal());
      if (!loaded || !*loaded || (*loaded)->attribute(name) != std::to_string(round)) return false;
    }
    return true;
  }
  void expect_all_written(const Token& token) {
    Client client = open();
    ASSERT_OK_AND_ASSIGN(const auto session, client.load(token.reveal()));
    ASSERT_TRUE(session);
    EXPECT_EQ(session->attribute("left"), std::to_string(rounds));
    EXPECT_EQ(session->attribute("right"), std::to_string(rounds));
    EXPECT_EQ(session->generation(), 1U + 2 * rounds);
  }
};

TEST_F(WritersTest, TwoProcessesThatWriteDifferentAttributesLoseNothing) {
  const Token token = [this] {
    Client client = open();
    return issue(client, {.principal = "alice"}).token;
  }();
  const auto write = [&](const char* name) {
    Client client = open();
    return write_all(client, token, name);
  };
  ChildProcess left{[&] { return write("left"); }};
  ChildProcess right{[&] { return write("right"); }};
  EXPECT_TRUE(left.succeeded());
  EXPECT_TRUE(right.succeeded());
  expect_all_written(token);
}

TEST_F(WritersTest, TwoThreadsOfOneClientThatWriteDifferentAttributesLoseNothing) {
  Client client = open();
  const IssuedSession issued = issue(client, {.principal = "alice"});
  std::thread left{[&] { EXPECT_TRUE(write_all(client, issued.token, "left")); }};
  EXPECT_TRUE(write_all(client, issued.token, "right"));
  left.join();
  expect_all_written(issued.token);
}

TEST_F(WritersTest, TwoServicesThatPutDifferentKeysInOneBagLoseNone) {
  constexpr int keys = 50;
  constexpr int bag_rounds = rounds / 5;
  const Token token = [this] {
    Client client = open();
    return issue(client, {.principal = "alice"}).token;
  }();
  const auto put_all = [&](const char* service) {
    Client client = open();
    for (int i = 0; i < bag_rounds; ++i) {
      const std::string key = service + std::to_string(i % keys);
      const Patch patch{.ops = {{Patch::Kind::put, "bag", std::to_string(i), 0, key}}};
      if (!client.patch(token.id(), patch)) return false;
    }
    return true;
  };
  ChildProcess left{[&] { return put_all("left"); }};
  ChildProcess right{[&] { return put_all("right"); }};
  EXPECT_TRUE(left.succeeded());
  EXPECT_TRUE(right.succeeded());
  Client client = open();
  ASSERT_OK_AND_ASSIGN(const auto session, client.load(token.reveal()));
  ASSERT_TRUE(session);
  const auto bag = nlohmann::json::parse(session->attribute("bag").value());
  ASSERT_EQ(bag.size(), 2U * keys);
  for (int i = bag_rounds - keys; i < bag_rounds; ++i) {
    EXPECT_EQ(bag["left" + std::to_string(i % keys)], i);
    EXPECT_EQ(bag["right" + std::to_string(i % keys)], i);
  }
}

class RevokeRaceTest : public RaceTest {
 protected:
  static constexpr int rounds = rounds_of(10'000);
};

TEST_F(RevokeRaceTest, ASaveThatRacesARevokeNeverRevivesTheSession) {
  Client saver = open();
  Client revoker = open();
  std::optional<IssuedSession> issued;
  std::barrier together{2};
  std::thread saving{[&] {
    for (int round = 0; round < rounds; ++round) {
      together.arrive_and_wait();
      const auto saved = saver.patch(issued->session.id(), set("a", "1"));
      const auto loaded = saver.load(issued->token.reveal());
      EXPECT_TRUE(saved || saved.error().code == ErrorCode::session_gone);
      EXPECT_TRUE(loaded.has_value());
      together.arrive_and_wait();
    }
  }};
  for (int round = 0; round < rounds; ++round) {
    issued.emplace(issue(revoker, {.principal = "alice"}));
    together.arrive_and_wait();
    const auto revoked = revoker.revoke(issued->session.id());
    EXPECT_TRUE(revoked && *revoked == RevokeOutcome::revoked);
    together.arrive_and_wait();
    const auto after = saver.load(issued->token.reveal(), {.fresh = true});
    EXPECT_TRUE(after && !*after) << "revived in round " << round;
  }
  saving.join();
  EXPECT_EQ(server.command({"DBSIZE"}).integer, 0);
}

TEST_F(RevokeRaceTest, ARotationThatRacesARevokeOfThePrincipalLeavesNothingLive) {
  Client rotator = open();
  Client revoker = open();
  std::optional<IssuedSession> issued;
  std::barrier together{2};
  std::thread rotating{[&] {
    for (int round = 0; round < rounds; ++round) {
      together.arrive_and_wait();
      const auto rotated = rotator.rotate(issued->session.id(), {.grace = seconds{30}});
      EXPECT_TRUE(rotated || rotated.error().code == ErrorCode::session_gone);
      together.arrive_and_wait();
    }
  }};
  for (int round = 0; round < rounds; ++round) {
    issued.emplace(issue(revoker, {.principal = "alice"}));
    together.arrive_and_wait();
    const auto revoked = revoker.revoke_principal("alice");
    EXPECT_TRUE(revoked && *revoked == 1U);
    together.arrive_and_wait();
    const auto after = rotator.load(issued->token.reveal(), {.fresh = true});
    EXPECT_TRUE(after && !*after) << "alive in round " << round;
    ASSERT_TRUE(revoker.list("alice")->empty());
  }
  rotating.join();
}

TEST_F(RaceTest, NoLoadMissesASessionThatIsBeingRotatedWithGrace) {
  Client rotator = open();
  Client reader = open();
  std::mutex mutex;
  IssuedSession newest = issue(rotator, {.principal = "alice", .attributes = {{"owner", R"("alice")"}}});
  std::atomic<bool> stop{false};
  std::atomic<int> loads{0};
  const auto read = [&](Client& client) {
    while (!stop) {
      const Token token = [&] {
        const std::lock_guard lock{mutex};
        return newest.token;
      }();
      const auto loaded = client.load(token.reveal());
      EXPECT_TRUE(loaded && *loaded && (*loaded)->attribute("owner") == R"("alice")");
      ++loads;
    }
  };
  std::thread other_process{[&] { read(reader); }};
  std::thread same_process{[&] { read(rotator); }};
  for (int round = 0; round < rounds_of(2'000) || loads < rounds_of(1'000); ++round) {
    auto rotated = rotator.rotate(newest.session.id(), {.grace = seconds{30}});
    if (!rotated) ADD_FAILURE() << rotated.error().message;
    if (!rotated) break;
    const std::lock_guard lock{mutex};
    newest = std::move(*rotated);
  }
  stop = true;
  other_process.join();
  same_process.join();
  EXPECT_EQ(rotator.list("alice")->size(), 1U);
}

TEST_F(RaceTest, OfTwoRotationsWithoutGraceOneWins) {
  Client one = open();
  Client other = open();
  for (int round = 0; round < rounds_of(500); ++round) {
    const IssuedSession issued = issue(one, {.principal = "alice"});
    std::optional<Result<IssuedSession>> by_other;
    std::thread racing{[&] { by_other.emplace(other.rotate(issued.session.id())); }};
    const auto by_one = one.rotate(issued.session.id());
    racing.join();
    ASSERT_NE(by_one.has_value(), by_other->has_value()) << "in round " << round;
    ASSERT_THAT(by_one ? *by_other : by_one, FailsWith(ErrorCode::session_gone));
    ASSERT_EQ(one.list("alice")->size(), 1U);
    ASSERT_THAT(one.revoke_principal("alice"), IsOk());
  }
}

class LoginRaceTest : public RaceTest {
 protected:
  static constexpr int processes = 4;
  static constexpr int threads = 5;
  static constexpr int logins = 5;  // of each thread: 100 in all
  static constexpr std::size_t limit = 5;

  // All logins at once; how many succeeded.
  int log_in_everywhere(OnLimit on_limit) {
    std::vector<ChildProcess> children;
    for (int i = 0; i < processes; ++i) children.emplace_back([&] { return log_in(on_limit); });
    for (ChildProcess& child : children) EXPECT_TRUE(child.succeeded());
    Client client = open();
    int succeeded = 0;
    const auto tallies = client.list("tally");
    EXPECT_TRUE(tallies.has_value());
    if (!tallies) return -1;
    for (const Session& tally : *tallies) succeeded += std::stoi(std::string{*tally.attribute("succeeded")});
    return succeeded;
  }
  bool log_in(OnLimit on_limit) const {
    Config settings = config();
    settings.session.max_per_principal = limit;
    settings.session.on_limit = on_limit;
    Client client = open(settings);
    std::atomic<bool> good{true};
    std::atomic<int> succeeded{0};
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        for (int login = 0; login < logins; ++login) {
          const auto issued = client.login({.session = {.principal = "alice"}});
          if (!issued && issued.error().code != ErrorCode::session_limit) good = false;
          if (issued) ++succeeded;
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    // The parent reads the count from here.
    const IssuedSession tally = issue(client, {.principal = "tally"});
    return good && client.patch(tally.session.id(), set("succeeded", std::to_string(succeeded)));
  }
  // Every session of alice that Redis still holds, known to the index or not.
  std::size_t stored() {
    const std::string pattern = server.command({"KEYS", "ficha:*@alice"}).elements.at(0).text;
    const std::string head = pattern.substr(0, pattern.find('@'));
    return server.command({"KEYS", head + ":*"}).elements.size();
  }
};

TEST_F(LoginRaceTest, OfAHundredParallelLoginsTheLimitRemains) {
  EXPECT_EQ(log_in_everywhere(OnLimit::evict_oldest), processes * threads * logins);
  Client client = open();
  EXPECT_EQ(client.list("alice")->size(), limit);
  EXPECT_EQ(stored(), limit);
}

TEST_F(LoginRaceTest, OfAHundredParallelLoginsNoMoreThanTheLimitSucceeds) {
  EXPECT_EQ(log_in_everywhere(OnLimit::refuse), static_cast<int>(limit));
  Client client = open();
  EXPECT_EQ(client.list("alice")->size(), limit);
  EXPECT_EQ(stored(), limit);
}

}  // namespace
}  // namespace ficha::testing
