// The near cache on a real server: what one process does, another sees.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "core/store/redis_store_fixture.hpp"
#include "ficha/client.hpp"
#include "support/eventually.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Two processes of one system, as two clients: `here` caches, `there` changes things.
class NearCacheStoreTest : public ::testing::Test {
 protected:
  NearCacheStoreTest() { server.command({"FLUSHALL"}); }

  static Client open(const Config& config) {
    auto client = Client::open(config);
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  static IssuedSession issue(Client& client, NewSession wanted = {.principal = "alice"}) {
    auto issued = client.create(wanted);
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    return std::move(*issued);
  }
  static std::optional<Session> load(Client& client, const Token& token, LoadOptions options = {}) {
    auto loaded = client.load(token.reveal(), options);
    if (!loaded) throw std::runtime_error("load: " + loaded.error().message);
    return std::move(*loaded);
  }
  // Without asking Redis.
  static bool cached(Client& client, const Token& token) {
    const auto found = answer(client.try_load(token.reveal(), {.touch = false}));
    return found && *found;
  }
  static bool cached_generation(Client& client, const Token& token, std::uint64_t generation) {
    const auto found = answer(client.try_load(token.reveal(), {.touch = false}));
    return found && *found && (*found)->generation() == generation;
  }
  static Patch patch_of(std::string json) { return {.ops = {{Patch::Kind::set, "v", std::move(json)}}}; }
  static bool revoked(const Result<RevokeOutcome>& outcome) { return outcome && *outcome == RevokeOutcome::revoked; }

  Config config() {
    Config config = config_for(server);
    config.near_cache.enabled = true;
    return config;
  }

  RedisServer& server = RedisServer::shared();
  Client here = open(config());
  Client there = open(config());
};

TEST_F(NearCacheStoreTest, ASecondLoadAsksNobody) {
  const IssuedSession issued = issue(there);
  EXPECT_FALSE(cached(here, issued.token));
  ASSERT_TRUE(load(here, issued.token));
  const Stats before = here.stats();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(load(here, issued.token)->id(), issued.session.id());
  const Stats after = here.stats();
  EXPECT_EQ(after.commands, before.commands);
  EXPECT_EQ(after.hits - before.hits, 100U);
  EXPECT_EQ(after.cache_entries, 1U);
  EXPECT_GT(after.cache_bytes, 0U);
}

TEST_F(NearCacheStoreTest, WhatAnotherProcessDoesIsSeenAfterOnePush) {
  const std::vector<std::function<void(const IssuedSession&)>> deeds = {
      [&](const IssuedSession& issued) { ASSERT_THAT(there.patch(issued.session.id(), patch_of("1")), IsOk()); },
      [&](const IssuedSession& issued) { ASSERT_TRUE(revoked(there.revoke(issued.session.id()))); },
      [&](const IssuedSession&) { ASSERT_THAT(there.revoke_principal("alice"), IsOk()); },
      [&](const IssuedSession&) { ASSERT_THAT(there.patch_principal("alice", patch_of("2")), IsOk()); },
      [&](const IssuedSession& issued) {
        ASSERT_THAT(there.rotate(issued.session.id(), {.grace = seconds{5}}), IsOk());
      },
      [&](const IssuedSession& issued) {
        server.command({"DEL", key_of(issued.session.id())});
      },
      [&](const IssuedSession& issued) {
        server.command({"PEXPIRE", key_of(issued.session.id()), "1"});
      },
      [&](const IssuedSession&) { server.command({"FLUSHALL"}); },
  };
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    const IssuedSession issued = issue(there);
    ASSERT_TRUE(load(here, issued.token));
    ASSERT_TRUE(cached(here, issued.token));
    deeds[i](issued);
    EXPECT_TRUE(eventually([&] { return !cached(here, issued.token); })) << "deed " << i;
  }
}

