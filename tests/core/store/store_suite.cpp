#include "core/store/store_suite.hpp"

#include <thread>

namespace ficha::testing {

std::string name_of(const ::testing::TestParamInfo<StoreKind>& info) {
  switch (info.param) {
    case StoreKind::memory:
      return "Memory";
    case StoreKind::redis:
      return "Redis";
    case StoreKind::redis_without_near_cache:
      return "RedisWithoutNearCache";
  }
  return "Unknown";
}

void PrintTo(StoreKind kind, std::ostream* out) {
  *out << name_of({kind, 0});
}

StoreTest::StoreTest() {
  if (!in_memory()) RedisServer::shared().command({"FLUSHALL"});
}

Config StoreTest::config() const {
  Config config;
  config.redis.url = Secret{in_memory() ? "memory://" : RedisServer::shared().url()};
  // Generous: these tests are about answers, and run beside others on a busy machine.
  config.redis.connect_timeout = config.redis.command_timeout = std::chrono::seconds{5};
  config.redis.operation_timeout = std::chrono::seconds{20};
  config.near_cache.enabled = GetParam() == StoreKind::redis;
  return config;
}

Hooks StoreTest::hooks() {
  Hooks hooks;
  if (in_memory()) hooks.clock = &clock_;
  return hooks;
}

Client StoreTest::open(Config config) {
  auto opened = Client::open(std::move(config), hooks());
  if (!opened) throw std::runtime_error("Client::open: " + opened.error().message);
  return std::move(*opened);
}

Client& StoreTest::client() {
  if (!client_) client_.emplace(open(config()));
  return *client_;
}

void StoreTest::pass(std::chrono::milliseconds time) {
  if (in_memory()) {
    clock_.advance(time);
  } else {
    std::this_thread::sleep_for(time);  // a real server's clock moves no other way
  }
}

IssuedSession StoreTest::issue(Client& client, NewSession session) {
  auto issued = client.create(session);
  if (!issued) throw std::runtime_error("create: " + issued.error().message);
  return std::move(*issued);
}

std::optional<Session> StoreTest::load(Client& client, const Token& token, LoadOptions options) {
  auto loaded = client.load(token.reveal(), options);
  if (!loaded) throw std::runtime_error("load: " + loaded.error().message);
  return std::move(*loaded);
}

std::vector<SessionId> StoreTest::listed(std::string_view principal) {
  auto sessions = client().list(principal);
  if (!sessions) throw std::runtime_error("list: " + sessions.error().message);
  std::vector<SessionId> ids;
  for (const Session& session : *sessions) ids.push_back(session.id());
  return ids;
}

Patch::Op set(std::string name, std::string json) {
  return {Patch::Kind::set, std::move(name), std::move(json)};
}
Patch::Op add(std::string name, std::string json) {
  return {Patch::Kind::add, std::move(name), std::move(json)};
}
Patch::Op remove(std::string name) {
  return {Patch::Kind::remove, std::move(name), {}};
}
Patch::Op increment(std::string name, std::int64_t by) {
  return {Patch::Kind::increment, std::move(name), {}, by};
}

Patch::Op put(std::string bag, std::string key, std::string json) {
  return {Patch::Kind::put, std::move(bag), std::move(json), 0, std::move(key)};
}
Patch::Op take(std::string bag, std::string key) {
  return {Patch::Kind::take, std::move(bag), {}, 0, std::move(key)};
}

std::string attribute(const Session& session, std::string_view name) {
  return std::string{session.attribute(name).value_or("(none)")};
}
std::string attribute(const std::optional<Session>& session, std::string_view name) {
  return session ? attribute(*session, name) : "(no session)";
}

std::string protected_attribute(const std::optional<Session>& session, std::string_view name) {
  return session ? std::string{session->protected_attribute(name).value_or("(none)")} : "(no session)";
}

std::vector<std::string> roles(const Session& session) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < session.role_count(); ++i) all.emplace_back(session.role(i));
  return all;
}

std::vector<std::string> scopes(const Session& session) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < session.scope_count(); ++i) all.emplace_back(session.scope(i));
  return all;
}

}  // namespace ficha::testing
