// tests/conformance/policies.json holds the mistakes; here is what code that makes a Policy sees of them.
#include "ficha/policy.hpp"

#include <gtest/gtest.h>

#include <string>

#include "method.hpp"

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

TEST(MethodSet, KeepsKnownMethodsApartAndUnknownOnesTogether) {
  EXPECT_EQ(method_bit("HEAD"), method_bit("GET"));
  EXPECT_NE(method_bit("GET"), method_bit("POST"));
  EXPECT_EQ(method_bit("BREW"), method_bit("get"));
  EXPECT_EQ(method_bit(""), 0U);
  EXPECT_EQ(method_bit("GET "), 0U);
  EXPECT_EQ(every_method & method_bit("TRACE"), 0U);
  EXPECT_NE(every_method & method_bit("BREW"), 0U);
}

}  // namespace
}  // namespace ficha
