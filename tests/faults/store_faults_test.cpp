// Every way in which a Redis that answers can refuse: the error it must give, what must not have happened, and the recovery.
#include <hiredis/hiredis.h>

#include <filesystem>
#include <mutex>

#include "core/store/redis_store_fixture.hpp"
#include "core/unit/vectors.hpp"
#include "support/eventually.hpp"

namespace ficha::testing {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Patch roles(std::vector<std::string> roles) {
  Patch patch;
  patch.roles = std::move(roles);
  return patch;
}

// A store on a server that the test may break.
class StoreFaultTest : public ::testing::Test {
 protected:
  explicit StoreFaultTest(RedisOptions options = {}) : server(std::move(options)), config(config_for(server)) {}

  Hooks hooks() {
    Hooks hooks;
    hooks.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock{log_mutex_};
      log_.emplace_back(line);
    };
    return hooks;
  }
  std::vector<std::string> logged(std::string_view part) {
    const std::lock_guard lock{log_mutex_};
    std::vector<std::string> lines;
    for (const std::string& line : log_) {
      if (line.find(part) != std::string::npos) lines.push_back(line);
    }
    return lines;
  }
  SessionStore& store() {
    if (!store_) store_ = open_store(config, hooks());
    return *store_;
  }
  template <class T>
  Result<T> wait_for(Task<T> task) {
    return await(store(), std::move(task));
  }
  Result<IssuedSession> create(std::string principal = "alice") {
    return wait_for(store().create({.principal = std::move(principal)}));
  }
  Result<std::optional<Session>> load(const Token& token, LoadOptions options = {}) {
    return wait_for(store().load(token, options));
  }
  bool live(const Token& token) {
    const auto loaded = load(token, {.touch = false, .fresh = true});
    return loaded && *loaded;
  }
  // The first operation on a server that works again, within a second.
  bool creates_again() {
    return eventually([&] { return create().has_value(); }, seconds{1});
  }

  RedisServer server;
  Config config;

 private:
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<SessionStore> store_;
};

class OutOfMemoryTest : public StoreFaultTest {
 protected:
  OutOfMemoryTest() : StoreFaultTest({.arguments = {"--maxmemory-policy", "noeviction"}}) {}
};

TEST_F(OutOfMemoryTest, WhatNeedsMemoryIsRefusedAndReadingAndRevokingGoOn) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession kept, create());
  ASSERT_OK_AND_ASSIGN(const IssuedSession revoked, create());
  ASSERT_OK_AND_ASSIGN(const IssuedSession one_of_bob, create("bob"));
  server.command({"CONFIG", "SET", "maxmemory", "1"});

  EXPECT_THAT(create(), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().patch(kept.session.id(), roles({"x"}))), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().rotate(kept.session.id(), {.grace = seconds{5}})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().reauthenticate(kept.session.id(), {.principal = "alice"})),
              FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(kept.token));
  ASSERT_OK_AND_ASSIGN(const RevokeOutcome outcome, wait_for(store().revoke(revoked.session.id())));
  EXPECT_EQ(outcome, RevokeOutcome::revoked);
  EXPECT_FALSE(live(revoked.token));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t count, wait_for(store().revoke_principal("bob", std::nullopt)));
  EXPECT_EQ(count, 1U);

  server.command({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(creates_again());
}

TEST_F(OutOfMemoryTest, ASessionLimitEvictsNobodyForASessionThatCannotBeWritten) {
  config.session.max_per_principal = 1;
  ASSERT_OK_AND_ASSIGN(const IssuedSession kept, create());
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT(create(), FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(kept.token));
}

class ReplicaTest : public StoreFaultTest {
 protected:
  ReplicaTest() : StoreFaultTest({.arguments = {"--repl-diskless-sync-delay", "0"}}) {
    replica.command({"REPLICAOF", "127.0.0.1", std::to_string(server.port())});
    replicated = eventually([&] { return replica.info("master_link_status") == "up"; });
    to_replica = open_store(config_for(replica), hooks());
  }
  RedisServer replica;
  std::unique_ptr<SessionStore> to_replica;
  bool replicated = false;
};

TEST_F(ReplicaTest, AReadOnlyReplicaIsReadAndRefusesEveryWrite) {
  ASSERT_TRUE(replicated);
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const SessionId id = issued.session.id();
  ASSERT_TRUE(eventually([&] { return replica.command({"EXISTS", key_of(id)}).integer == 1; }));

  ASSERT_OK_AND_ASSIGN(const auto loaded, await(*to_replica, to_replica->load(issued.token, {})));
  EXPECT_TRUE(loaded);
  EXPECT_THAT(await(*to_replica, to_replica->create({.principal = "alice"})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->patch(id, roles({"x"}))), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->rotate(id, {})), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->revoke(id)), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(await(*to_replica, to_replica->revoke_principal("alice", std::nullopt)),
              FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(issued.token));

  replica.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_THAT(await(*to_replica, to_replica->create({.principal = "alice"})), IsOk());
}

