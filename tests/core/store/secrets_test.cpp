// A token is known to the client that holds it, and to nobody who reads what Redis or the logs were given.
#include <hiredis/hiredis.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "core/store/redis_store_fixture.hpp"
#include "support/eventually.hpp"

namespace ficha::testing {
namespace {

using namespace std::string_literals;
using std::chrono::seconds;

// Everything that a server is told, as MONITOR shows it.
class Monitor {
 public:
  explicit Monitor(const RedisServer& server) : context_{redisConnect("127.0.0.1", server.port()), redisFree} {
    freeReplyObject(redisCommand(context_.get(), "MONITOR"));
    thread_ = std::thread([this] {
      void* line = nullptr;
      while (redisGetReply(context_.get(), &line) == REDIS_OK && line) {
        const auto* reply = static_cast<redisReply*>(line);
        text_.append(reply->str, reply->len).append("\n");
        const bool last = text_.find(end_mark) != std::string::npos;
        freeReplyObject(line);
        if (last) return;
      }
    });
  }
  // All of it, up to now.
  std::string finish(RedisServer& server) {
    server.command({"ECHO", end_mark});
    thread_.join();
    return text_;
  }

 private:
  static constexpr const char* end_mark = "end-of-monitoring";
  std::unique_ptr<redisContext, decltype(&redisFree)> context_;
  std::thread thread_;
  std::string text_;
};

std::string read_directory(const std::filesystem::path& directory) {
  std::ostringstream text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) text << std::ifstream{entry.path(), std::ios::binary}.rdbuf();
  }
  return text.str();
}

class SecretsTest : public ::testing::Test {
 protected:
  // Every operation, on a live, a superseded and a dead session; also on what was never issued.
  void use_everything(SessionStore& store) {
    const auto keep = [&](const Result<IssuedSession>& issued) {
      if (!issued) throw std::runtime_error(issued.error().message);
      tokens.push_back(issued->token);
      return issued->session.id();
    };
    const auto expect_done = [](const auto& result) { EXPECT_TRUE(result.has_value()); };
    Patch patch;
    patch.ops = {{Patch::Kind::set, "theme", "\"dark\""}};
    patch.roles = std::vector{"auditor"s};
    const SessionId first = keep(await(store, store.create({.principal = "alice", .roles = {"customer"}})));
    const SessionId second = keep(await(store, store.create({.principal = "alice"})));
    keep(await(store, store.create({})));
    expect_done(await(store, store.patch(first, patch)));
    const SessionId rotated = keep(await(store, store.rotate(first, {.grace = seconds{20}})));
    keep(await(store, store.rotate(second, {})));
    keep(await(store, store.reauthenticate(rotated, {.principal = "alice", .level = 2})));
    expect_done(await(store, store.patch_principal("alice", patch)));
    expect_done(await(store, store.list("alice")));
    tokens.push_back(*Token::generate_anonymous({}));
    for (const Token& token : tokens) {
      expect_done(await(store, store.load(token, {})));
      expect_done(await(store, store.load(token, {.fresh = true})));
      std::optional<Session> session;
      static_cast<void>(store.try_load(token.reveal(), {}, session));
    }
    expect_done(await(store, store.take(rotated)));
    keep(await(store, store.create({.principal = "alice"})));
    expect_done(await(store, store.revoke_principal("bob", std::nullopt)));
  }
  // No token, whole or in part, and not the password. A failure does not print what it found.
  void expect_nothing_secret_in(const std::string& text, const std::string& where) {
    EXPECT_EQ(text.find(Token::prefix), std::string::npos) << where;
    EXPECT_EQ(text.find("the-password"), std::string::npos) << where;
    for (const Token& token : tokens) {
      const std::string secret{token.reveal().substr(Token::prefix.size() + 3)};  // the first two bytes are the route
      for (std::size_t at = 0; at + 12 <= secret.size(); at += 6) {
        EXPECT_EQ(text.find(secret.substr(at, 12)), std::string::npos) << where;
      }
    }
  }

  std::vector<Token> tokens;
  std::mutex log_mutex;
  std::string log;
};

TEST_F(SecretsTest, NoTokenReachesRedisItsFilesOrTheLog) {
  RedisServer server({.arguments = {"--appendonly", "yes", "--loglevel", "debug"}});
  server.command({"ACL", "SETUSER", "ficha", "on", ">the-password", "~*", "+@all"});
  Config config = config_for(server);
  config.near_cache.enabled = true;
  config.redis.username = "ficha";
  config.redis.password = Secret{"the-password"};
  Hooks hooks;
  hooks.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock{log_mutex};
    log.append(line).append("\n");
  };

  Monitor monitor(server);
  {
    const auto store = open_store(config, hooks);
    use_everything(*store);
    // What goes wrong is logged: a cut connection, and a record under a key that is not its own.
    server.command({"CLIENT", "KILL", "USER", "ficha"});
    EXPECT_TRUE(eventually([&] { return await(*store, store->list("alice")).has_value(); }));
    server.command({"COPY", key_of(tokens.back().id()), key_of(tokens.front().id()), "REPLACE"});
    EXPECT_THAT(await(*store, store->load(tokens.front(), {})), FailsWith(ErrorCode::corrupt_record));
  }
  const std::string traffic = monitor.finish(server);
  server.command({"SAVE"});

  ASSERT_NE(traffic.find("\"EVALSHA\""), std::string::npos) << "there is something to look at";
  expect_nothing_secret_in(traffic, "MONITOR");
  const std::string files = read_directory(server.directory());
  ASSERT_NE(files.find("alice"), std::string::npos) << "there is something to look at";
  expect_nothing_secret_in(files, "RDB, AOF and log of the server");
  const std::lock_guard lock{log_mutex};
  ASSERT_FALSE(log.empty()) << "there is something to look at";
  expect_nothing_secret_in(log, "the log");
}

}  // namespace
}  // namespace ficha::testing
