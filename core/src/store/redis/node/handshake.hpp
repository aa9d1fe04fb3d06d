// What is said on a new connection, and what the answers mean. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "store/redis/node/connection.hpp"

namespace ficha::redis {

struct Handshake {
  Secret bytes;          // with the password
  std::size_t commands;  // how many replies they get
  std::size_t memory;    // the index of INFO memory; INFO stats and TIME follow
  bool tracking;         // CLIENT TRACKING is right before INFO memory

  // INFO, and CLIENT TRACKING, which managed services may lack.
  [[nodiscard]] bool may_refuse(std::size_t command) const noexcept {
    return command == memory || command == memory + 1 || (tracking && command + 1 == memory);
  }
};

// What a server that may be used said of itself.
struct ServerFacts {
  bool cluster = false;
  bool tracking = false;         // CLIENT TRACKING is on
  std::string tracking_refusal;  // the error code with which it was refused
};

// HELLO 3 with AUTH, SELECT, CLIENT TRACKING ON, INFO memory, INFO stats, TIME: in one write; TIME is always the last.
// Tracking is the default mode, without NOLOOP, which would drop our own registration with our own write.
[[nodiscard]] Handshake make_handshake(const ConnectionSettings& settings);

// A replica is refused: one that has not synchronized yet knows no session, and "no such session" would be false.
// The messages hold no credential, and no text of the server's that could.
// Errors: access_denied; invalid_config for a Sentinel, and for a database that a cluster does not have; unavailable.
[[nodiscard]] Result<ServerFacts> judge_handshake(const ConnectionSettings& settings, std::span<const Reply> replies);

// What only a primary that may serve answers rightly, and TIME. A cluster's primary without quorum, or cut off, goes on
// answering everything that does not write; PEXPIREAT with GT of a key that nobody ever makes writes nothing.
[[nodiscard]] Commands make_probe(const ConnectionSettings& settings, bool cluster);

enum class ProbeVerdict : std::uint8_t {
  proves,    // the server was primary when it answered
  unproven,  // it does not say so now
  replica,   // it is one
};
[[nodiscard]] ProbeVerdict judge_probe(bool cluster, ReplyView reply);

// The answer to TIME in Unix milliseconds; nullopt for an error or another shape.
[[nodiscard]] std::optional<std::int64_t> parse_time(ReplyView reply) noexcept;

}  // namespace ficha::redis