TEST_F(ReplicaTest, ATouchThatIsRefusedFailsNoReadAndIsSaidOnce) {
  ASSERT_TRUE(replicated);
  // Their key expires long before the idle timeout would end them, so every read has a touch due.
  std::vector<Token> tokens;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
    server.command({"PEXPIRE", key_of(issued.session.id()), "60000"});
    tokens.push_back(issued.token);
  }
  const std::string last = key_of(tokens.back().id());
  ASSERT_TRUE(eventually([&] {
    const std::int64_t left = replica.command({"PTTL", last}).integer;
    return left > 0 && left <= 60'000;
  }));
  for (const Token& token : tokens) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, await(*to_replica, to_replica->load(token, {})));
    EXPECT_TRUE(loaded);
  }
  EXPECT_TRUE(eventually([&] { return !logged("READONLY").empty(); }));
  ASSERT_THAT(await(*to_replica, to_replica->load(tokens[0], {})), IsOk());
  EXPECT_EQ(logged("READONLY").size(), 1U);
  Stats stats;
  to_replica->add_stats(stats);
  EXPECT_EQ(stats.touches_sent, 3U);
  EXPECT_EQ(stats.touches_effective, 0U);
}

class CannotSaveTest : public StoreFaultTest {
 protected:
  CannotSaveTest() : StoreFaultTest({.arguments = {"--save", "3600 1000000"}}) {}
};

TEST_F(CannotSaveTest, ARedisThatCannotSaveRefusesWritesAndIsRead) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const auto dump = server.directory() / "dump.rdb";
  std::filesystem::create_directory(dump);  // cannot be replaced by a file
  server.command({"BGSAVE"});
  ASSERT_TRUE(eventually([&] { return server.info("rdb_last_bgsave_status") == "err"; }));

  EXPECT_THAT(create(), FailsWith(ErrorCode::write_refused));
  EXPECT_THAT(wait_for(store().revoke(issued.session.id())), FailsWith(ErrorCode::write_refused));
  EXPECT_TRUE(live(issued.token));

  std::filesystem::remove(dump);
  server.command({"BGSAVE"});
  ASSERT_TRUE(eventually([&] { return server.info("rdb_last_bgsave_status") == "ok"; }));
  EXPECT_TRUE(creates_again());
}

class ScriptFaultTest : public StoreFaultTest {
 protected:
  ScriptFaultTest() : StoreFaultTest({.arguments = {"--busy-reply-threshold", "5"}}) {}
};

TEST_F(ScriptFaultTest, WhileAScriptHogsRedisEverythingIsUnavailable) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  const std::unique_ptr<redisContext, decltype(&redisFree)> hog{redisConnect("127.0.0.1", server.port()), redisFree};
  ASSERT_EQ(redisAppendCommand(hog.get(), "EVAL %s 0", "while true do end"), REDIS_OK);
  int flushed = 0;
  while (!flushed) ASSERT_EQ(redisBufferWrite(hog.get(), &flushed), REDIS_OK);
  ASSERT_TRUE(eventually([&] { return server.command({"PING"}).text.starts_with("BUSY"); }));

  EXPECT_THAT(load(issued.token), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(create(), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(wait_for(store().revoke(issued.session.id())), FailsWith(ErrorCode::unavailable));

  server.command({"SCRIPT", "KILL"});
  ASSERT_TRUE(eventually([&] { return !server.command({"PING"}).text.starts_with("BUSY"); }));
  EXPECT_TRUE(creates_again());
  EXPECT_TRUE(live(issued.token));
}

TEST_F(ScriptFaultTest, AServerThatHasForgottenTheScriptsIsTaughtThemAgain) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  server.command({"SCRIPT", "FLUSH"});
  EXPECT_THAT(wait_for(store().patch(issued.session.id(), roles({"x"}))), IsOk());
  server.command({"SCRIPT", "FLUSH"});
  EXPECT_THAT(wait_for(store().rotate(issued.session.id(), {})), IsOk());
  server.restart();
  EXPECT_TRUE(creates_again());
}

