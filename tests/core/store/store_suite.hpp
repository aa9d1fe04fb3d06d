// One suite for all stores: its tests run against each of them, through Client.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ficha/client.hpp"
#include "support/fake_clock.hpp"
#include "support/redis_server.hpp"
#include "support/results.hpp"

namespace ficha::testing {

enum class StoreKind { memory, redis, redis_without_near_cache };

void PrintTo(StoreKind kind, std::ostream* out);
[[nodiscard]] std::string name_of(const ::testing::TestParamInfo<StoreKind>& info);

class StoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreTest();

  // Where this kind of store is; tests change what they are about.
  [[nodiscard]] Config config() const;
  [[nodiscard]] Hooks hooks();
  [[nodiscard]] Client open(Config config);
  // One client with the configuration above, opened at first use.
  Client& client();

  [[nodiscard]] bool in_memory() const { return GetParam() == StoreKind::memory; }
  // Lets this much time pass on the store's clock.
  void pass(std::chrono::milliseconds time);

  // Shorthands that must succeed.
  IssuedSession issue(Client& client, NewSession session);
  IssuedSession issue(NewSession session) { return issue(client(), std::move(session)); }
  IssuedSession issue_for(std::string principal) { return issue(NewSession{.principal = std::move(principal)}); }
  std::optional<Session> load(Client& client, const Token& token, LoadOptions options = {.fresh = true});
  std::optional<Session> load(const Token& token) { return load(client(), token); }
  [[nodiscard]] bool live(const Token& token) { return load(token).has_value(); }
  std::vector<SessionId> listed(std::string_view principal);

 private:
  FakeClock clock_;
  std::optional<Client> client_;
};

[[nodiscard]] Patch::Op set(std::string name, std::string json);
[[nodiscard]] Patch::Op add(std::string name, std::string json);
[[nodiscard]] Patch::Op remove(std::string name);
[[nodiscard]] Patch::Op increment(std::string name, std::int64_t by);
[[nodiscard]] Patch::Op put(std::string bag, std::string key, std::string json);
[[nodiscard]] Patch::Op take(std::string bag, std::string key);

// The JSON text of an attribute; "(none)" where there is none.
[[nodiscard]] std::string attribute(const Session& session, std::string_view name);
[[nodiscard]] std::string attribute(const std::optional<Session>& session, std::string_view name);
[[nodiscard]] std::string protected_attribute(const std::optional<Session>& session, std::string_view name);
[[nodiscard]] std::vector<std::string> roles(const Session& session);
[[nodiscard]] std::vector<std::string> scopes(const Session& session);

}  // namespace ficha::testing

#define FICHA_FOR_EVERY_STORE(fixture)                                                                                \
  INSTANTIATE_TEST_SUITE_P(Store, fixture,                                                                            \
                           ::testing::Values(::ficha::testing::StoreKind::memory, ::ficha::testing::StoreKind::redis, \
                                             ::ficha::testing::StoreKind::redis_without_near_cache),                  \
                           ::ficha::testing::name_of)
