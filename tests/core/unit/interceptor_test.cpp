// Decisions are specified by tests/conformance/decisions.json; here is the rest of the interceptor's contract.
#include "ficha/interceptor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "session/record.hpp"
#include "support/allocations.hpp"
#include "support/processor_time.hpp"

namespace ficha {
namespace {

constexpr std::int64_t now = 1'800'000'000;

Interceptor compile(std::string_view toml) {
  auto config = parse_config(toml, "ficha.toml");
  EXPECT_TRUE(config) << config.error().message;
  return *Interceptor::compile(*config);
}

Session session_of(std::string_view principal, std::vector<std::string_view> roles = {}) {
  RecordFields fields;
  fields.created_at = now - 100;
  fields.authenticated_at = now - 100;
  fields.expires_at = now + 3600;
  fields.principal = principal;
  fields.roles = std::move(roles);
  return make_session(Token::generate_anonymous({})->id(), fields, now + 1800);
}

class AnInterceptor : public ::testing::Test {
 protected:
  Decision decide(const HttpRequest& request, const LookupResult& lookup) const {
    auto admitted = interceptor_.admit(request);
    if (auto* decision = std::get_if<Decision>(&admitted)) return *decision;
    return interceptor_.judge(request, std::get<Admission>(admitted), lookup, now);
  }

