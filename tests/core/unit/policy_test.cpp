// tests/conformance/policies.json holds the mistakes; here is what code that makes a Policy sees of them.
#include "ficha/policy.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/method.hpp"

namespace ficha {
namespace {

Rule rule(std::string path, std::vector<std::string> methods = {}) {
  Rule made;
  made.path = std::move(path);
  made.methods = std::move(methods);
  return made;
}

std::string message_of(const Policy& policy) {
  const auto result = validate(policy);
  return result ? "" : result.error().message;
}

TEST(Policy, WithoutRulesIsValid) {
  EXPECT_TRUE(validate(Policy{}));
}

TEST(Policy, NamesTheRuleByItsIndexAndTheKey) {
  Rule wrong = rule("/b");
  wrong.requirement.level = 4;
  EXPECT_EQ(message_of({{rule("/a"), wrong}}), "rule[1].level: must be 0 to 3");
  EXPECT_EQ(validate(Policy{{wrong}}).error().code, ErrorCode::invalid_config);
}

TEST(Policy, NamesTheEarlierRuleThatShadowsALaterOne) {
  EXPECT_EQ(message_of({{rule("/a/**"), rule("/b"), rule("/a/*/c")}}),
            "rule[2].path: is never reached: rule[0] matches first; move this one up or delete it");
}

TEST(Policy, CountsEveryMethodOfEveryEarlierRule) {
  EXPECT_EQ(message_of({{rule("/a", {"GET"}), rule("/a", {"POST"})}}), "");
  EXPECT_NE(
      message_of({{rule("/a", {"GET"}), rule("/**", {"POST"}), rule("/a", {"POST", "GET"})}}).find("rule[2].path"),
      std::string::npos);
}

TEST(Policy, MayNotGrowWithoutBound) {
  Policy policy;
  for (int i = 0; i < 1000; ++i) policy.rules.push_back(rule(std::string("/").append(std::to_string(i))));
  EXPECT_TRUE(validate(policy));
  policy.rules.push_back(rule("/1000"));
  EXPECT_FALSE(validate(policy));
}

TEST(Policy, RefusesARequirementThatContradictsItself) {
  for (const Allow allow : {Allow::anyone, Allow::nobody}) {
    Rule contradiction = rule("/a");
    contradiction.requirement.allow = allow;
    EXPECT_TRUE(validate(Policy{{contradiction}}));
    contradiction.requirement.roles = {"admin"};
    EXPECT_FALSE(validate(Policy{{contradiction}}));
  }
}

TEST(Policy, WithAThousandRulesIsReadInTime) {
  Policy policy;
  for (int i = 0; i < 1000; ++i) policy.rules.push_back(rule("/" + std::to_string(i) + "/*/b/**", {"GET"}));
  EXPECT_TRUE(validate(policy));
}

TEST(ARequirement, MustNameSomething) {
  EXPECT_FALSE(validate(Requirement{}));
  EXPECT_EQ(validate(Requirement{}).error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(validate(Requirement{.fresh = true}));
  EXPECT_TRUE(validate(Requirement{}, true));
  EXPECT_TRUE(validate(Requirement{.allow = Allow::nobody}));
  EXPECT_TRUE(validate(Requirement{.roles = {"admin"}}));
  EXPECT_TRUE(validate(Requirement{.max_auth_age = std::chrono::seconds(300)}));
}

TEST(ARequirement, MustNameWhatARuleCouldName) {
  EXPECT_EQ(validate(Requirement{.level = 4}).error().message, "level: must be 0 to 3");
  EXPECT_FALSE(validate(Requirement{.roles = {""}}));
  EXPECT_FALSE(validate(Requirement{.scopes = {"a b"}}));
  EXPECT_FALSE(validate(Requirement{.allow = Allow::anyone, .roles = {"admin"}}));
}

TEST(Methods, KnowsThoseOfTheRfcsAndThoseOfThePolicy) {
  MethodTable methods;
  ASSERT_TRUE(methods.add("PURGE"));
  ASSERT_TRUE(methods.add("GET"));
  EXPECT_EQ(methods.bit("HEAD"), methods.bit("GET"));
  EXPECT_NE(methods.bit("GET"), methods.bit("POST"));
  EXPECT_NE(methods.bit("PURGE"), methods.bit("BREW"));
  EXPECT_EQ(methods.bit("BREW"), MethodTable::unnamed);
  EXPECT_EQ(methods.bit("brew"), MethodTable::unnamed);
  EXPECT_EQ(methods.list(methods.bit("PURGE") | methods.bit("POST") | methods.bit("GET")), "GET, HEAD, POST, PURGE");
}

TEST(Methods, AreRefusedInAnotherCaseAndIfTheyAreNoTokens) {
  MethodTable methods;
  ASSERT_TRUE(methods.add("PURGE"));
  for (const char* method : {"", "GET ", "get", "Head", "purge", "G\xC9T"})
    EXPECT_EQ(methods.bit(method), 0U) << method;
}

}  // namespace
}  // namespace ficha