class AccessTest : public StoreFaultTest {
 protected:
  // Everything RedisStore sends, and what its scripts call. HELLO and AUTH are always allowed, and a PING that is refused
  // does its duty as well.
  static constexpr std::string_view needed[] = {
      "client|tracking",
      "time",  // connection
      "get",
      "pttl",
      "pexpireat",  // reading and touching
      "evalsha",
      "eval",
      "set",
      "exists",
      "pexpiretime",
      "unlink",
      "getdel",  // sessions
      "zadd",
      "zcard",
      "zrange",
      "zrem",
      "zscore",  // the index
  };
  void allow(std::string_view but = {}) {
    std::vector<std::string> rule = {"ACL", "SETUSER", "ficha", "reset", "on", ">right", "~ficha:*"};
    for (const std::string_view command : needed) {
      if (command != but) rule.emplace_back(1, '+').append(command);
    }
    ASSERT_EQ(server.command(rule).text, "OK");
  }
  // Every operation of a store; the codes of those that failed.
  std::vector<ErrorCode> everything() {
    const auto store = open_store(config);
    std::vector<ErrorCode> failures;
    const auto note = [&](const auto& result) {
      if (!result) failures.push_back(result.error().code);
      return result.has_value();
    };
    note(await(*store, store->create({.principal = "alice"})));
    note(await(*store, store->create({.principal = "alice"})));
    const auto issued = await(*store, store->create({.principal = "alice"}));  // evicts
    if (note(issued)) {
      const SessionId id = issued->session.id();
      note(await(*store, store->patch(id, roles({"x"}))));
      const auto rotated = await(*store, store->rotate(id, {}));
      if (note(rotated)) {
        server.command({"PEXPIRE", key_of(rotated->session.id()), "60000"});
        note(await(*store, store->load(rotated->token, {})));
        if (!eventually([&] { return touched(*store); }, seconds{1})) failures.push_back(ErrorCode::write_refused);
        note(await(*store, store->list("alice")));
        note(await(*store, store->patch_principal("alice", roles({"y"}))));
        note(await(*store, store->revoke(rotated->session.id())));
      }
    }
    note(await(*store, store->revoke_principal("alice", std::nullopt)));
    return failures;
  }
  static bool touched(SessionStore& store) {
    Stats stats;
    store.add_stats(stats);
    return stats.touches_effective > 0;
  }
};

TEST_F(AccessTest, AUserWithTheseCommandsAndItsNamespaceCanDoEverything) {
  config.redis.username = "ficha";
  config.redis.password = Secret{"right"};
  config.session.max_per_principal = 2;
  config.near_cache.enabled = true;
  allow();
  EXPECT_THAT(everything(), ElementsAre());
}

TEST_F(AccessTest, NoneOfTheseCommandsIsNeedless) {
  config.redis.username = "ficha";
  config.redis.password = Secret{"right"};
  config.redis.connect_timeout = milliseconds{200};
  config.session.max_per_principal = 2;
  config.near_cache.enabled = true;
  for (const std::string_view command : needed) {
    server.command({"FLUSHALL"});
    server.command({"SCRIPT", "FLUSH"});
    allow(command);
    EXPECT_FALSE(everything().empty()) << command;
  }
}

TEST_F(AccessTest, WhatTheUserMayNotDoIsAccessDenied) {
  config.redis.username = "ficha";
  config.redis.password = Secret{"right"};
  allow("get");
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
  EXPECT_THAT(load(issued.token), FailsWith(ErrorCode::access_denied));
  EXPECT_THAT(wait_for(store().patch(issued.session.id(), roles({"x"}))), FailsWith(ErrorCode::access_denied));
  server.command({"ACL", "SETUSER", "ficha", "+get", "resetkeys", "~other:*"});
  EXPECT_THAT(load(issued.token), FailsWith(ErrorCode::access_denied));
  server.command({"ACL", "SETUSER", "ficha", "~ficha:*"});
  EXPECT_TRUE(live(issued.token));
}

TEST_F(AccessTest, AWrongPasswordIsAccessDeniedUntilItIsRight) {
  allow();
  config.redis.username = "ficha";
  config.redis.password = Secret{"wrong"};
  const auto failed = create();
  EXPECT_THAT(failed, FailsWith(ErrorCode::access_denied));
  EXPECT_EQ(failed.error().message.find("wrong"), std::string::npos);
  server.command({"ACL", "SETUSER", "ficha", ">wrong"});
  EXPECT_TRUE(creates_again());
}

