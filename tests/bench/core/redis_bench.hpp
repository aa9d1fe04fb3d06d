// What the benchmarks against a real Redis share.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/redis/keys.hpp"
#include "store/redis/redis_store.hpp"
#include "support/redis_server.hpp"

namespace ficha::bench {

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using RawReply = std::unique_ptr<void, decltype(&freeReplyObject)>;

[[nodiscard]] inline Context connect(const testing::RedisServer& server) {
  Context context{redisConnect("127.0.0.1", server.port()), redisFree};
  if (!context || context->err) throw std::runtime_error("no connection to redis-server");
  return context;
}

// A store that asks Redis for every load, as a miss of the near cache does.
[[nodiscard]] inline std::unique_ptr<SessionStore> open_store(const testing::RedisServer& server, bool near_cache) {
  Config config;
  config.redis.url = Secret{server.url()};
  config.redis.connect_timeout = config.redis.command_timeout = std::chrono::seconds{5};
  config.redis.operation_timeout = std::chrono::seconds{10};
  config.near_cache.enabled = near_cache;
  auto endpoint = redis::parse_endpoint(config.redis);
  if (!endpoint) throw std::runtime_error(endpoint.error().message);
  return make_redis_store(config, std::move(*endpoint), {});
}

// Blocks until `task` is done, as Client does; throws its error.
template <class T>
T await(SessionStore& store, Task<T> task) {
  Waiter waiter;
  std::optional<Result<T>> outcome;
  start(std::move(task), [&](Result<T> result) {
    outcome.emplace(std::move(result));
    waiter.finish();
  });
  store.wait(waiter);
  if (!*outcome) throw std::runtime_error(outcome->error().message);
  return std::move(**outcome);
}

// The session that figures are given for: a principal, one role, two small attributes.
[[nodiscard]] inline NewSession usual_session(int i) {
  return {.principal = "customer-" + std::to_string(i),
          .roles = {"customer"},
          .attributes = {{"theme", "\"dark\""}, {"locale", "\"pt-BR\""}}};
}

}  // namespace ficha::bench
