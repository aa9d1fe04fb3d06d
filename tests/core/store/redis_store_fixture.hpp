// A RedisStore by itself, beside a test's own view of the server: what is on the wire and in the keys.
#pragma once

#include <gmock/gmock.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "session/record.hpp"
#include "store/redis/keys.hpp"
#include "store/redis/redis_store.hpp"
#include "support/redis_server.hpp"
#include "support/results.hpp"

namespace ficha::testing {

// Blocks until `task` is done, as Client does.
template <class T>
Result<T> await(SessionStore& store, Task<T> task) {
  Waiter waiter;
  std::optional<Result<T>> outcome;
  start(std::move(task), [&](Result<T> result) {
    outcome.emplace(std::move(result));
    waiter.finish();
  });
  store.wait(waiter);
  return std::move(*outcome);
}

inline std::unique_ptr<SessionStore> open_store(const Config& config, const Hooks& hooks = {}) {
  auto endpoint = redis::parse_endpoint(config.redis);
  if (!endpoint) throw std::runtime_error(endpoint.error().message);
  return make_redis_store(config, std::move(*endpoint), hooks);
}

inline Config config_for(const RedisServer& server) {
  Config config;
  config.redis.url = Secret{server.url()};
  config.redis.connect_timeout = config.redis.command_timeout = std::chrono::seconds{2};
  config.redis.operation_timeout = std::chrono::seconds{4};
  config.near_cache.enabled = false;
  return config;
}

inline std::string key_of(const SessionId& id) {
  return redis::session_key("ficha", id);
}
inline std::string index_of(std::string_view principal) {
  return redis::index_key("ficha", route_of(principal), principal);
}

class RedisStoreTest : public ::testing::Test {
 protected:
  RedisStoreTest() { server.command({"FLUSHALL"}); }

  SessionStore& store() {
    if (!store_) store_ = open_store(config);
    return *store_;
  }
  template <class T>
  Result<T> wait_for(Task<T> task) {
    return await(store(), std::move(task));
  }
  IssuedSession issue(NewSession wanted) {
    auto issued = wait_for(store().create(std::move(wanted)));
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    return std::move(*issued);
  }
  Result<std::optional<Session>> load(const Token& token, LoadOptions options = {}) {
    return wait_for(store().load(token, options));
  }

  // The test's own view.
  std::string get(const std::string& key) { return server.command({"GET", key}).text; }
  std::int64_t integer(const std::vector<std::string>& command) { return server.command(command).integer; }
  std::size_t index_size(std::string_view principal) {
    return static_cast<std::size_t>(integer({"ZCARD", index_of(principal)}));
  }
  // Stores `record` as the session of a new token.
  Token plant(const std::function<std::string(const SessionId&)>& record, bool expiring = true) {
    auto token = Token::generate(route_of("alice"), {});
    if (!token) throw std::runtime_error("no token");
    std::vector<std::string> command = {"SET", key_of(token->id()), record(token->id())};
    if (expiring) command.insert(command.end(), {"PX", "600000"});
    server.command(command);
    return std::move(*token);
  }

  RedisServer& server = RedisServer::shared();
  Config config = config_for(server);

 private:
  std::unique_ptr<SessionStore> store_;
};

}  // namespace ficha::testing
