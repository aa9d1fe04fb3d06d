// A store on a server that the test may break.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/redis_store_fixture.hpp"
#include "support/eventually.hpp"

namespace ficha::testing {

inline Patch with_roles(std::vector<std::string> roles) {
  Patch patch;
  patch.roles = std::move(roles);
  return patch;
}

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
  template <class T>
  static bool fails_with(const Result<T>& result, ErrorCode code, std::string_view word) {
    return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
  }
  // The first operation on a server that works again, within a second.
  bool creates_again() {
    return eventually([&] { return create().has_value(); }, std::chrono::seconds{1});
  }

  RedisServer server;
  Config config;

 private:
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<SessionStore> store_;
};

}  // namespace ficha::testing
