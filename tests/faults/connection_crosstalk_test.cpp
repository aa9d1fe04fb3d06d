// No reply ever reaches the wrong caller, whatever is cut, abandoned or late.
#include <atomic>
#include <random>
#include <thread>

#include "faults/connection_fixture.hpp"
#include "support/fault_proxy.hpp"

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
  commands.add({"ECHO", mine});
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

TEST(ConnectionCrosstalk, ThousandsOfCallersOverCutConnectionsGetTheirOwnRepliesOrAnError) {
  RedisServer server;
  FaultProxy proxy(server.port());
  ConnectionSettings settings = settings_for(proxy.url());
  settings.connect_timeout = settings.command_timeout = 2s;
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
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
    }
  });

  constexpr int waves = 10;
  constexpr int chains = 100;
  constexpr int callers = 6;
  int expected = 0;
  for (int wave = 0; wave < waves; ++wave) {
    constexpr int rounds = 20;
    std::vector<std::promise<void>> ended(chains);
    for (int i = 0; i < chains; ++i) {
      start(chain(connection, tally, std::to_string(wave) + ":" + std::to_string(i) + ":", rounds),
            [&ended, i](const Result<bool>&) { ended[static_cast<std::size_t>(i)].set_value(); });
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < callers; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < rounds; ++i) {
          const std::string mine = std::to_string(wave) + "/" + std::to_string(t) + "/" + std::to_string(i);
          tally.judge(call(connection, echoes(mine)), mine);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::promise<void>& promise : ended) promise.get_future().get();
    expected += (chains + callers) * rounds;
    EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 0; }));
  }
  over = true;
  saboteur.join();

  EXPECT_EQ(tally.crossed, 0);
  EXPECT_EQ(tally.right + tally.failed, expected);
  EXPECT_GT(tally.right, 0);
  EXPECT_GT(tally.failed, 0);
  Stats stats;
  connection.add_stats(stats);
  EXPECT_GT(stats.connects, 5U);
  EXPECT_EQ(stats.in_flight, 0U);
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

}  // namespace
}  // namespace ficha::redis
