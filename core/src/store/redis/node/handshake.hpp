// What is said on a new connection, and what the answers mean. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "store/redis/node/connection.hpp"

namespace ficha::redis {

struct Handshake {
  Secret bytes;          // with the password
  std::size_t commands;  // how many replies they get
  std::size_t optional;  // the first of the two that a server may refuse: INFO memory and INFO stats

  [[nodiscard]] bool may_refuse(std::size_t command) const noexcept {
    return command == optional || command == optional + 1;
  }
};

// HELLO 3 with AUTH, SELECT, CLIENT TRACKING ON, INFO memory, INFO stats, TIME: in one write; TIME is always the last.
// Tracking is the default mode, without NOLOOP, which would drop our own registration with our own write.
[[nodiscard]] Handshake make_handshake(const ConnectionSettings& settings);

// Why the connection cannot be used; nullopt if it can. The messages hold no credential, and no text of the server's
// that could.
// Errors: access_denied, unavailable.
[[nodiscard]] std::optional<Error> judge_handshake(const ConnectionSettings& settings, std::span<const Reply> replies);

// The answer to TIME in Unix milliseconds; nullopt for an error or another shape.
[[nodiscard]] std::optional<std::int64_t> parse_time(ReplyView reply) noexcept;

}  // namespace ficha::redis
