#include "ficha/settings.hpp"

#include <gtest/gtest.h>

namespace ficha {
namespace {

using namespace std::chrono_literals;

std::string error_of(const std::vector<Setting>& settings) {
  const auto config = make_config(settings, "properties");
  EXPECT_TRUE(config || config.error().code == ErrorCode::invalid_config);
  return config ? "" : config.error().message;
}

TEST(MakeConfig, WithoutSettingsGivesTheDefaults) {
  const auto config = make_config({}, "properties");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->redis.name_space, "ficha");
  EXPECT_EQ(config->session.idle_timeout, 30min);
  EXPECT_TRUE(config->policy.rules.empty());
}

TEST(MakeConfig, TakesValuesOfEveryTypeUnderTheNamesOfTheFile) {
  const auto config = make_config(std::vector<Setting>{{"redis.url", std::string("memory://")},
                                                       {"redis.max_in_flight", std::int64_t{77}},
                                                       {"near_cache.enabled", false},
                                                       {"session.idle_timeout", std::string("15m")},
                                                       {"cookie.same_site", std::string("strict")},
                                                       {"trust.proxies", std::vector<std::string>{"10.0.0.0/8"}}},
                                  "properties");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->redis.url.reveal(), "memory://");
  EXPECT_EQ(config->redis.max_in_flight, 77U);
  EXPECT_FALSE(config->near_cache.enabled);
  EXPECT_EQ(config->session.idle_timeout, 15min);
  EXPECT_EQ(config->cookie.same_site, SameSite::strict);
  EXPECT_EQ(config->trust.proxies, std::vector<std::string>{"10.0.0.0/8"});
}

TEST(MakeConfig, TakesRulesByNumber) {
  const auto config = make_config(std::vector<Setting>{{"rule[0].path", std::string("/admin/**")},
                                                       {"rule[0].roles", std::vector<std::string>{"admin"}},
                                                       {"rule[1].path", std::string("/**")},
                                                       {"rule[1].level", std::int64_t{2}},
                                                       {"rule[0].fresh", true}},
                                  "properties");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->policy.rules.size(), 2U);
  EXPECT_EQ(config->policy.rules[0].path, "/admin/**");
  EXPECT_TRUE(config->policy.rules[0].requirement.fresh);
  EXPECT_EQ(config->policy.rules[1].requirement.level, 2);
}

TEST(MakeConfig, TakesThePrefixesThatNoFileMayHave) {
  const auto prefixes = [](SettingValue value) { return std::vector<Setting>{{"prefixes", std::move(value)}}; };
  const auto config = make_config(prefixes(std::vector<std::string>{"/shop", "/a/b"}), "properties");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->prefixes, (std::vector<std::string>{"/shop", "/a/b"}));
  EXPECT_EQ(error_of(prefixes(std::string("/shop"))), "properties: prefixes: must be a list of texts");
  EXPECT_TRUE(error_of(prefixes(std::vector<std::string>{"shop"})).starts_with("properties: prefixes: must be paths"));
  EXPECT_EQ(error_of({{"prefixes", std::vector<std::string>{}}, {"prefixes", std::vector<std::string>{}}}),
            "properties: prefixes: is given twice");
}

TEST(MakeConfig, NamesTheSettingThatIsWrong) {
  EXPECT_EQ(error_of({{"redis.ulr", std::string("memory://")}}),
            "properties: redis.ulr: there is no such key; did you mean \"url\"?");
  EXPECT_EQ(error_of({{"near_cache.enabled", std::string("yes")}}),
            "properties: near_cache.enabled: must be true or false");
  EXPECT_EQ(error_of({{"session.idle_timeout", std::string("2h")}, {"session.absolute_timeout", std::string("1h")}}),
            "properties: session.idle_timeout: must not be longer than absolute_timeout");
  EXPECT_EQ(error_of({{"rule[0].roles", std::vector<std::string>{"admin"}}}),
            "properties: rule[0].path: is missing: every rule needs one");
}

TEST(MakeConfig, ReadsTablesThatSetNothing) {
  EXPECT_EQ(error_of({{"session", {}}, {"cookie.name", std::string("sid")}, {"cookie", {}}}), "");
  EXPECT_EQ(error_of({{"sesion", {}}}), "properties: sesion: there is no such key; did you mean \"session\"?");
  EXPECT_EQ(error_of({{"host", {}}}), "properties: host: there is no such key") << "not \"cors\"";
  EXPECT_EQ(error_of({{"rule[0]", {}}}), "properties: rule[0].path: is missing: every rule needs one");
}

TEST(MakeConfig, RefusesASettingThatIsGivenTwice) {
  EXPECT_EQ(error_of({{"redis.url", std::string("memory://")}, {"redis.url", std::string("memory://")}}),
            "properties: redis.url: is given twice");
}

TEST(MakeConfig, RefusesNamesThatLeadNowhere) {
  for (const char* name : {"rule[1].path", "rule[18446744073709551616].path", "rule[0]x.path", "[0].path",
                           "rule[].path", "redis.url.host", "redis", ".url", "redis.", "", "."}) {
    EXPECT_NE(error_of({{"redis.url", std::string("memory://")}, {name, std::string("/**")}}), "") << name;
  }
}

TEST(MakeConfig, RefusesTextThatNoFileCouldHold) {
  EXPECT_EQ(error_of({{"rule[0].path", std::string("/\xff")}}), "properties: rule[0].path: must be UTF-8");
  EXPECT_EQ(error_of({{"trust.identity_headers", std::vector<std::string>{"\xff"}}}),
            "properties: trust.identity_headers: must be UTF-8");
  EXPECT_EQ(error_of({{"redis.\xff", true}}), "properties: a setting's name must be UTF-8");
}

TEST(MakeConfig, NeverRepeatsASecret) {
  EXPECT_EQ(error_of({{"session.token_keys", std::vector<std::string>{"too short!"}}}),
            "properties: session.token_keys: a key must have at least 16 bytes");
}

TEST(ManualClocks, StandStillUntilTheyAreTold) {
  ManualClock clock{1'750'000'000'000};
  EXPECT_EQ(clock.unix_milliseconds(), 1'750'000'000'000);
  EXPECT_EQ(clock.unix_milliseconds(), 1'750'000'000'000);
  const std::int64_t before = clock.monotonic_nanoseconds();
  clock.advance(1500);
  EXPECT_EQ(clock.unix_milliseconds(), 1'750'000'001'500);
  EXPECT_EQ(clock.monotonic_nanoseconds() - before, 1'500'000'000);
}

}  // namespace
}  // namespace ficha