  const Token token_ = *Token::generate_anonymous({});
  const std::string cookie_ = "__Host-ficha=" + std::string(token_.reveal());
  const HeaderField headers_[3] = {{"Host", "bank.example"}, {"User-Agent", "Mozilla/5.0"}, {"Cookie", cookie_}};
  const HttpRequest request_{.method = "GET", .path = "/a/b", .headers = headers_};
  const Interceptor interceptor_ = compile(R"(
[trust]
identity_headers = ["X-User", "X-Roles"]
[[rule]]
path = "/open"
allow = "anyone"
[[rule]]
path = "/a/*"
)");
};

TEST_F(AnInterceptor, HandsTheSessionToWhomItAllows) {
  const Decision decision = decide(request_, std::optional(session_of("alice")));
  ASSERT_TRUE(decision.allowed());
  EXPECT_EQ(decision.session->principal(), "alice");
}

TEST_F(AnInterceptor, HandsNoSessionToWhomItDenies) {
  EXPECT_FALSE(decide(request_, std::optional(session_of(""))).session);
}

TEST_F(AnInterceptor, RefusesASessionPastItsAbsoluteDeadlineWhateverTheStoreSays) {
  auto admission = std::get<Admission>(interceptor_.admit(request_));
  const LookupResult live = std::optional(session_of("alice"));
  EXPECT_TRUE(interceptor_.judge(request_, admission, live, now + 3599).allowed());
  EXPECT_EQ(interceptor_.judge(request_, admission, live, now + 3600).reason, Reason::session_not_live);
}

TEST_F(AnInterceptor, DeniesAnAdmissionThatItDidNotMake) {
  for (const int rule : {-1, 2, 1'000'000}) {
    const Decision decision = interceptor_.judge(request_, Admission(rule), std::optional(session_of("a")), now);
    EXPECT_EQ(decision.verdict, Verdict::forbidden) << rule;
  }
}

// What an attacker can tell apart is the status and the headers.
TEST_F(AnInterceptor, AnswersEveryTokenThatIsNotLiveAlike) {
  const auto seen = [](const Decision& decision) {
    std::string text = std::to_string(decision.status);
    for (const ResponseHeader& header : decision.headers()) text.append(header.name).append(header.value);
    return text;
  };
  const std::string unknown = seen(decide(request_, std::optional<Session>()));
  for (const std::string& value :
       {std::string("x"), std::string(), std::string(56, 'a'), cookie_.substr(14), cookie_ + "A"}) {
    const std::string field = "__Host-ficha=" + value;
    const HeaderField header{"Cookie", field};
    EXPECT_EQ(seen(decide({.method = "GET", .path = "/a/b", .headers = {&header, 1}}, std::optional<Session>())),
              unknown);
  }
}

TEST_F(AnInterceptor, AllocatesNothingForARequestThatPasses) {
  const HeaderField unsafe[] = {{"Host", "bank.example"}, {"Origin", "https://bank.example"}, {"Cookie", cookie_}};
  const HttpRequest post{.method = "POST", .path = "/a/%C3%A9", .headers = unsafe};
  const HttpRequest anonymous{.method = "GET", .path = "/open?x=y", .headers = std::span(headers_).first(2)};
  for (const HttpRequest& request : {request_, post, anonymous}) {
    LookupResult lookup = std::optional(session_of("alice", {"customer"}));
    const std::size_t before = testing::allocation_count();
    auto admitted = interceptor_.admit(request);
    bool allowed = false;
    if (const auto* admission = std::get_if<Admission>(&admitted)) {
      allowed = interceptor_.judge(request, *admission, std::move(lookup), now).allowed();
    } else {
      allowed = std::get<Decision>(admitted).allowed();
    }
    const std::size_t after = testing::allocation_count();
    EXPECT_TRUE(allowed) << request.path;
    EXPECT_EQ(after, before) << request.path;
  }
}

// Quadratic work would take 256 times as long for 16 times the input.
TEST_F(AnInterceptor, TakesLinearTimeForHostileRequests) {
  const auto shortest_time = [&](const HttpRequest& request) {
    auto shortest = std::chrono::nanoseconds::max();
    for (int round = 0; round < 5; ++round) {
      const auto start = testing::processor_time();
      EXPECT_EQ(decide(request, std::optional<Session>()).status / 100, 4);
      shortest = std::min(shortest, testing::processor_time() - start);
    }
    return shortest;
  };
  const auto of_fields = [&](std::size_t count, HeaderField field) {
    const std::vector<HeaderField> fields(count, field);
    return shortest_time({.method = "POST", .path = "/a/b", .headers = fields});
  };
  for (const HeaderField field : {HeaderField{"Cookie", "a=1"}, HeaderField{"Cookie", "__Host-ficha=x"},
                                  HeaderField{"Authorization", "Basic eDp5"}, HeaderField{"Origin", "https://a"},
                                  HeaderField{"X-Forwarded-Host", "a,b,c"}, HeaderField{"", ""}}) {
    EXPECT_LT(of_fields(64'000, field), 100 * of_fields(4'000, field) + std::chrono::milliseconds(1)) << field.name;
  }
  const auto of_value = [&](std::size_t size, std::string_view name, std::string_view begin, char filling) {
    const std::string value = std::string(begin) + std::string(size, filling);
    const HeaderField fields[] = {{"Cookie", cookie_}, {name, value}};
    return shortest_time({.method = "POST", .path = "/a/b", .headers = fields});
  };
  struct Value {
    const char* name;
    const char* begin;
    char filling;
  };
  for (const Value value :
       {Value{"Cookie", "a=", ','}, Value{"Authorization", "Bearer ", 'a'}, Value{"Authorization", "Basic ", ','},
        Value{"Authorization", "Bearer", ' '}, Value{"Origin", "https://", 'a'}, Value{"Referer", "https://", ':'},
        Value{"Upgrade", "", 'w'}}) {
    EXPECT_LT(of_value(1U << 20U, value.name, value.begin, value.filling),
              100 * of_value(1U << 16U, value.name, value.begin, value.filling) + std::chrono::milliseconds(1))
        << value.name << ' ' << value.begin;
  }
}

TEST_F(AnInterceptor, KnowsIdentityHeadersInEveryAlias) {
  for (const char* name : {"X-User", "x_user", "X.USER", "x-roles", "X_Roles"}) {
    EXPECT_TRUE(interceptor_.is_identity_header(name)) << name;
  }
  for (const char* name : {"X-Users", "XUser", "", "Cookie"})
    EXPECT_FALSE(interceptor_.is_identity_header(name)) << name;
}

TEST_F(AnInterceptor, ExplainsWhichRuleDecided) {
  EXPECT_EQ(interceptor_.explain(decide(request_, std::optional<Session>())),
            "unauthenticated: session_not_live, by rule[1] /a/* (line 7)");
  EXPECT_EQ(interceptor_.explain(decide({.method = "GET", .path = "//", .headers = {}}, std::optional<Session>())),
            "bad_request: ambiguous_path");
}

TEST_F(AnInterceptor, WorksAfterItWasMoved) {
  Interceptor first = compile("[[rule]]\npath = \"/a/b\"\n");
  Interceptor second = std::move(first);
  EXPECT_TRUE(std::holds_alternative<Admission>(second.admit(request_)));
}

TEST(CompileInterceptor, RefusesWhatValidateRefuses) {
  Config config;
  config.trust.proxies = {"everybody"};
  const auto compiled = Interceptor::compile(config);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code, ErrorCode::invalid_config);
  EXPECT_EQ(compiled.error().message, validate(config).error().message);
}

TEST(CsrfTokenMode, ChecksTokensUnderTheConfiguredKeys) {
  Config config = *parse_config("[csrf]\nmode = \"token\"\n[[rule]]\npath = \"/a\"\n", "ficha.toml");
  config.session.token_keys = {Secret("0123456789abcdef"), Secret("fedcba9876543210")};
  const Interceptor interceptor = *Interceptor::compile(config);
  // Signed by the second key, as after a change of keys.
  const Token token = *Token::generate_anonymous({config.session.token_keys[1]});
  const std::string cookie = "__Host-ficha=" + std::string(token.reveal());
  const std::string proof = *interceptor.csrf_token(token, openssl_random());
  const HeaderField headers[] = {{"Cookie", cookie}, {"X-CSRF-Token", proof}};
  const HttpRequest request{.method = "POST", .path = "/a", .headers = headers};
  const auto admission = std::get<Admission>(interceptor.admit(request));
  EXPECT_TRUE(interceptor.judge(request, admission, std::optional(session_of("alice")), now).allowed());
}

class TheOtherDoor : public AnInterceptor {
 protected:
  Decision let_through(std::string_view principal, std::vector<std::string_view> roles = {}) const {
    return decide(request_, std::optional(session_of(principal, std::move(roles))));
  }
};

TEST_F(TheOtherDoor, LetsThroughWhoMeetsTheRequirement) {
  const Decision decision = interceptor_.require({.roles = {"teller", "admin"}}, let_through("alice", {"admin"}), now);
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.session->principal(), "alice");
  ASSERT_EQ(decision.headers().size(), 1U);
  EXPECT_EQ(decision.headers()[0].name, "Vary");
}

