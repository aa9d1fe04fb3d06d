// What Client adds to a store, on a real Redis: both forms of a call, and close().
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "ficha/client.hpp"
#include "support/eventually.hpp"
#include "support/fault_proxy.hpp"
#include "support/redis_server.hpp"
#include "support/results.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;

class ClientRedisTest : public ::testing::Test {
 protected:
  Config config() const {
    Config config;
    config.redis.url = Secret{server.url()};
    config.redis.connect_timeout = config.redis.command_timeout = seconds{10};
    config.redis.operation_timeout = seconds{30};
    config.policy.rules = {{.path = "/**"}};
    return config;
  }
  IssuedSession issue(std::string principal) { return *client->create({.principal = std::move(principal)}); }

  // How each operation ended, by id; fails where one ended twice or `count` did not end.
  std::map<OperationId, Result<Outcome>> completions(std::size_t count) {
    std::map<OperationId, Result<Outcome>> ended;
    while (ended.size() < count) {
      auto done = queue->wait(seconds{20});
      if (done.empty()) break;
      for (Completion& each : done) {
        EXPECT_TRUE(ended.emplace(each.id, std::move(each.result)).second) << "operation " << each.id << " ended twice";
      }
    }
    EXPECT_EQ(ended.size(), count);
    EXPECT_TRUE(queue->drain().empty());
    return ended;
  }

  RedisServer server;
  std::optional<Client> client{*Client::open(config())};
  std::shared_ptr<CompletionQueue> queue = *CompletionQueue::create();
};

TEST_F(ClientRedisTest, AThousandOperationsInFlightEachEndOnceWithTheirOwnResult) {
  std::vector<IssuedSession> issued;
  for (int i = 0; i < 20; ++i) issued.push_back(issue("user-" + std::to_string(i)));
  for (OperationId id = 0; id < 1000; ++id) {
    client->submit(queue, id, LoadRequest{Secret{issued[id % 20].token.reveal()}, {.fresh = id % 3 == 0}});
  }
  for (const auto& [id, result] : completions(1000)) {
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(std::get<std::optional<Session>>(*result)->principal(), "user-" + std::to_string(id % 20));
  }
}

TEST_F(ClientRedisTest, OneFlushSendsWhatWasSubmittedForIt) {
  std::vector<IssuedSession> issued;
  for (int i = 0; i < 7; ++i) issued.push_back(issue("user-" + std::to_string(i)));
  FaultProxy proxy{server.port()};
  Config through = config();
  through.redis.url = Secret{proxy.url()};
  client = *Client::open(std::move(through));
  ASSERT_THAT(client->load(issued[0].token.reveal(), {.fresh = true}), IsOk());

  std::atomic<int> writes{0};
  proxy.watch(
      [&](FaultProxy::Direction direction) { writes += direction == FaultProxy::Direction::to_server ? 1 : 0; });
  for (OperationId id = 0; id < issued.size(); ++id) {
    const std::string_view token = issued[id].token.reveal();
    if (id % 2 == 0) {
      client->submit(queue, id, LoadRequest{Secret{token}, {.fresh = true}}, Sending::at_flush);
    } else {
      EXPECT_FALSE(answer_or_submit(*client, queue, id, client->try_load(token, {.fresh = true}), Sending::at_flush));
    }
  }
  EXPECT_THAT(queue->wait(milliseconds{50}), IsEmpty());
  client->flush();
  for (const auto& [id, result] : completions(issued.size())) {
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(std::get<std::optional<Session>>(*result)->principal(), "user-" + std::to_string(id));
  }
  EXPECT_EQ(writes, 1);
  proxy.watch({});
}

TEST_F(ClientRedisTest, WhatWaitsForAFlushGoesWithABlockingCallToo) {
  const IssuedSession issued = issue("alice");
  client->submit(queue, 1, LoadRequest{Secret{issued.token.reveal()}, {.fresh = true}}, Sending::at_flush);
  ASSERT_THAT(client->load(issued.token.reveal(), {.fresh = true}), IsOk());
  EXPECT_THAT(completions(1).at(1), IsOk());
}

TEST_F(ClientRedisTest, WhatWaitsForAFlushEndsWithTheClient) {
  const IssuedSession issued = issue("alice");
  client->submit(queue, 1, LoadRequest{Secret{issued.token.reveal()}, {.fresh = true}}, Sending::at_flush);
  client->close();
  client->flush();
  EXPECT_THAT(completions(1).at(1), FailsWith(ErrorCode::closed));
}

TEST_F(ClientRedisTest, ASecondDecisionIsMadeWithoutRedis) {
  const IssuedSession issued = issue("alice");
  const std::string cookie = "__Host-ficha=" + std::string{issued.token.reveal()};
  const HeaderField field{"Cookie", cookie};
  const HttpRequest request{.method = "GET", .path = "/", .headers = {&field, 1}};
  ASSERT_TRUE(client->authorize(request).allowed());
  const auto hit = answer(client->try_authorize(request));
  ASSERT_TRUE(hit);
  EXPECT_TRUE(hit->allowed());
  EXPECT_EQ(hit->session->id(), issued.session.id());
  client->submit(queue, 1, request);
  EXPECT_EQ(queue->drain().size(), 1U) << "a hit completes before submit() returns";
  EXPECT_TRUE(answer_or_submit(*client, queue, 2, client->try_authorize(request))->allowed());
  EXPECT_EQ(answer_or_submit(*client, queue, 3, client->try_load(issued.token.reveal(), {})).value()->id(),
            issued.session.id());
  EXPECT_TRUE(queue->drain().empty());
}

