// Clients that get in each other's way on one real Redis.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "ficha/client.hpp"
#include "support/redis_server.hpp"
#include "support/results.hpp"

namespace ficha::testing {

class RaceTest : public ::testing::Test {
 protected:
  RaceTest() { server.command({"FLUSHALL"}); }

  [[nodiscard]] Config config() const {
    Config config;
    config.redis.url = Secret{server.url()};
    // Generous: what is tested is the outcome, on a machine that may be busy.
    config.redis.connect_timeout = config.redis.command_timeout = std::chrono::seconds{10};
    config.redis.operation_timeout = std::chrono::seconds{40};
    return config;
  }
  [[nodiscard]] static Client open(Config config) {
    auto opened = Client::open(std::move(config));
    if (!opened) throw std::runtime_error("Client::open: " + opened.error().message);
    return std::move(*opened);
  }
  [[nodiscard]] Client open() const { return open(config()); }
  [[nodiscard]] static IssuedSession issue(Client& client, const NewSession& session) {
    auto issued = client.create(session);
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    return std::move(*issued);
  }

  RedisServer& server = RedisServer::shared();
};

[[nodiscard]] inline Patch set(std::string name, std::string json) {
  return {.ops = {{Patch::Kind::set, std::move(name), std::move(json), 0}}};
}

}  // namespace ficha::testing
