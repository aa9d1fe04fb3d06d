// Decisions on readings are specified by tests/conformance/decisions.json; here is what else a host asks about them.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "ficha/interceptor.hpp"
#include "support/allocations.hpp"

namespace ficha {
namespace {

Interceptor compile(std::string_view toml, std::vector<std::string> prefixes = {}) {
  auto config = parse_config(toml, "ficha.toml");
  EXPECT_TRUE(config) << config.error().message;
  config->prefixes = std::move(prefixes);
  return *Interceptor::compile(*config);
}

class AnInterceptorOfReadings : public ::testing::Test {
 protected:
  Decision decide(const HttpRequest& request) const {
    auto admitted = interceptor_.admit(request);
    EXPECT_TRUE(std::holds_alternative<Decision>(admitted));
    return std::get<Decision>(admitted);
  }

  const Interceptor interceptor_ = compile(R"(
[csrf]
header = "X-Anti-Forgery"
[[rule]]
path = "/items/**"
methods = ["GET"]
allow = "anyone"
[[rule]]
path = "/items/*"
methods = ["POST"]
roles = ["staff"]
[[rule]]
path = "/**"
methods = ["GET", "POST", "PUT"]
)",
                                           {"/shop"});
  const HttpRequest request_{.method = "GET", .path = "/shop/items/7?x", .headers = {}, .prefix = "/shop"};
};

TEST_F(AnInterceptorOfReadings, KnowsWhatItJudges) {
  EXPECT_TRUE(interceptor_.is_judged(request_, {}));
  EXPECT_TRUE(interceptor_.is_judged(request_, {.method = "GET", .target = "/items/7", .decoded = true}));
  EXPECT_TRUE(interceptor_.is_judged(request_, {.target = "/items/%37/?y"}));
  EXPECT_TRUE(interceptor_.is_judged(request_, {.method = "HEAD"}));
  EXPECT_FALSE(interceptor_.is_judged(request_, {.method = "POST"}));
  EXPECT_FALSE(interceptor_.is_judged(request_, {.method = "get"}));
  EXPECT_FALSE(interceptor_.is_judged(request_, {.target = "/shop/items/7"}));
  EXPECT_FALSE(interceptor_.is_judged(request_, {.target = "/ITEMS/7"}));
  EXPECT_FALSE(interceptor_.is_judged(request_, {.target = "/items//7"}));
}

TEST_F(AnInterceptorOfReadings, KnowsTheHostsOwnReadingsToo) {
  const Reading readings[] = {{.method = "POST"}, {.target = "/items/8 9", .decoded = true}};
  HttpRequest request = request_;
  request.readings = readings;
  EXPECT_TRUE(interceptor_.is_judged(request, {.method = "POST"}));
  EXPECT_TRUE(interceptor_.is_judged(request, {.method = "POST", .target = "/items/7/", .decoded = true}));
  EXPECT_TRUE(interceptor_.is_judged(request, {.target = "/items/8%209"}));
  EXPECT_FALSE(interceptor_.is_judged(request, {.method = "POST", .target = "/items/8%209"}));
}

TEST_F(AnInterceptorOfReadings, JudgesNothingOfARequestItRefuses) {
  EXPECT_FALSE(interceptor_.is_judged({.method = "GET", .path = "/a//b", .headers = {}}, {}));
  EXPECT_FALSE(interceptor_.is_judged({.method = "GET", .path = "/a", .headers = {}, .prefix = "/b"}, {}));
}

// Two methods that no rule names are one to the rules, but not to a router.
TEST_F(AnInterceptorOfReadings, TellsMethodsApartThatItDoesNotKnow) {
  const HttpRequest request{.method = "BREW", .path = "/items/7", .headers = {}};
  EXPECT_TRUE(interceptor_.is_judged(request, {.method = "BREW"}));
  EXPECT_FALSE(interceptor_.is_judged(request, {.method = "WHEN"}));
}

TEST_F(AnInterceptorOfReadings, NamesTheRulesThatItSkipped) {
  const Decision decision = decide({.method = "PUT", .path = "/items/7", .headers = {}});
  EXPECT_EQ(interceptor_.explain(decision),
            "method_not_allowed: method_not_allowed, without the method: rule[0] /items/** (line 4), rule[1] /items/* "
            "(line 8)");
  EXPECT_EQ(
      interceptor_.explain(decide({.method = "POST", .path = "/items/7", .headers = {}})),
      "unauthenticated: no_credential, by rule[1] /items/* (line 8), without the method: rule[0] /items/** (line 4)");
}

TEST_F(AnInterceptorOfReadings, NamesEveryFieldItLooksAt) {
  const auto& fields = interceptor_.judged_fields();
  for (const char* name : {"cookie", "authorization", "host", "origin", "upgrade", "sec-websocket-key", "destination",
                           "x-forwarded-proto", "access-control-request-method", "x-anti-forgery"}) {
    EXPECT_NE(std::find(fields.begin(), fields.end(), name), fields.end()) << name;
  }
}

TEST_F(AnInterceptorOfReadings, AllocatesNothingForReadingsThatSayTheSame) {
  const Reading readings[] = {{.target = "/items/7", .decoded = true}, {}, {.target = "/items/7/", .decoded = true}};
  HttpRequest request = request_;
  request.readings = readings;
  EXPECT_TRUE(decide(request).allowed());
  const std::size_t before = testing::allocation_count();
  EXPECT_TRUE(decide(request).allowed());
  EXPECT_EQ(testing::allocation_count() - before, 0U);
}

TEST(GrpcStatus, SaysWhatTheVerdictSays) {
  EXPECT_EQ(grpc_status(Verdict::allow), 0);
  EXPECT_EQ(grpc_status(Verdict::bad_request), 3);
  EXPECT_EQ(grpc_status(Verdict::forbidden), 7);
  EXPECT_EQ(grpc_status(Verdict::method_not_allowed), 7);
  EXPECT_EQ(grpc_status(Verdict::unavailable), 14);
  EXPECT_EQ(grpc_status(Verdict::unauthenticated), 16);
  EXPECT_EQ(grpc_status(Verdict::reauthenticate), 16);
}

TEST(Cors, FieldsStayOnWhatTheOtherDoorDenies) {
  const Interceptor interceptor = compile(R"(
[cors]
origins = ["https://app.example.org"]
[[rule]]
path = "/**"
allow = "anyone"
)");
  const HeaderField origin{"Origin", "https://app.example.org"};
  auto admitted = interceptor.admit({.method = "GET", .path = "/", .headers = {&origin, 1}});
  const Decision denied = interceptor.require({.roles = {"admin"}}, std::get<Decision>(admitted), 0);
  EXPECT_EQ(denied.status, 401);
  ASSERT_EQ(denied.headers().size(), 3U);
  EXPECT_EQ(denied.headers()[1].value, "Cookie, Origin");
  EXPECT_EQ(denied.headers()[2].name, "Access-Control-Allow-Origin");
}

TEST(Prefixes, MustBeWrittenAsPathsAre) {
  const auto message = [](std::string prefix) {
    Config config;
    config.prefixes = {std::move(prefix)};
    const auto valid = validate(config);
    return valid ? "" : valid.error().message;
  };
  EXPECT_EQ(message("/shop"), "");
  EXPECT_EQ(message("/a b/é"),
            "prefixes: must be paths such as \"/shop\": decoded, without \"/\" at the end, \"*\" and query");
  for (const char* wrong : {"", "/", "shop", "/shop/", "/a//b", "/%61", "/*", "/a?b", "/../a"}) {
    EXPECT_NE(message(wrong), "") << wrong;
  }
}

}  // namespace
}  // namespace ficha