// What lies under a session's key and is none.
class CorruptRecordTest : public RedisStoreTest {
 protected:
  // One operation on a connection of its own: a wrong guard closes it.
  template <class Operation>
  auto afresh(Operation operation) {
    const auto store = open_store(config);
    return await(*store, operation(*store));
  }
  // No operation takes what lies under the id for a session, and none makes it one.
  void expect_corrupt(const SessionId& id) {
    const auto rotate = [&](SessionStore& store) { return store.rotate(id, {}); };
    const auto patch = [&](SessionStore& store) {
      Patch set;
      set.ops = {{Patch::Kind::set, "x", "1"}};
      return store.patch(id, set);
    };
    const auto revoke = [&](SessionStore& store) { return store.revoke(id); };
    const std::string before = server.command({"DUMP", key_of(id)}).text;
    EXPECT_THAT(afresh(rotate), FailsWith(ErrorCode::corrupt_record));
    EXPECT_THAT(afresh(revoke), FailsWith(ErrorCode::corrupt_record));
    EXPECT_EQ(server.command({"DUMP", key_of(id)}).text, before);
    if (!afresh(patch)) {
      EXPECT_EQ(server.command({"DUMP", key_of(id)}).text, before);
    }
    EXPECT_THAT(afresh(rotate), FailsWith(ErrorCode::corrupt_record)) << "once patched";
  }
  Token some_token() { return *Token::generate(route_of("alice"), {}); }
  static RecordFields fields_of(const SessionId& id) {
    RecordFields fields;
    fields.guard = id.guard();
    fields.created_at = 1'700'000'000;
    fields.expires_at = 4'102'444'800;
    fields.principal = "alice";
    return fields;
  }
};

TEST_F(CorruptRecordTest, EveryHostileRecordOfTheVectorsIsAnErrorAndStaysAsItIs) {
  const auto vectors = load_vectors("records.json");
  ASSERT_FALSE(vectors["hostile"].empty());
  for (const auto& vector : vectors["hostile"]) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    const SessionId id = *SessionId::parse(vector["id"].get<std::string>());
    std::string record = bytes_of(vector["hex"]);
    // They were to expire in 2023; now in 2100, so that they are not past their deadline.
    if (const auto at = record.find("\xce\x65\x54\x99\xc0"); at != std::string::npos) {
      record.replace(at, 5, "\xce\xf4\x86\x57\x00"s);
    }
    server.command({"SET", key_of(id), record, "PX", "600000"});
    expect_corrupt(id);
  }
}

TEST_F(CorruptRecordTest, AnotherTypeIsAnErrorAndStaysAsItIs) {
  const Token token = some_token();
  server.command({"HSET", key_of(token.id()), "data", "1"});
  EXPECT_THAT(load(token), FailsWith(ErrorCode::corrupt_record));
  expect_corrupt(token.id());
}

