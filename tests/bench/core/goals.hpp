// What this program is to show, and which of its benchmarks shows it.
#pragma once

#include <string_view>

namespace ficha::bench {

struct Goal {
  std::string_view id;
  std::string_view benchmark;
  std::string_view what;
  std::string_view op;  // of ratio and target: ">=" or "<="
  double target;
};

inline constexpr Goal goals[] = {
    {"P1", "P1", "authorize on a near-cache hit against one hiredis GET round trip", ">=", 80},
    {"P2a", "P2", "near-cache read, two threads, against an LRU list behind one mutex", ">=", 4},
    {"P2b", "P2", "near-cache read, two threads, against 64 mutex shards", ">=", 2},
    {"P2c", "P2", "near-cache read, two threads against one: throughput", ">=", 1.7},
    {"P3", "P3", "token to id, against EVP_Digest(EVP_sha256()) alone", ">=", 3},
    {"P7a", "LOAD", "near-cache miss, against one hiredis GET", "<=", 1.15},
    {"P7b", "P7b", "server CPU of a miss, against CACHING + MULTI + PTTL + GET + EXEC", "<=", 0.75},
    {"P8a", "P8a", "64 blocking threads missing, against a hiredis connection per thread", ">=", 1.6},
    {"P8b", "LOAD", "one thread missing, against a hiredis connection of its own", "<=", 1.1},
    {"P9a", "P9a", "256 asynchronous misses in flight, against redis-benchmark -c 1 -P 256", ">=", 0.5},
    {"P10a", "P10", "Redis commands for a million requests of 50 hot sessions, against express-session + connect-redis",
     "<=", 0.001},
    {"P10b", "P10", "effective touches per session and quantum, over 4 processes", "<=", 1},
    {"P11a", "P11", "bytes per session in Redis, against a listpack hash", "<=", 0.85},
    {"P11b", "P11", "bytes per session in Redis, against a hash with one 65-byte field", "<=", 0.35},
    {"P11c", "P11", "bytes per session in Redis, against connect-redis' record", "<=", 0.9},
    {"P12", "P12", "revoke acknowledged in one process, refused in another: p99 against a bare push", "<=", 2},
};

}  // namespace ficha::bench
