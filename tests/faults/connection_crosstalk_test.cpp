// No reply ever reaches the wrong caller, whatever is cut, abandoned or late.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "faults/connection_fixture.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_server.hpp"

namespace ficha::redis {
namespace {

using namespace std::chrono_literals;
using namespace ::ficha::testing;

struct Tally {
  std::atomic<int> right{0};
  std::atomic<int> failed{0};
  std::atomic<int> crossed{0};

  void judge(const Result<Replies>& replies, const std::string& mine) {
    if (!replies) {
      ++failed;
      return;
    }
    for (const Reply& reply : *replies) {
      if (view(reply).text() != mine) {
        ++crossed;
        return;
      }
    }
    ++right;
  }
};

Commands echoes(const std::string& mine) {
  Commands commands = reading({"ECHO", mine});
  commands.add({"ECHO", mine}, Shape::text);
  return commands;
}

Task<bool> chain(Connection& connection, Tally& tally, std::string name, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::string mine = name + std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), '.');
    Commands commands = echoes(mine);
    const Result<Replies> replies = co_await connection.send(std::move(commands));
    tally.judge(replies, mine);
  }
  co_return true;
}

constexpr int chains = 100;
constexpr int callers = 6;
constexpr int rounds = 20;
constexpr int operations_at_once = (chains + callers) * rounds;

// Asynchronous callers and blocked ones.
void ask_at_once(Connection& connection, Tally& tally, const std::string& wave) {
  std::vector<std::promise<void>> ended(chains);
  for (int i = 0; i < chains; ++i) {
    start(chain(connection, tally, wave + ":" + std::to_string(i) + ":", rounds),
          [&ended, i](const Result<bool>&) { ended[static_cast<std::size_t>(i)].set_value(); });
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        const std::string mine = wave + "/" + std::to_string(t) + "/" + std::to_string(i);
        tally.judge(call(connection, echoes(mine)), mine);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::promise<void>& promise : ended) promise.get_future().get();
}

bool nothing_in_flight(const Connection& connection) {
  return eventually([&] {
    Stats stats;
    connection.add_stats(stats);
    return stats.in_flight == 0;
  });
}

TEST(ConnectionCrosstalk, ThousandsOfCallersOverCutConnectionsOfASlowServerGetTheirOwnRepliesOrAnError) {
  RedisServer server;
  FaultProxy proxy(server.port());
  ConnectionSettings settings = settings_for(proxy.url());
  settings.connect_timeout = 2s;
  settings.command_timeout = 100ms;  // longer than some of the server's stalls, shorter than others
  Connection connection(std::move(settings), {}, nullptr);
  ASSERT_TRUE(heals(connection));

  Tally tally;
  std::atomic<bool> over{false};
  std::thread saboteur([&] {
    std::mt19937 random(1);
    while (!over) {
      const auto direction = random() % 4 == 0 ? FaultProxy::Direction::to_server : FaultProxy::Direction::to_client;
      proxy.cut_after(direction, random() % 20'000,
                      random() % 2 == 0 ? FaultProxy::Ending::close : FaultProxy::Ending::reset);
      if (random() % 8 == 0) {
        server.pause();
        std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % 100));
        server.resume();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
    }
  });

  constexpr int waves = 10;
  for (int wave = 0; wave < waves; ++wave) {
    ask_at_once(connection, tally, std::to_string(wave));
    EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 0; }));
  }
  over = true;
  saboteur.join();

  EXPECT_EQ(tally.crossed, 0);
  EXPECT_EQ(tally.right + tally.failed, waves * operations_at_once);
  EXPECT_GT(tally.right, 0);
  EXPECT_GT(tally.failed, 0);
  Stats stats;
  connection.add_stats(stats);
  EXPECT_GT(stats.connects, 5U);
  EXPECT_TRUE(nothing_in_flight(connection));
}

TEST(ConnectionCrosstalk, RepliesThatComeAfterTheirDeadlineReachNobody) {
  RedisServer server;
  ConnectionSettings settings = settings_for(server.url());
  settings.command_timeout = 20ms;
  Connection connection(std::move(settings), {}, nullptr);
  Tally tally;
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(heals(connection));
    server.pause();
    std::vector<std::future<Result<Replies>>> late;
    for (int i = 0; i < 20; ++i) late.push_back(submit(connection, reading({"ECHO", "late"})));
    for (auto& reply : late) EXPECT_FALSE(reply.get());
    server.resume();
    for (int i = 0; i < 20; ++i) tally.judge(call(connection, echoes("prompt")), "prompt");
  }
  EXPECT_EQ(tally.crossed, 0);
}