TEST_F(NearCacheStoreTest, WhatThisProcessDoesItSeesAtOnce) {
  for (int i = 0; i < 200; ++i) {
    const IssuedSession issued = issue(here);
    ASSERT_TRUE(load(here, issued.token));
    ASSERT_OK_AND_ASSIGN(const std::uint64_t generation, here.patch(issued.session.id(), patch_of("1")));
    ASSERT_EQ(load(here, issued.token)->generation(), generation);
    // The write's own push may still invalidate the first read behind it.
    ASSERT_TRUE(
        eventually([&] { return load(here, issued.token) && cached_generation(here, issued.token, generation); }));
    switch (i % 4) {
      case 0:
        ASSERT_TRUE(revoked(here.revoke(issued.session.id())));
        break;
      case 1:
        ASSERT_THAT(here.revoke_principal("alice"), IsOk());
        break;
      case 2:
        ASSERT_THAT(here.rotate(issued.session.id()), IsOk());
        break;
      default:
        ASSERT_THAT(here.login({.session = {.principal = "alice"}, .current = issued.session.id()}), IsOk());
    }
    ASSERT_FALSE(load(here, issued.token)) << i;
  }
}

TEST_F(NearCacheStoreTest, AnEvictionByTheSessionLimitIsSeenAtOnce) {
  Config limited = config();
  limited.session.max_per_principal = 1;
  Client client = open(limited);
  const IssuedSession first = issue(client);
  ASSERT_TRUE(load(client, first.token));
  ASSERT_TRUE(cached(client, first.token));
  issue(client);
  EXPECT_FALSE(load(client, first.token));
}

TEST_F(NearCacheStoreTest, ARotatedTokenWithGraceIsNeverServedFromMemory) {
  const IssuedSession issued = issue(here);
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, here.rotate(issued.session.id(), {.grace = seconds{5}}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(load(here, issued.token)->id(), rotated.session.id());
    EXPECT_FALSE(cached(here, issued.token));
  }
  ASSERT_TRUE(load(here, rotated.token));
  EXPECT_TRUE(cached(here, rotated.token));
}

TEST_F(NearCacheStoreTest, AFreshReadAsksRedisWhateverIsCached) {
  const IssuedSession issued = issue(there);
  ASSERT_TRUE(load(here, issued.token));
  const std::uint64_t before = here.stats().commands;
  ASSERT_TRUE(load(here, issued.token, {.fresh = true}));
  EXPECT_EQ(here.stats().commands, before + 2);
  EXPECT_TRUE(cached(here, issued.token)) << "what was read anew is kept";
  EXPECT_FALSE(answer(here.try_load(issued.token.reveal(), {.fresh = true})));
}

TEST_F(NearCacheStoreTest, WithNearCacheOffEveryLoadAsksRedis) {
  Config off = config();
  off.near_cache.enabled = false;
  Client client = open(off);
  const IssuedSession issued = issue(client);
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = client.stats().commands;
    ASSERT_TRUE(load(client, issued.token));
    EXPECT_GE(client.stats().commands, before + 2);
    EXPECT_FALSE(cached(client, issued.token));
  }
  EXPECT_EQ(client.stats().cache_entries, 0U);
}

TEST_F(NearCacheStoreTest, AnUnknownTokenTakesNoPlace) {
  ASSERT_OK_AND_ASSIGN(const Token unknown, Token::generate_anonymous({}));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(load(here, unknown));
  EXPECT_EQ(here.stats().cache_entries, 0U);
}

