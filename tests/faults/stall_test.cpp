// A server that stands still for 300 ms in every second: what the near cache answers goes on, what has to ask waits or fails
// as configured, and no connection is made anew.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <thread>

#include "faults/connection_fixture.hpp"
#include "ficha/client.hpp"

namespace ficha::testing {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto stall = 300ms;

// Stops the server's process again and again while this lives.
class Stalls {
 public:
  explicit Stalls(RedisServer& server) : server_(server), thread_([this](const std::stop_token& stop) { run(stop); }) {}
  [[nodiscard]] bool now() const noexcept { return stalled_; }
  [[nodiscard]] int count() const noexcept { return count_; }

 private:
  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any ended;
    while (!ended.wait_for(lock, stop, 1000ms - stall, [] { return false; }) && !stop.stop_requested()) {
      server_.pause();
      stalled_ = true;
      std::this_thread::sleep_for(stall);
      stalled_ = false;
      server_.resume();
      ++count_;
    }
  }

  RedisServer& server_;
  std::atomic<bool> stalled_{false};
  std::atomic<int> count_{0};
  std::jthread thread_;
};

// Of one client, what its callers saw.
struct Seen {
  std::atomic<std::uint64_t> hits_in_stalls{0};
  std::atomic<std::uint64_t> hits_between{0};
  std::atomic<std::uint64_t> hits_refused{0};
  std::atomic<Milliseconds> hit_time_in_stalls{Milliseconds{0}};
  std::atomic<Milliseconds> hit_time_between{Milliseconds{0}};
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> other_errors{0};
  std::atomic<Milliseconds> longest{Milliseconds{0}};
};

class StallTest : public ::testing::Test {
 protected:
  Client open(std::chrono::milliseconds command_timeout) {
    Config config;
    config.redis.url = Secret{server.url()};
    config.redis.command_timeout = command_timeout;
    config.redis.operation_timeout = 2 * command_timeout;
    config.policy.rules = {{.path = "/**", .methods = {"GET"}}};
    auto client = Client::open(config);
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }

  // Requests whose session is in memory.
  static void hit(Client& client, const Token& token, const Stalls& stalls, const std::stop_token& stop, Seen& seen) {
    const std::string cookie = client.config().cookie.name + "=" + std::string(token.reveal());
    const std::array<HeaderField, 2> headers = {{{"Host", "example.org"}, {"Cookie", cookie}}};
    const HttpRequest request{.method = "GET", .path = "/", .headers = headers};
    constexpr int batch = 200;
    while (!stop.stop_requested()) {
      const bool stalled = stalls.now();
      const auto begin = steady_clock::now();
      for (int i = 0; i < batch; ++i) {
        if (!client.authorize(request).allowed()) ++seen.hits_refused;
      }
      if (stalls.now() != stalled) continue;
      const Milliseconds took = steady_clock::now() - begin;
      auto& time = stalled ? seen.hit_time_in_stalls : seen.hit_time_between;
      time = time.load() + took;
      (stalled ? seen.hits_in_stalls : seen.hits_between) += batch;
      std::this_thread::yield();
    }
  }
  // Requests that have to ask Redis.
  static void miss(Client& client, const Token& token, const std::stop_token& stop, Seen& seen) {
    while (!stop.stop_requested()) {
      Result<std::optional<Session>> loaded = std::optional<Session>();
      const Milliseconds took = duration_of([&] { loaded = client.load(token.reveal(), {.fresh = true}); });
      ++seen.asked;
      if (took > seen.longest.load()) seen.longest = took;
      if (!loaded) ++(loaded.error().code == ErrorCode::timeout ? seen.timeouts : seen.other_errors);
      std::this_thread::sleep_for(1ms);
    }
  }
  // Two threads of one client, for so many stalls.
  void watch(Client& client, int stalls_wanted, Seen& seen) {
    const auto alice = client.create({.principal = "alice"});
    const auto bob = client.create({.principal = "bob"});
    ASSERT_TRUE(alice && bob);
    ASSERT_TRUE(client.load(alice->token.reveal()).value());
    const Stalls stalls(server);
    std::jthread hits([&](const std::stop_token& stop) { hit(client, alice->token, stalls, stop, seen); });
    std::jthread misses([&](const std::stop_token& stop) { miss(client, bob->token, stop, seen); });
    EXPECT_TRUE(eventually([&] { return stalls.count() >= stalls_wanted; }, 1s * (3 * stalls_wanted)));
  }
  static void print(std::chrono::milliseconds command_timeout, const Client& client, const Seen& seen) {
    const double rate_in_stalls = static_cast<double>(seen.hits_in_stalls) / seen.hit_time_in_stalls.load().count();
    const double rate_between = static_cast<double>(seen.hits_between) / seen.hit_time_between.load().count();
    std::cout << "command_timeout " << command_timeout.count() << " ms: " << seen.hits_refused << " hits refused, "
              << rate_in_stalls << " hits/ms in stalls, " << rate_between << " between; " << seen.asked << " misses, "
              << seen.timeouts << " timed out, " << seen.other_errors << " other errors, longest "
              << seen.longest.load().count() << " ms; " << client.stats().connects << " connections\n";
  }
  void expect_hits_unaffected(const Seen& seen) {
    EXPECT_EQ(seen.hits_refused, 0U);
    EXPECT_GT(seen.hits_in_stalls, 1000U);
    const double rate_in_stalls = static_cast<double>(seen.hits_in_stalls) / seen.hit_time_in_stalls.load().count();
    const double rate_between = static_cast<double>(seen.hits_between) / seen.hit_time_between.load().count();
    EXPECT_GT(rate_in_stalls, rate_between / 3) << "hits wait for the server";
  }