TEST_F(CorruptRecordTest, AnIndexOfAnotherTypeLetsNoSessionBeMade) {
  server.command({"SET", index_of("alice"), "x"});
  EXPECT_THAT(wait_for(store().create({.principal = "alice"})), FailsWith(ErrorCode::corrupt_record));
  EXPECT_EQ(integer({"DBSIZE"}), 1);
  EXPECT_THAT(wait_for(store().list("alice")), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(wait_for(store().revoke_principal("alice", std::nullopt)), FailsWith(ErrorCode::corrupt_record));
}

TEST_F(CorruptRecordTest, ASessionThatNeverExpiresIsADefect) {
  const Token token = plant([](const SessionId& id) { return encode_record(fields_of(id)); }, /*expiring=*/false);
  EXPECT_THAT(load(token), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(wait_for(store().patch(token.id(), roles({"x"}))), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(wait_for(store().rotate(token.id(), {})), FailsWith(ErrorCode::corrupt_record));
}

TEST_F(CorruptRecordTest, ASessionPastItsAbsoluteDeadlineIsGoneWhateverItsTtl) {
  const Token token = plant([](const SessionId& id) {
    RecordFields fields = fields_of(id);
    fields.expires_at = 1'700'000'001;
    return encode_record(fields);
  });
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(token));
  EXPECT_FALSE(loaded);
  EXPECT_THAT(wait_for(store().patch(token.id(), roles({"x"}))), FailsWith(ErrorCode::session_gone));
  EXPECT_THAT(wait_for(store().reauthenticate(token.id(), {.principal = "alice"})), FailsWith(ErrorCode::session_gone));
}

TEST_F(CorruptRecordTest, SomebodyElsesRecordClosesTheConnection) {
  const IssuedSession honest = issue({.principal = "alice"});
  const Token token = plant([&](const SessionId&) { return get(key_of(honest.session.id())); });
  const std::int64_t before = std::stoll(server.info("total_connections_received"));
  EXPECT_THAT(load(token), FailsWith(ErrorCode::corrupt_record));
  EXPECT_TRUE(eventually(
      [&] {
        const auto loaded = load(honest.token);
        return loaded && *loaded;
      },
      seconds{1}));
  EXPECT_EQ(std::stoll(server.info("total_connections_received")), before + 1);
}

TEST_F(CorruptRecordTest, ReAuthenticationUnderAnotherNameIsRefused) {
  const IssuedSession of_alice = issue({.principal = "alice"});
  EXPECT_THAT(wait_for(store().reauthenticate(of_alice.session.id(), {.principal = "bob"})),
              FailsWith(ErrorCode::invalid_argument));
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(of_alice.token));
  EXPECT_TRUE(loaded);
  EXPECT_EQ(index_size("bob"), 0U);
}

// One principal with a hundred thousand sessions. One step may block Redis for 5 ms.
class ManySessionsTest : public StoreFaultTest {
 protected:
  static constexpr int count = 100'000;
  static constexpr double most_milliseconds = 5;

  // Their ids begin like a real one of alice's and end in a number.
  void plant_many() {
    ASSERT_OK_AND_ASSIGN(const IssuedSession issued, create());
    const SessionId id = issued.session.id();
    server.command({"EVAL", R"(
      local record = redis.call('GET', KEYS[1])
      local head, guard = ARGV[1]:sub(1, 13), ARGV[1]:sub(14)
      local at = record:find(guard, 1, true)
      local before, after = record:sub(1, at - 1), record:sub(at + 11)
      for i = 1, tonumber(ARGV[2]) do
        local own = string.format('%011d', i)
        redis.call('SET', KEYS[1]:sub(1, -25) .. head .. own, before .. own .. after, 'EX', 3600)
        redis.call('ZADD', KEYS[2], 4102444800 + i / 1e5, head .. own)
      end)",
                    "2", key_of(id), index_of("alice"), std::string{id.str()}, std::to_string(count - 1)});
    ASSERT_EQ(server.command({"ZCARD", index_of("alice")}).integer, count);
    server.command({"CONFIG", "RESETSTAT"});
    cpu_seconds_before = cpu_seconds();
  }
  double cpu_seconds() {
    return std::stod(server.info("used_cpu_user_main_thread")) + std::stod(server.info("used_cpu_sys_main_thread"));
  }
  // Of the server's own time, on average: what SLOWLOG measures also counts when others had the processor. All steps but the
  // last are of one size.
  double milliseconds_per_step(std::string_view command) {
    const std::string calls = server.info("cmdstat_" + std::string{command}).substr("calls="s.size());
    return (cpu_seconds() - cpu_seconds_before) * 1000 / std::stod(calls);
  }
  double cpu_seconds_before = 0;
};

TEST_F(ManySessionsTest, AllAreRevokedInStepsThatDoNotBlockRedis) {
  plant_many();
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", std::nullopt)));
  EXPECT_EQ(revoked, static_cast<std::uint64_t>(count));
  EXPECT_EQ(server.command({"DBSIZE"}).integer, 0);
  EXPECT_LT(milliseconds_per_step("evalsha"), most_milliseconds / 2);
}

TEST_F(ManySessionsTest, AllArePatchedInStepsThatDoNotBlockRedis) {
  plant_many();
  ASSERT_OK_AND_ASSIGN(const std::uint64_t patched, wait_for(store().patch_principal("alice", roles({"x"}))));
  EXPECT_EQ(patched, static_cast<std::uint64_t>(count));
  EXPECT_LT(milliseconds_per_step("evalsha"), most_milliseconds / 2);
}

TEST_F(ManySessionsTest, AllAreListedInStepsThatDoNotBlockRedis) {
  plant_many();
  ASSERT_OK_AND_ASSIGN(const auto listed, wait_for(store().list("alice")));
  EXPECT_EQ(listed.size(), static_cast<std::size_t>(count));
  EXPECT_LT(milliseconds_per_step("zrange"), most_milliseconds / 2);
}

TEST_F(ManySessionsTest, ALoginUnderALimitThatWasLoweredDoesNotBlockRedis) {
  plant_many();
  Config limited = config;
  limited.session.max_per_principal = 5;
  const auto limiting = open_store(limited);
  ASSERT_THAT(await(*limiting, limiting->create({.principal = "alice"})), IsOk());
  EXPECT_EQ(server.command({"ZCARD", index_of("alice")}).integer, 5);
  EXPECT_LT(milliseconds_per_step("evalsha"), most_milliseconds / 2);
}

}  // namespace
}  // namespace ficha::testing