TEST_F(TheOtherDoor, DeniesWithTheSameStatusAndHeadersAsARule) {
  const Decision admitted = let_through("alice");
  const Decision forbidden = interceptor_.require({.roles = {"admin"}}, admitted, now);
  EXPECT_EQ(forbidden.reason, Reason::missing_role);
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_EQ(forbidden.rule, admitted.rule);
  EXPECT_FALSE(forbidden.session);
  ASSERT_EQ(forbidden.headers().size(), 1U);
  EXPECT_EQ(forbidden.headers()[0].name, "Vary");

  const Decision old = interceptor_.require({.level = 1, .max_auth_age = std::chrono::seconds(50)}, admitted, now);
  EXPECT_EQ(old.verdict, Verdict::reauthenticate);
  EXPECT_EQ(old.headers()[0].value, R"(Bearer error="insufficient_user_authentication", max_age="50", acr_values="1")");
}

// A clock may begin at zero.
TEST_F(TheOtherDoor, NeverTakesASessionWithoutAuthenticationForRecentlyAuthenticated) {
  RecordFields fields;
  fields.expires_at = 1000;
  fields.principal = "alice";
  Decision admitted = let_through("alice");
  admitted.session = make_session(token_.id(), fields, 1000);
  const Decision decision = interceptor_.require({.max_auth_age = std::chrono::seconds(300)}, admitted, 100);
  EXPECT_EQ(decision.reason, Reason::authentication_too_old);
}

TEST_F(TheOtherDoor, TakesAConditionForARequirementToBeAuthenticated) {
  const Decision anonymous = decide({.method = "GET", .path = "/open", .headers = {}}, std::optional<Session>());
  ASSERT_TRUE(anonymous.allowed());
  EXPECT_TRUE(interceptor_.require({.allow = Allow::anyone}, anonymous, now).allowed());
  EXPECT_EQ(interceptor_.require({}, anonymous, now).reason, Reason::no_credential);
  EXPECT_EQ(interceptor_.require({.allow = Allow::anyone, .roles = {"admin"}}, anonymous, now).reason,
            Reason::no_credential);
  EXPECT_EQ(interceptor_.require({.allow = Allow::nobody}, anonymous, now).reason, Reason::nobody);
}