  RedisServer server;
};

TEST_F(StallTest, WithTheDefaultTimeoutsMissesWaitAndNothingFails) {
  const std::chrono::milliseconds command_timeout = RedisConfig().command_timeout;
  Client client = open(command_timeout);
  Seen seen;
  watch(client, 3, seen);
  print(command_timeout, client, seen);
  expect_hits_unaffected(seen);
  EXPECT_EQ(seen.timeouts + seen.other_errors, 0U);
  EXPECT_GT(seen.longest.load(), 200ms) << "the misses did not meet a stall";
  EXPECT_EQ(client.stats().connects, 1U);
}

TEST_F(StallTest, WithAShorterTimeoutMissesFailInTimeAndTheConnectionStays) {
  constexpr auto command_timeout = 100ms;
  Client client = open(command_timeout);
  Seen seen;
  const WakeupDelay machine;
  watch(client, 3, seen);
  print(command_timeout, client, seen);
  expect_hits_unaffected(seen);
  EXPECT_GT(seen.timeouts, 0U);
  EXPECT_EQ(seen.other_errors, 0U);
  EXPECT_GT(seen.asked, seen.timeouts);
  EXPECT_LE(seen.longest.load(), command_timeout + promised_slack + 2 * machine.longest());
  EXPECT_EQ(client.stats().connects, 1U);
}

// By which the default was chosen; the long form shows the figures of more of them.
TEST_F(StallTest, WhateverTheTimeoutHitsGoOnAndTheConnectionStays) {
  std::vector<std::chrono::milliseconds> timeouts = {250ms};
  if (std::getenv("FICHA_LONG") != nullptr) timeouts = {100ms, 250ms, 350ms, 500ms, 750ms, 1000ms};
  for (const std::chrono::milliseconds command_timeout : timeouts) {
    Client client = open(command_timeout);
    Seen seen;
    watch(client, timeouts.size() == 1 ? 3 : 20, seen);
    print(command_timeout, client, seen);
    expect_hits_unaffected(seen);
    EXPECT_EQ(seen.other_errors, 0U);
    EXPECT_EQ(client.stats().connects, 1U);
  }
}

}  // namespace
}  // namespace ficha::testing
