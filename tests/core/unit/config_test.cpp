// Reading ficha.toml. The mistakes are in tests/conformance/policies.json.
#include "ficha/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>

#include "support/source_tree.hpp"
#include "support/temp_dir.hpp"

namespace ficha {
namespace {

using namespace std::chrono_literals;

Config parse(std::string_view toml) {
  auto config = parse_config(toml, "ficha.toml");
  EXPECT_TRUE(config) << config.error().message;
  return config ? *std::move(config) : Config{};
}

std::string error_of(std::string_view toml) {
  const auto config = parse_config(toml, "ficha.toml");
  return config ? "" : config.error().message;
}

// Everything but the policy, to compare by.
std::string settings_of(const Config& config) {
  std::ostringstream text;
  const RedisConfig& redis = config.redis;
  text << redis.url.reveal() << '|' << redis.name_space << '|' << redis.username << '|' << redis.password.reveal()
       << '|' << redis.ca_file << '|' << redis.certificate_file << '|' << redis.key_file << '|'
       << redis.connect_timeout.count() << '|' << redis.command_timeout.count() << '|'
       << redis.operation_timeout.count() << '|' << redis.max_in_flight << '\n';
  const NearCacheConfig& cache = config.near_cache;
  text << cache.enabled << '|' << cache.max_staleness.count() << '|' << cache.max_entries << '|' << cache.max_bytes
       << '\n';
  const SessionConfig& session = config.session;
  text << session.idle_timeout.count() << '|' << session.absolute_timeout.count() << '|' << session.max_per_principal
       << '|' << static_cast<int>(session.on_limit) << '|' << static_cast<int>(session.writes);
  for (const std::string& name : session.may_write) text << '|' << name;
  for (const Secret& key : session.token_keys) text << '|' << key.reveal();
  const CookieConfig& cookie = config.cookie;
  text << '\n'
       << cookie.name << '|' << static_cast<int>(cookie.same_site) << '|' << cookie.domain << '|' << cookie.persistent
       << '|' << cookie.insecure_http << '\n';
  text << static_cast<int>(config.csrf.mode) << '|' << config.csrf.header;
  for (const std::string& origin : config.csrf.trusted_origins) text << '|' << origin;
  text << '\n';
  for (const std::string& proxy : config.trust.proxies) text << proxy << '|';
  for (const std::string& header : config.trust.identity_headers) text << header << '|';
  text << config.trust.pass_credential;
  return text.str();
}

TEST(ParseConfig, SetsEveryKey) {
  const Config config = parse(R"(
[redis]
url = "rediss://redis.example.org:6380/3"
namespace = "bank"
username = "svc"
password = "secret"
ca_file = "/ca.pem"
certificate_file = "/cert.pem"
key_file = "/key.pem"
connect_timeout = "1s"
command_timeout = "300ms"
operation_timeout = "2s"
max_in_flight = 77

[near_cache]
enabled = false
max_staleness = "500ms"
max_entries = 1024
max_bytes = 1048576

[session]
idle_timeout = "15m"
absolute_timeout = "8h"
max_per_principal = 10
on_limit = "refuse"
writes = "add-only"
may_write = ["cart", "pref.*"]
token_keys = ["0123456789abcdef", "fedcba9876543210"]

[cookie]
name = "__Secure-bank"
same_site = "strict"
domain = "example.org"
persistent = true
insecure_http = false

[csrf]
mode = "token"
trusted_origins = ["https://app.example.org"]
header = "X-Bank-CSRF"

[trust]
proxies = ["10.0.0.0/8"]
identity_headers = ["X-User"]
pass_credential = true
)");
  EXPECT_EQ(settings_of(config),
            "rediss://redis.example.org:6380/3|bank|svc|secret|/ca.pem|/cert.pem|/key.pem|1000|300|2000|77\n"
            "0|500|1024|1048576\n"
            "900|28800|10|1|1|cart|pref.*|0123456789abcdef|fedcba9876543210\n"
            "__Secure-bank|0|example.org|1|0\n"
            "1|X-Bank-CSRF|https://app.example.org\n"
            "10.0.0.0/8|X-User|1");
}

TEST(ParseConfig, SetsEveryKeyOfARule) {
  const Config config = parse(R"(
[[rule]]
path = "/a"
allow = "anyone"

[[rule]]
path = "/b/*/**"
methods = ["GET", "POST"]
roles = ["x", "y"]
scopes = ["s"]
level = 2
max_auth_age = "5m"
fresh = true
touch = false
)");
  ASSERT_EQ(config.policy.rules.size(), 2U);
  EXPECT_EQ(config.policy.rules[0].requirement.allow, Allow::anyone);
  EXPECT_EQ(config.policy.rules[0].line, 2);
  EXPECT_TRUE(config.policy.rules[0].touch);
  const Rule& rule = config.policy.rules[1];
  EXPECT_EQ(rule.path, "/b/*/**");
  EXPECT_EQ(rule.methods, (std::vector<std::string>{"GET", "POST"}));
  EXPECT_EQ(rule.requirement.allow, Allow::authenticated);
  EXPECT_EQ(rule.requirement.roles, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(rule.requirement.scopes, (std::vector<std::string>{"s"}));
  EXPECT_EQ(rule.requirement.level, 2);
  EXPECT_EQ(rule.requirement.max_auth_age, 5min);
  EXPECT_TRUE(rule.requirement.fresh);
  EXPECT_FALSE(rule.touch);
  EXPECT_EQ(rule.line, 6);
}

TEST(ParseConfig, OfNothingGivesTheDefaults) {
  EXPECT_EQ(settings_of(parse("")), settings_of(Config{}));
}

TEST(ParseConfig, ReportsTheFirstMistakeWithFileLineAndKey) {
  EXPECT_EQ(
      error_of("\n[session]\nidle_timeout = 5\nabsolute_timeout = 6\n"),
      "ficha.toml:3: session.idle_timeout: must be a whole number with its unit, as text: \"500ms\", \"30s\", \"30m\", "
      "\"12h\" or \"7d\"");
}

TEST(ParseConfig, RefusesAFileOfMoreThanAMebibyte) {
  EXPECT_EQ(error_of(std::string(1U << 20U, '\n')), "");
  EXPECT_NE(error_of(std::string((1U << 20U) + 1, '\n')).find("longer than"), std::string::npos);
}

TEST(ParseConfig, SurvivesDeepNesting) {
  std::string nested = "a = ";
  for (int i = 0; i < 100'000; ++i) nested += '[';
  EXPECT_NE(error_of(nested), "");
}

// Unquoted, misplaced, too short or of the wrong type: the message must not repeat it.
TEST(ParseConfig, NeverRepeatsASecretInItsMessage) {
  for (const char* toml : {
           "[redis]\npassword = hunter2hunter2\n",
           "[redis]\npassword = 'hunter2hunter2\n",
           "[redis]\npassword = \"hunter2hunter2\n",
           "[redis]\npassword = \"hunter2hunter2\" x\n",
           "[redis]\npassword = \"\\hunter2hunter2\"\n",
           "[redis]\npassword = [\"hunter2hunter2\"]\n",
           "[redis]\npassword = { hunter2hunter2 = 1 }\n",
           "[redis]\nusername = \"hunter2hunter2\"\n",
           "[redis]\nurl = \"http://u:hunter2hunter2@host\"\n",
           "[redis]\nurl = \"redis://u:hunter2hunter2%zz@host\"\n",
           "[redis]\nurl = \"redis://u:hunter2hunter2@host:99999\"\n",
           "[redis]\nurl = \"redis://u:hunter2hunter2@ho st\"\n",
           "[session]\ntoken_keys = [\"hunter2hunter2\"]\n",
           "[session]\ntoken_keys = \"hunter2hunter2\"\n",
           "[session]\ntoken_keys = [\"0123456789abcdef\", hunter2hunter2]\n",
       }) {
    const std::string message = error_of(toml);
    EXPECT_FALSE(message.empty()) << toml;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

TEST(Secrets, ComeFromTheEnvironmentOnlyWhereTheFileSaysSo) {
  ASSERT_EQ(setenv("FICHA_CONFIG_TEST", "0123456789abcdef", 1), 0);
  const Config config = parse(
      "[redis]\npassword = \"env:FICHA_CONFIG_TEST\"\nusername = \"env:FICHA_CONFIG_TEST\"\n"
      "[session]\ntoken_keys = [\"env:FICHA_CONFIG_TEST\"]\n");
  EXPECT_TRUE(config.redis.password == Secret("0123456789abcdef"));
  EXPECT_EQ(config.redis.username, "env:FICHA_CONFIG_TEST");
  ASSERT_EQ(config.session.token_keys.size(), 1U);
  EXPECT_TRUE(config.session.token_keys[0] == Secret("0123456789abcdef"));

  ASSERT_EQ(setenv("FICHA_CONFIG_TEST", "redis://elsewhere:1234", 1), 0);
  EXPECT_TRUE(parse("[redis]\nurl = \"env:FICHA_CONFIG_TEST\"\n").redis.url == Secret("redis://elsewhere:1234"));
  ASSERT_EQ(setenv("FICHA_CONFIG_TEST", "", 1), 0);
  EXPECT_NE(error_of("[redis]\npassword = \"env:FICHA_CONFIG_TEST\"\n").find("FICHA_CONFIG_TEST is not set"),
            std::string::npos);
  unsetenv("FICHA_CONFIG_TEST");
}

class ConfigFiles : public ::testing::Test {
 protected:
  std::string write(std::string_view name, std::string_view content) const { return directory_.write(name, content); }

  testing::TempDir directory_;
};

TEST_F(ConfigFiles, HoldSecretsWithOrWithoutALineBreakAtTheEnd) {
  const std::pair<std::string_view, std::string_view> contents[] = {
      {"secret", "secret"}, {"secret\n", "secret"},       {"secret\r\n", "secret"},
      {"a\nb\n", "a\nb"},   {"secret \n\n", "secret \n"},
  };
  for (const auto& [content, secret] : contents) {
    const std::string path = write("secret", content);
    const Config config = parse("[redis]\nusername = \"u\"\npassword = \"file:" + path + "\"\n");
    EXPECT_TRUE(config.redis.password == Secret(secret)) << secret;
  }
}

TEST_F(ConfigFiles, AreErrorsWhenEmptyMissingOrTooLong) {
  const auto error_with = [](const std::string& path) {
    return error_of("[redis]\npassword = \"file:" + path + "\"\n");
  };
  EXPECT_NE(error_with(write("empty", "\n")).find("is empty"), std::string::npos);
  EXPECT_NE(error_with(write("long", std::string(65537, 'x'))).find("longer than"), std::string::npos);
  EXPECT_NE(error_with((directory_.path() / "none").string()).find("No such file"), std::string::npos);
  EXPECT_NE(error_with(directory_.path().string()).find("cannot be read"), std::string::npos);
}

TEST_F(ConfigFiles, AreLoadedByTheirPath) {
  const std::string path = write("ficha.toml", "[session]\nidle_timeout = \"5m\"\n");
  const auto config = load_config(path);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->session.idle_timeout, 5min);

  const std::string wrong = write("wrong.toml", "[session]\nidle_timeout = 5\n");
  EXPECT_TRUE(load_config(wrong).error().message.starts_with(wrong + ":2: session.idle_timeout: "));
  const auto missing = load_config((directory_.path() / "none.toml").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::invalid_config);
}

TEST(ValidateConfig, ChecksWhatWasSetInCode) {
  EXPECT_TRUE(validate(Config{}));
  Config config;
  config.session.idle_timeout = 13h;
  EXPECT_EQ(validate(config).error().message, "session.idle_timeout: must not be longer than absolute_timeout");
  config = {};
  config.session.token_keys = {Secret("0123456789abcde")};
  EXPECT_EQ(validate(config).error().message, "session.token_keys: a key must have at least 16 bytes");
  config = {};
  config.redis.url = Secret("ftp://host");
  EXPECT_TRUE(validate(config).error().message.starts_with("redis.url: "));
  config = {};
  config.policy.rules = {Rule{.path = "a"}};
  EXPECT_EQ(validate(config).error().message, "rule[0].path: must begin with \"/\"");
  config = {};
  config.cors.credentials = true;
  EXPECT_EQ(validate(config).error().message, "cors.origins: is missing: name at least one");
}

TEST(ParseConfig, ReadsWhoMayAskFromElsewhere) {
  const Config config = parse(
      "[cors]\norigins = [\"https://a.example\"]\nheaders = [\"X-A\"]\nmax_age = \"10m\"\n"
      "credentials = true\n");
  EXPECT_EQ(config.cors.origins, std::vector<std::string>{"https://a.example"});
  EXPECT_EQ(config.cors.headers, std::vector<std::string>{"X-A"});
  EXPECT_EQ(config.cors.max_age, 10min);
  EXPECT_TRUE(config.cors.credentials);
  EXPECT_TRUE(parse("").cors.origins.empty());
}

class ExampleFile : public ::testing::Test {
 protected:
  static std::string text() {
    std::ifstream stream(testing::in_source_tree("examples/ficha.toml"), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
};

TEST_F(ExampleFile, ParsesAsItIsAndSetsNothingButRules) {
  const Config config = parse(text());
  EXPECT_EQ(settings_of(config), settings_of(Config{}));
  EXPECT_GE(config.policy.rules.size(), 5U);
}

TEST_F(ExampleFile, ShowsTheDefaultsInItsComments) {
  const std::string uncommented = std::regex_replace(text(), std::regex("(^|\n)#([a-z_]+ = )"), "$1$2");
  ASSERT_NE(uncommented, text());
  EXPECT_EQ(settings_of(parse(uncommented)), settings_of(Config{}));
}

TEST_F(ExampleFile, NamesEveryKeyThatThereIs) {
  std::string uncommented = std::regex_replace(text(), std::regex("(^|\n)# ?([a-z_]+ = )"), "$1$2");
  std::string keys;
  const std::regex key("(?:^|\n)([a-z_]+) = ");
  for (std::sregex_iterator match(uncommented.begin(), uncommented.end(), key), end; match != end; ++match) {
    keys += (*match)[1].str() + " ";
  }
  const std::string settings = keys.substr(0, keys.find("path "));
  EXPECT_EQ(
      settings,
      "url namespace username password ca_file certificate_file key_file connect_timeout command_timeout "
      "operation_timeout max_in_flight enabled max_staleness max_entries max_bytes idle_timeout absolute_timeout "
      "max_per_principal on_limit writes may_write token_keys name same_site domain persistent insecure_http mode "
      "trusted_origins header origins headers max_age credentials proxies identity_headers pass_credential ");
  for (const char* of_a_rule : {"methods", "allow", "roles", "scopes", "level", "max_auth_age", "fresh", "touch"}) {
    EXPECT_NE(keys.find(std::string(of_a_rule) + " "), std::string::npos) << of_a_rule;
  }
}

}  // namespace
}  // namespace ficha
