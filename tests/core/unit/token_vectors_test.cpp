// Tokens, ids and routes against vectors calculated elsewhere.
#include <gtest/gtest.h>

#include "ficha/token.hpp"
#include "vectors.hpp"

namespace ficha {
namespace {

const nlohmann::json& vectors() {
  static const nlohmann::json document = testing::load_vectors("tokens.json");
  return document;
}

TokenKeys keys_of(const nlohmann::json& test) {
  TokenKeys keys;
  for (const auto& key : test["keys_hex"]) keys.emplace_back(testing::from_hex(key));
  return keys;
}

TEST(TokenVectors, ValidTokensLeadToTheirId) {
  ASSERT_EQ(vectors()["valid"].size(), 31U);
  for (const auto& test : vectors()["valid"]) {
    SCOPED_TRACE(test["name"]);
    const auto token = Token::parse(test["token"].get<std::string>(), keys_of(test));
    ASSERT_TRUE(token);
    EXPECT_EQ(token->id().str(), test["id"].get<std::string>());
    EXPECT_EQ(token->id().route(), test["route"].get<int>());
  }
}

TEST(TokenVectors, HostileTokensAreRefused) {
  ASSERT_EQ(vectors()["hostile"].size(), 244U);
  for (const auto& test : vectors()["hostile"]) {
    EXPECT_FALSE(Token::parse(testing::bytes_of(test["token_hex"]), keys_of(test))) << test["name"];
  }
}

TEST(TokenVectors, PrincipalsLeadToTheirRoute) {
  ASSERT_EQ(vectors()["routes"].size(), 9U);
  for (const auto& test : vectors()["routes"]) {
    EXPECT_EQ(route_of(test["principal"].get<std::string>()), test["route"].get<int>()) << test["principal"];
  }
}

TEST(TokenVectors, HostileIdsAreRefused) {
  ASSERT_EQ(vectors()["hostile_ids"].size(), 14U);
  for (const auto& test : vectors()["hostile_ids"]) {
    EXPECT_FALSE(SessionId::parse(testing::from_hex(test["id_hex"]))) << test["name"];
  }
}

}  // namespace
}  // namespace ficha
