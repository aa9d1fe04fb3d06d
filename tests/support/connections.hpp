// Connections to a test's server, and commands over them.
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/redis/node/connection.hpp"
#include "store/redis/socket/url.hpp"
#include "support/redis_server.hpp"

namespace ficha::testing {

// Of one of the server's URLs, with the product's own defaults but for the time it is given.
[[nodiscard]] inline redis::ConnectionSettings settings_for(const std::string& url) {
  RedisConfig config;
  config.url = Secret{url};
  return {.endpoint = redis::parse_endpoint(config).value(),
          .connect_timeout = std::chrono::milliseconds{250},
          .command_timeout = std::chrono::milliseconds{250},
          .max_in_flight = config.max_in_flight,
          .probe_interval = std::chrono::milliseconds{500},
          .probe_key = "ficha:{0000}@",
          .tracking = true,
          .max_string_bytes = 1U << 20U};
}

[[nodiscard]] inline redis::Commands command(redis::Effect effect, const std::vector<std::string>& arguments) {
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  redis::Commands commands{effect};
  commands.add(views, redis::Shape::any);
  return commands;
}

[[nodiscard]] inline redis::Commands reading(const std::vector<std::string>& arguments) {
  return command(redis::Effect::read, arguments);
}

[[nodiscard]] inline redis::Commands writing(const std::vector<std::string>& arguments) {
  return command(redis::Effect::write, arguments);
}

using Replies = std::vector<redis::Reply>;

inline Task<Replies> ask(redis::Connection& connection, redis::Commands commands) {
  co_return co_await connection.send(std::move(commands));
}

// As a thread of the product calls: blocks, and reads for everybody meanwhile.
[[nodiscard]] inline Result<Replies> call(redis::Connection& connection, redis::Commands commands) {
  Waiter waiter;
  Result<Replies> outcome = Error{ErrorCode::closed, "never completed"};
  start(ask(connection, std::move(commands)), [&](Result<Replies> replies) {
    outcome = std::move(replies);
    waiter.finish();
  });
  connection.wait(waiter);
  return outcome;
}

// As an asynchronous caller: nobody blocks, the I/O thread reads.
[[nodiscard]] inline std::future<Result<Replies>> submit(redis::Connection& connection, redis::Commands commands) {
  auto promise = std::make_shared<std::promise<Result<Replies>>>();
  std::future<Result<Replies>> future = promise->get_future();
  start(ask(connection, std::move(commands)),
        [promise](Result<Replies> replies) { promise->set_value(std::move(replies)); });
  return future;
}

// The one reply's text, or the error's.
[[nodiscard]] inline std::string text_of(const Result<Replies>& replies) {
  if (!replies) return std::string{name(replies.error().code)} + ": " + replies.error().message;
  return std::string{redis::view(replies->front()).text()};
}

}  // namespace ficha::testing