TEST_F(NearCacheStoreTest, LargeRecordsAreCachedAsWell) {
  std::string json(60'002, 'x');
  json.front() = json.back() = '"';
  const IssuedSession issued = issue(there, {.principal = "alice", .attributes = {{"a", json}, {"b", json}}});
  ASSERT_TRUE(load(here, issued.token));
  ASSERT_TRUE(cached(here, issued.token));
  EXPECT_EQ(load(here, issued.token)->attribute("b"), json);
}

TEST_F(NearCacheStoreTest, AFullTrackingTableCostsMissesButNoStaleAnswer) {
  server.command({"CONFIG", "SET", "tracking-table-max-keys", "50"});
  std::vector<IssuedSession> issued;
  for (int i = 0; i < 300; ++i) {
    issued.push_back(issue(there, {.principal = "user-" + std::to_string(i)}));
    ASSERT_TRUE(load(here, issued.back().token));
  }
  EXPECT_TRUE(eventually([&] { return here.stats().invalidations >= 200; }));
  for (const IssuedSession& one : issued) ASSERT_TRUE(revoked(there.revoke(one.session.id())));
  for (const IssuedSession& one : issued) EXPECT_TRUE(eventually([&] { return !cached(here, one.token); }));
  server.command({"CONFIG", "SET", "tracking-table-max-keys", "1000000"});
}

TEST_F(NearCacheStoreTest, ABrokenLinkEmptiesTheCacheAndItComesBack) {
  const IssuedSession issued = issue(there);
  ASSERT_TRUE(load(here, issued.token));
  server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  ASSERT_TRUE(eventually([&] { return here.stats().flushes_disconnect == 1; }));
  EXPECT_FALSE(cached(here, issued.token));
  ASSERT_TRUE(eventually([&] { return here.load(issued.token.reveal()).has_value(); }));
  EXPECT_TRUE(eventually([&] { return cached(here, issued.token); }));
}

TEST_F(NearCacheStoreTest, AStoppedServerIsNotTrustedBeyondMaxStaleness) {
  Config config = this->config();
  config.near_cache.max_staleness = milliseconds{300};
  config.redis.command_timeout = seconds{10};  // so that nothing but the proof's age ends the hits
  config.redis.operation_timeout = seconds{20};
  Client client = open(config);
  const IssuedSession issued = issue(there);
  ASSERT_TRUE(load(client, issued.token));
  server.pause();
  const auto stopped = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] { return !cached(client, issued.token); }));
  const auto served_for = std::chrono::steady_clock::now() - stopped;
  EXPECT_LE(served_for, milliseconds{600}) << "max_staleness and what a loaded machine adds";
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(cached(client, issued.token));
  server.resume();
  EXPECT_TRUE(eventually([&] { return client.load(issued.token.reveal()) && cached(client, issued.token); }));
  EXPECT_EQ(client.stats().flushes_staleness, 1U);
}

TEST_F(NearCacheStoreTest, AnIdleLinkProvesItselfSoThatHitsGoOn) {
  Config config = this->config();
  config.near_cache.max_staleness = milliseconds{200};
  Client client = open(config);
  const IssuedSession issued = issue(there);
  ASSERT_TRUE(load(client, issued.token));
  const auto until = std::chrono::steady_clock::now() + milliseconds{800};
  while (std::chrono::steady_clock::now() < until) ASSERT_TRUE(cached(client, issued.token));
}

TEST_F(NearCacheStoreTest, ManyUsersOfOneSessionTouchItOncePerQuantum) {
  // Idle 16 s: a quantum is one second. Two processes, 1.5 s: at most two effective touches in all.
  const IssuedSession issued = issue(there, {.principal = "alice", .idle_timeout = seconds{16}});
  const auto until = std::chrono::steady_clock::now() + milliseconds{1500};
  while (std::chrono::steady_clock::now() < until) {
    ASSERT_TRUE(load(here, issued.token));
    ASSERT_TRUE(load(there, issued.token));
  }
  const std::uint64_t effective = here.stats().touches_effective + there.stats().touches_effective;
  EXPECT_GE(effective, 1U);
  EXPECT_LE(effective, 2U);
  EXPECT_LE(here.stats().touches_sent + there.stats().touches_sent, 4U);
  EXPECT_TRUE(eventually([&] { return cached(here, issued.token) && cached(there, issued.token); }))
      << "a touch leaves both with an entry";
}

TEST_F(NearCacheStoreTest, ReadingWithoutTouchSendsNone) {
  const IssuedSession issued = issue(there, {.principal = "alice", .idle_timeout = seconds{1}});
  while (load(here, issued.token, {.touch = false})) {
  }
  EXPECT_EQ(here.stats().touches_sent, 0U);
}

#ifndef __SANITIZE_THREAD__  // which cannot follow a process with threads through fork()

TEST_F(NearCacheStoreTest, AForkedChildHasACacheOfItsOwn) {
  const IssuedSession issued = issue(there);
  ASSERT_TRUE(load(here, issued.token));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool inherited = cached(here, issued.token);
    const bool loads = load(here, issued.token).has_value() && cached(here, issued.token);
    ::_exit(!inherited && loads ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(cached(here, issued.token)) << "the parent's is untouched";
}

#endif

}  // namespace
}  // namespace ficha::testing
