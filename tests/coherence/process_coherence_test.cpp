// Four processes, two threads each, on a real server; FICHA_COHERENCE_OPERATIONS sets how many operations in all.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <vector>

#include "support/redis_server.hpp"
#include "worker.hpp"

namespace ficha::coherence {
namespace {

using testing::RedisServer;

constexpr int process_count = 4;
constexpr int threads_each = 2;

std::uint64_t operations_wanted() {
  const char* const text = std::getenv("FICHA_COHERENCE_OPERATIONS");
  return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

enum class Cache { ours, ours_and_small, get_then_put, none };

// How long a process waits for a reply.
constexpr std::chrono::milliseconds patient{2000};
constexpr std::chrono::milliseconds impatient{20};  // less than some stalls of the server take

Client open(const RedisServer& server, Cache cache, std::chrono::milliseconds patience) {
  Config config;
  config.redis.url = Secret(server.url());
  config.redis.connect_timeout = patient;
  config.redis.command_timeout = patience;
  config.redis.operation_timeout = 2 * patience;
  config.near_cache.enabled = cache == Cache::ours || cache == Cache::ours_and_small;
  if (cache == Cache::ours_and_small) config.near_cache.max_entries = Ledger::place_count / 2;
  auto client = Client::open(config);
  if (!client) throw std::runtime_error(client.error().message);
  return std::move(*client);
}

void work(int number, const RedisServer& server, Ledger& ledger, Cache cache, std::chrono::milliseconds patience,
          std::uint64_t operations) {
  Client client = open(server, cache, patience);
  std::unique_ptr<Sessions> sessions;
  if (cache == Cache::get_then_put) {
    sessions = std::make_unique<GetThenPutSessions>(server.port());
  } else {
    sessions = std::make_unique<NearCachedSessions>(client);
  }
  Process process{.number = number, .client = client, .sessions = *sessions, .ledger = ledger};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < threads_each; ++thread) {
    threads.emplace_back([&process, operations, seed = static_cast<std::uint64_t>(number * 100 + thread)] {
      Worker(process, seed).run(operations / (process_count * threads_each));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ledger.hits += sessions->hits();
}

void print(const Ledger& ledger) {
  std::cout << ledger.operations << " operations: " << ledger.hits << " hits, " << ledger.writes << " writes, "
            << ledger.retirements << " revocations and rotations, " << ledger.errors
            << " errors; violations: " << ledger.stale_reads << " stale, " << ledger.ghosts << " gone, "
            << ledger.losses << " lost, " << ledger.foreign_reads << " foreign" << std::endl;  // before a fork
}

// Runs the processes; meanwhile calls `disturb` again and again.
template <class Disturb>
void run(RedisServer& server, Ledger& ledger, Cache cache, std::chrono::milliseconds patience, std::uint64_t operations,
         Disturb disturb) {
  {
    Client client = open(server, Cache::none, patient);
    for (Place& place : ledger.places) {
      const auto issued = client.create(new_session());
      ASSERT_TRUE(issued.has_value());
      place.settle(*issued);
    }
  }
  std::vector<pid_t> children;
  for (int number = 0; number < process_count; ++number) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      work(number, server, ledger, cache, patience, operations);
      ::_exit(0);
    }
    children.push_back(child);
  }
  while (!children.empty()) {
    disturb();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::erase_if(children, [](pid_t child) {
      int status = 0;
      if (::waitpid(child, &status, WNOHANG) != child) return false;
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "a process died";
      return true;
    });
  }
  print(ledger);
}

TEST(ProcessCoherence, NoProcessServesWhatItMustKnowToBeOver) {
  RedisServer server;
  SharedLedger ledger;
  run(server, *ledger, Cache::ours, patient, operations_wanted(), [] {});
  EXPECT_EQ(ledger->violations(), 0U);
  EXPECT_GT(ledger->hits, ledger->operations / 2) << "the cache was hardly used";
  EXPECT_EQ(ledger->errors, 0U);
}

TEST(ProcessCoherence, NorWhenLinksBreakRepliesAreLateAndTablesAreFull) {
  RedisServer server;
  SharedLedger ledger;
  std::mt19937_64 random(7);
  run(server, *ledger, Cache::ours_and_small, impatient, operations_wanted() / 2, [&] {
    switch (random() % 8) {
      case 0:
        server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
        break;
      case 1:
        server.pause();
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
        server.resume();
        break;
      case 2:
        server.command({"CONFIG", "SET", "tracking-table-max-keys", random() % 2 == 0 ? "10" : "1000000"});
        break;
      default:
        break;
    }
  });
  EXPECT_EQ(ledger->violations(), 0U);
  EXPECT_GT(ledger->hits, ledger->operations / 4);
}

TEST(ProcessCoherence, TheLedgerCatchesACacheThatReadsFirstAndPutsLater) {
  RedisServer server;
  SharedLedger ledger;
  run(server, *ledger, Cache::get_then_put, patient, 200'000, [] {});
  EXPECT_GT(ledger->violations(), 0U);
  EXPECT_GT(ledger->hits, 0U);
}

}  // namespace
}  // namespace ficha::coherence