TEST_F(ClientRedisTest, ASubmittedDecisionWaitsForRedisWhereItMust) {
  const IssuedSession issued = issue("alice");
  {
    const std::string cookie = "__Host-ficha=" + std::string{issued.token.reveal()};
    const HeaderField field{"Cookie", cookie};
    client->submit(queue, 1, HttpRequest{.method = "GET", .path = "/", .headers = {&field, 1}});
  }
  const auto ended = completions(1);
  EXPECT_TRUE(std::get<Decision>(*ended.at(1)).allowed());
}

TEST_F(ClientRedisTest, AMissIsCountedOnceHoweverOftenTheCacheWasTriedFirst) {
  const IssuedSession revoked = issue("alice");
  ASSERT_THAT(client->revoke(revoked.session.id()), IsOk());
  const std::string_view token = revoked.token.reveal();
  const std::string cookie = "__Host-ficha=" + std::string{token};
  const HeaderField field{"Cookie", cookie};
  const HttpRequest request{.method = "GET", .path = "/", .headers = {&field, 1}};

  EXPECT_FALSE(answer(client->try_load(token)));
  EXPECT_FALSE(answer(client->try_authorize(request)));
  EXPECT_EQ(client->stats().misses, 0U);  // nobody asked Redis
  ASSERT_THAT(client->load(token), IsOk());
  EXPECT_EQ(client->stats().misses, 1U);
  client->submit(queue, 1, LoadRequest{Secret{token}, {}});
  EXPECT_THAT(completions(1).at(1), IsOk());
  EXPECT_EQ(client->stats().misses, 2U);
  client->submit(queue, 2, request);
  EXPECT_THAT(completions(1).at(2), IsOk());
  EXPECT_EQ(client->stats().misses, 3U);
  EXPECT_FALSE(answer_or_submit(*client, queue, 3, client->try_load(token, {})));
  EXPECT_THAT(completions(1).at(3), IsOk());
  EXPECT_EQ(client->stats().misses, 4U);
  EXPECT_FALSE(answer_or_submit(*client, queue, 4, client->try_authorize(request)));
  EXPECT_THAT(completions(1).at(4), IsOk());
  EXPECT_EQ(client->stats().misses, 5U);
  ASSERT_THAT(client->load(token, {.fresh = true}), IsOk());
  EXPECT_EQ(client->stats().misses, 5U);
}

TEST_F(ClientRedisTest, CloseEndsWhoeverWaitsForAServerThatSaysNothing) {
  const IssuedSession issued = issue("alice");
  server.pause();
  constexpr OperationId submitted = 100;
  for (OperationId id = 0; id < submitted; ++id) client->submit(queue, id, RevokeRequest{issued.session.id()});
  std::vector<std::thread> blocked;
  for (int i = 0; i < 4; ++i) {
    blocked.emplace_back(
        [&] { EXPECT_THAT(client->load(issued.token.reveal(), {.fresh = true}), FailsWith(ErrorCode::closed)); });
  }
  EXPECT_TRUE(eventually([&] { return client->stats().in_flight >= submitted + 4; }));
  const auto started = std::chrono::steady_clock::now();
  std::thread other{[&] { client->close(); }};
  client->close();
  other.join();
  for (std::thread& thread : blocked) thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - started, seconds{5});
  for (const auto& [id, result] : completions(submitted)) EXPECT_THAT(result, FailsWith(ErrorCode::closed));
}

TEST_F(ClientRedisTest, AClientThatIsDestroyedEndsWhatItStarted) {
  const IssuedSession issued = issue("alice");
  server.pause();
  for (OperationId id = 0; id < 50; ++id) {
    client->submit(queue, id, LoginRequest{{.session = {.principal = "alice"}, .current = issued.session.id()}});
  }
  client.reset();
  for (const auto& [id, result] : completions(50)) EXPECT_THAT(result, FailsWith(ErrorCode::closed));
}

TEST_F(ClientRedisTest, ThousandsOfOperationsRacingCloseEachEndOnce) {
  const IssuedSession issued = issue("alice");
  constexpr OperationId per_thread = 1000;
  std::vector<std::thread> threads;
  for (OperationId thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (OperationId i = 0; i < per_thread; ++i) {
        client->submit(queue, thread * per_thread + i, LoadRequest{Secret{issued.token.reveal()}, {.fresh = true}});
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return client->stats().commands > 500; }));
  client->close();
  for (std::thread& thread : threads) thread.join();
  for (const auto& [id, result] : completions(3 * per_thread)) {
    EXPECT_TRUE(result || result.error().code == ErrorCode::closed) << name(result.error().code);
  }
}

}  // namespace
}  // namespace ficha::testing