TEST_F(TheOtherDoor, AnswersAStaleCookieThatAnOpenRuleLetThrough) {
  const Decision stale = decide({.method = "GET", .path = "/open", .headers = headers_}, std::optional<Session>());
  ASSERT_TRUE(stale.allowed());
  const Decision decision = interceptor_.require({}, stale, now);
  EXPECT_EQ(decision.reason, Reason::session_not_live);
  EXPECT_EQ(decision.headers()[0].value, R"(Bearer error="invalid_token")");
}

// As a host has it that keeps its own decision, or whose user logged in after it.
TEST_F(TheOtherDoor, JudgesTheSessionThatTookThePlaceOfTheRequests) {
  const Session teller = session_of("alice", {"teller"});
  const Admitted admitted{.rule = 1, .carrier = Carrier::bearer, .session = &teller};
  const Decision allowed = interceptor_.require({.roles = {"teller"}}, admitted, now);
  EXPECT_EQ(allowed.reason, Reason::allowed);
  EXPECT_EQ(allowed.rule, 1);
  EXPECT_EQ(allowed.session->principal(), "alice");
  const Decision denied = interceptor_.require({.roles = {"admin"}}, admitted, now);
  EXPECT_EQ(denied.reason, Reason::missing_role);
  EXPECT_EQ(denied.rule, 1);
  ASSERT_EQ(denied.headers().size(), 1U);
  EXPECT_EQ(denied.headers()[0].value, R"(Bearer error="insufficient_scope")");
}

TEST_F(TheOtherDoor, HasNoSessionWhereTheRequestsHasEnded) {
  const Admitted admitted{.rule = 1, .carrier = Carrier::cookie};
  EXPECT_EQ(interceptor_.require({.allow = Allow::anyone}, admitted, now).reason, Reason::allowed_anonymous);
  EXPECT_EQ(interceptor_.require({}, admitted, now).reason, Reason::session_not_live);
}

TEST_F(TheOtherDoor, LeavesADenialAsItIs) {
  const Decision denied = decide(request_, Error{ErrorCode::timeout, ""});
  const Decision again = interceptor_.require({.allow = Allow::anyone}, denied, now);
  EXPECT_EQ(again.status, 503);
  EXPECT_EQ(again.reason, Reason::store_unavailable);
}

TEST_F(TheOtherDoor, SendsNoScopesThatAHeaderCannotCarry) {
  const std::string credential = "Bearer " + std::string(token_.reveal());
  const HeaderField header{"Authorization", credential};
  const Decision admitted =
      decide({.method = "GET", .path = "/a/b", .headers = {&header, 1}}, std::optional(session_of("alice")));
  ASSERT_TRUE(admitted.allowed());
  const auto challenge = [&](const char* scope) {
    return interceptor_.require({.scopes = {"read", scope}}, admitted, now).headers()[0].value;
  };
  EXPECT_EQ(challenge("write"), R"(Bearer error="insufficient_scope", scope="read write")");
  EXPECT_EQ(challenge("\r\nSet-Cookie: a=b"), R"(Bearer error="insufficient_scope")");
  EXPECT_EQ(challenge("a\", error=\"b"), R"(Bearer error="insufficient_scope")");
}

TEST(Decision, IsADenialUntilItIsMade) {
  const Decision decision;
  EXPECT_FALSE(decision.allowed());
  EXPECT_EQ(decision.status, 503);
}

TEST(Names, AreStable) {
  EXPECT_EQ(name(Verdict::allow), "allow");
  EXPECT_EQ(name(Verdict::unavailable), "unavailable");
  EXPECT_EQ(name(Reason::allowed), "allowed");
  EXPECT_EQ(name(Reason::store_unavailable), "store_unavailable");
  EXPECT_EQ(name(Verdict::method_not_allowed), "method_not_allowed");
  for (int i = 0; i <= static_cast<int>(last_verdict); ++i) EXPECT_NE(name(static_cast<Verdict>(i)), "unknown") << i;
  for (int i = 0; i <= static_cast<int>(last_reason); ++i) EXPECT_NE(name(static_cast<Reason>(i)), "unknown") << i;
}

}  // namespace
}  // namespace ficha
