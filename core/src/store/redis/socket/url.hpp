// Where a Redis is and how to get in.
#pragma once

#include <cstdint>
#include <string>

#include "ficha/config.hpp"

namespace ficha::redis {

struct Endpoint {
  std::string host;  // name or address, without brackets; empty for a Unix socket
  std::uint16_t port = 6379;
  std::string socket_path;
  bool tls = false;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string username;  // empty with a password: the server's default user
  Secret password;
  int database = 0;
};

// redis://, rediss:// and unix:// URLs (percent-encoded user and password), with RedisConfig's own fields on top.
// Errors: invalid_config; the message names the part that is wrong and never holds the password.
[[nodiscard]] Result<Endpoint> parse_endpoint(const RedisConfig& config);

// "127.0.0.1:6379", "[::1]:6379" or "/run/redis.sock": for messages.
[[nodiscard]] std::string address(const Endpoint& endpoint);

}  // namespace ficha::redis
