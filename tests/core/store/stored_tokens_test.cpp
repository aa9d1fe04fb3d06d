// A session's own token is never stored, whatever it is wrapped in; another's is stored, and reported.
#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string in_quotes(std::string_view text) {
  return '"' + std::string{text} + '"';
}

// Each character as JSON may also write it.
std::string escaped(std::string_view text) {
  std::string json;
  for (const char c : text) {
    char escape[7];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    json += escape;
  }
  return json;
}

class StoredTokensTest : public StoreTest {
 protected:
  StoredTokensTest() {
    Hooks logging = hooks();
    logging.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) log.emplace_back(text);
    };
    auto opened = Client::open(config(), logging);
    client.emplace(std::move(*opened));
    issued.emplace(issue(*client, {.principal = "alice"}));
    own = issued->token.reveal();
    foreign = issue(*client, {.principal = "bob"}).token.reveal();
  }

  void expect_refused(const Patch& patch, std::string_view name) {
    const auto refused = client->patch(issued->session.id(), patch);
    ASSERT_THAT(refused, FailsWith(ErrorCode::invalid_argument));
    EXPECT_THAT(refused.error().message, HasSubstr(std::string{name}));
    EXPECT_THAT(refused.error().message, Not(HasSubstr(own)));
    EXPECT_THAT(refused.error().message, Not(HasSubstr(foreign)));
    EXPECT_EQ(load(*client, issued->token)->generation(), 1U);
  }

  std::vector<std::string> log;
  std::optional<Client> client;
  std::optional<IssuedSession> issued;
  std::string own;
  std::string foreign;
};
FICHA_FOR_EVERY_STORE(StoredTokensTest);

TEST_P(StoredTokensTest, TheSessionsOwnIsRefusedByTheNameOfWhatHoldsIt) {
  expect_refused({.ops = {set("saved", R"({"cookie":"a=b; __Host-ficha=)" + own + R"(; c=d"})")}}, "\"saved\"");
  expect_refused({.ops = {add("saved", in_quotes("Bearer " + own))}}, "\"saved\"");
  expect_refused({.ops = {put("bag", "key", in_quotes(own))}}, "\"bag\"");
  expect_refused({.ops = {put("bag", own, "1")}}, "\"bag\"");
  expect_refused({.protected_ops = {set("request", in_quotes(own))}}, "\"request\"");
  expect_refused({.device = Device{"192.0.2.1", "agent " + own}}, "device");
  expect_refused({.device = Device{own, ""}}, "device");
}

TEST_P(StoredTokensTest, EscapesHideNothing) {
  expect_refused({.ops = {set("saved", in_quotes("\\u0066" + own.substr(1)))}}, "\"saved\"");
  expect_refused({.ops = {set("saved", in_quotes(escaped(own)))}}, "\"saved\"");
  const std::string upper = "fch1\\u005F" + own.substr(5);
  expect_refused({.ops = {set("saved", in_quotes(upper))}}, "\"saved\"");
  // JSON as a text of JSON as a text of JSON.
  std::string nested = in_quotes(escaped(own.substr(0, 1)) + own.substr(1));
  for (int i = 0; i < 3; ++i) {
    std::string outer = "\"";
    for (const char c : nested) outer.append(c == '"' || c == '\\' ? "\\" : "").push_back(c);
    nested = outer + "\"";
    expect_refused({.ops = {set("saved", nested)}}, "\"saved\"");
  }
  expect_refused({.ops = {set("saved", in_quotes("\\u005cu0066" + own.substr(1)))}}, "\"saved\"");
  // A reader that undoes one escape more loses it again.
  expect_refused({.ops = {set("saved", in_quotes("\\u00" + own))}}, "\"saved\"");
  expect_refused({.ops = {set("saved", in_quotes("\\\\u00\\u0066" + own.substr(1)))}}, "\"saved\"");
}

TEST_P(StoredTokensTest, NoNameIsAToken) {
  expect_refused({.ops = {set(own, "1")}}, "name");
  expect_refused({.ops = {remove(foreign)}}, "name");
  expect_refused({.protected_ops = {set(foreign, "1")}}, "name");
  const auto refused = client->create({.attributes = {{foreign, "{"}}});
  ASSERT_THAT(refused, FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(refused.error().message, Not(HasSubstr(foreign)));
}

TEST_P(StoredTokensTest, ALoginRefusesThatOfTheSessionItComesFrom) {
  for (const char* principal : {"alice", "carol"}) {
    const auto refused = client->login({.session = {.principal = principal, .attributes = {{"saved", in_quotes(own)}}},
                                        .current = issued->session.id()});
    ASSERT_THAT(refused, FailsWith(ErrorCode::invalid_argument));
    EXPECT_THAT(refused.error().message, HasSubstr("\"saved\""));
    EXPECT_THAT(refused.error().message, Not(HasSubstr(own)));
  }
  EXPECT_TRUE(load(*client, issued->token));
}

TEST_P(StoredTokensTest, APrincipalsSessionsRefuseThoseOfThePrincipal) {
  EXPECT_THAT(client->patch_principal("alice", {.ops = {set("saved", in_quotes(own))}}),
              FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(client->patch_principal("alice", {.ops = {set("saved", in_quotes(foreign))}}), IsOk());
}

TEST_P(StoredTokensTest, AnothersIsStoredAndReportedByTheAttributesName) {
  ASSERT_THAT(client->patch(issued->session.id(), {.ops = {set("saved", in_quotes(foreign)), set("cart", "1")}}),
              IsOk());
  EXPECT_EQ(attribute(load(*client, issued->token), "saved"), in_quotes(foreign));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_THAT(log[0], HasSubstr("\"saved\""));
  EXPECT_THAT(log[0], Not(HasSubstr(foreign)));
  ASSERT_THAT(client->create({.attributes = {{"copy", in_quotes(own)}}}), IsOk());
  ASSERT_EQ(log.size(), 2U);
  EXPECT_THAT(log[1], HasSubstr("\"copy\""));
}

TEST_P(StoredTokensTest, WhatOnlyBeginsLikeOneIsData) {
  std::string wrong_check = own;
  wrong_check.back() = wrong_check.back() == 'A' ? 'Q' : 'A';
  for (const std::string& text : {std::string{"fch1_"}, own.substr(0, 55), "fch1_" + std::string(51, 'A'), wrong_check,
                                  "FCH1_" + own.substr(5), std::string{"\\u0066ch1"}}) {
    EXPECT_THAT(client->patch(issued->session.id(), {.ops = {set("text", in_quotes(text))}}), IsOk());
  }
  EXPECT_THAT(log, IsEmpty());
}

TEST_P(StoredTokensTest, EscapesWithoutEndAreRefused) {
  std::string text = "\\";
  for (int i = 0; i < 10'000; ++i) text += "u005c";
  EXPECT_THAT(client->patch(issued->session.id(), {.ops = {set("text", in_quotes(text))}}),
              FailsWith(ErrorCode::invalid_argument));
}

TEST_P(StoredTokensTest, ATextOfNothingButLookalikesIsRefused) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "fch1_";
  EXPECT_THAT(client->patch(issued->session.id(), {.ops = {set("text", in_quotes(text))}}),
              FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace ficha::testing