// One server, slow altogether: while it is late with one command, no connection is answered.
ScriptedServer::Script late_at_random(std::mutex& server, std::chrono::milliseconds deadline) {
  return [&server, deadline](ScriptedPeer& peer, int connection) {
    std::mt19937 random(static_cast<unsigned>(connection));
    const auto longest_delay = static_cast<unsigned>(2 * deadline.count());
    {
      const std::lock_guard lock(server);
      if (!peer.shake_hands()) return;
    }
    for (std::string command = peer.read_command(); !command.empty(); command = peer.read_command()) {
      const std::lock_guard lock(server);
      if (random() % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(random() % longest_delay));
      const std::string text = command.substr(command.find(' ') + 1);
      if (!peer.write("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n")) return;
    }
  };
}

TEST(ConnectionCrosstalk, RepliesThatComeAroundTheirDeadlineReachTheirOwnCallerOrNobody) {
  constexpr auto deadline = 20ms;
  const int operations = std::getenv("FICHA_LONG") != nullptr ? 1'000'000 : 20'000;
  std::mutex server_is_busy;
  ScriptedServer server(late_at_random(server_is_busy, deadline));
  ConnectionSettings settings = settings_for(server.url());
  settings.connect_timeout = 2s;
  settings.command_timeout = deadline;
  settings.probe_interval = 60s;  // its script knows ECHO alone
  Connection connection(std::move(settings), {}, nullptr);
  ASSERT_TRUE(heals(connection));

  Tally tally;
  int asked = 0;
  for (int wave = 0; asked < operations; ++wave, asked += operations_at_once) {
    ask_at_once(connection, tally, std::to_string(wave));
    EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 0; }));
  }
  EXPECT_EQ(tally.crossed, 0);
  EXPECT_EQ(tally.right + tally.failed, asked);
  EXPECT_GT(tally.right, tally.failed);
  EXPECT_GT(tally.failed, 0);
  EXPECT_TRUE(nothing_in_flight(connection));
  Stats stats;
  connection.add_stats(stats);
  std::cout << tally.right << " right, " << tally.failed << " failed, " << tally.crossed << " crossed; "
            << stats.connects << " connections\n";
}

// What a slow server has been told to do; it takes commands as slowly, so that sockets fill.
class SlowLedger {
 public:
  ScriptedServer::Script script() {
    return [this](ScriptedPeer& peer, int connection) {
      std::mt19937 random(static_cast<unsigned>(connection));
      if (!peer.shake_hands()) return;
      for (std::string command = peer.read_command(); !command.empty(); command = peer.read_command()) {
        {
          const std::lock_guard lock(mutex_);
          done_.insert(command.substr(0, command.find(' ', 4)));
        }
        if (random() % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
        if (!peer.write("+OK\r\n")) return;
      }
    };
  }
  bool has_done(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return done_.contains("SET " + name);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> done_;
};

TEST(ConnectionCrosstalk, AWriteOfWhichItIsSaidThatItDidNotHappenNeverHappens) {
  SlowLedger ledger;
  ScriptedServer server(ledger.script());
  ConnectionSettings settings = settings_for(server.url());
  settings.connect_timeout = 2s;
  settings.command_timeout = 20ms;
  settings.max_in_flight = 150;
  settings.probe_interval = 60s;
  std::vector<std::pair<std::string, Result<Replies>>> written;
  {
    Connection connection(std::move(settings), {}, nullptr);
    std::mt19937 random(3);
    for (int wave = 0; wave < 30; ++wave) {
      EXPECT_TRUE(eventually([&] { return call(connection, writing({"SET", "ready", "1"})).has_value(); }));
      std::vector<std::pair<std::string, std::future<Result<Replies>>>> writes;
      for (int i = 0; i < 200; ++i) {
        const std::string name = std::to_string(wave) + ":" + std::to_string(i);
        writes.emplace_back(name, submit(connection, writing({"SET", name, std::string(random() % 60'000, 'x')})));
      }
      for (auto& [name, write] : writes) written.emplace_back(name, write.get());
    }
    EXPECT_TRUE(nothing_in_flight(connection));
  }
  std::map<ErrorCode, int> failures;
  int done = 0;
  for (const auto& [name, outcome] : written) {
    if (outcome) {
      ++done;
      EXPECT_TRUE(ledger.has_done(name)) << name;
      continue;
    }
    ++failures[outcome.error().code];
    if (outcome.error().code != ErrorCode::unknown_outcome) {
      EXPECT_FALSE(ledger.has_done(name)) << name << ": " << outcome.error().message;
    }
  }
  EXPECT_GT(done, 0);
  EXPECT_GT(failures[ErrorCode::timeout], 0);
  EXPECT_GT(failures[ErrorCode::unknown_outcome], 0);
  EXPECT_GT(failures[ErrorCode::overloaded], 0);
}

}  // namespace
}  // namespace ficha::redis
