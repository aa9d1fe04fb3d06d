// Origins, CSRF tokens and trusted proxies. What decisions make of them is in tests/conformance/decisions.json.
#include "http/csrf.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/trust.hpp"
#include "support/scripted_random.hpp"

namespace ficha {
namespace {

TEST(Origin, IsSchemeHostAndPort) {
  const auto origin = Origin::parse("https://Bank.Example:8443");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->scheme, "https");
  EXPECT_EQ(origin->host, "Bank.Example");
  EXPECT_EQ(origin->port, 8443U);
  EXPECT_EQ(Origin::parse("http://a")->port, 80U);
  EXPECT_EQ(Origin::parse("https://a")->port, 443U);
  EXPECT_EQ(Origin::parse("https://[2001:db8::1]:99")->host, "[2001:db8::1]");
}

TEST(Origin, IsNothingElse) {
  for (const char* text : {"",
                           "null",
                           "bank.example",
                           "https:/a",
                           "https://",
                           "https:///",
                           "https://a/",
                           "https://a?b",
                           "https://a#b",
                           "https://u@a",
                           "https://u:p@a",
                           "https://a:",
                           "https://a:0",
                           "https://a:65536",
                           "https://a:-1",
                           "https://a:8a",
                           "https://a:000443",
                           "https://a b",
                           "https://a\nb",
                           "https://a%2eb",
                           "https://.a",
                           "https://[::1",
                           "https://::1",
                           "https://[]",
                           "https://[::1]x",
                           "https://[g::1]",
                           "1https://a",
                           "://a",
                           "ht tps://a",
                           "https://a,https://b"}) {
    EXPECT_FALSE(Origin::parse(text)) << text;
  }
}

TEST(Origin, IsComparedWholeButForCaseDefaultPortAndTrailingDot) {
  const Origin bank = *Origin::parse("https://bank.example");
  for (const char* same :
       {"https://bank.example", "HTTPS://BANK.EXAMPLE", "https://bank.example:443", "https://bank.example."}) {
    EXPECT_TRUE(bank.same_as(*Origin::parse(same))) << same;
  }
  for (const char* other :
       {"http://bank.example", "https://bank.example:444", "https://www.bank.example", "https://bank.exampl",
        "https://bank.example.org", "https://bank.example..", "http://bank.example:443"}) {
    EXPECT_FALSE(bank.same_as(*Origin::parse(other))) << other;
  }
}

// Calculated with Python's hmac from the token's 32 secret bytes, its session id and the nonce 5a5a…
TEST(CsrfToken, IsAMacUnderTheTokensSecret) {
  const auto token = Token::parse("fch1_dHF1WFeIDhINlFn4qWeVj0v4MuAqzblFGN5QTzXGRD2BinwUxzA", {});
  ASSERT_TRUE(token);
  testing::RepeatingRandom random;
  const auto made = make_csrf_token(*token, random);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, "WlpaWlpaWlpaWlpaWlpaWkPIUX7wq4OggaJ0t9gxtKrlb81KNMc51GyfFoLhyiGU");
  EXPECT_TRUE(verify_csrf_token(*made, *token));
}

TEST(CsrfToken, IsNewEveryTimeAndValidEveryTime) {
  const Token token = *Token::generate_anonymous({});
  const std::string first = *make_csrf_token(token, openssl_random());
  const std::string second = *make_csrf_token(token, openssl_random());
  EXPECT_NE(first, second);
  EXPECT_TRUE(verify_csrf_token(first, token));
  EXPECT_TRUE(verify_csrf_token(second, token));
}

TEST(CsrfToken, IsRefusedForAnotherSessionAndWhenAnyCharacterDiffers) {
  const Token token = *Token::generate_anonymous({});
  const std::string good = *make_csrf_token(token, openssl_random());
  EXPECT_FALSE(verify_csrf_token(good, *Token::generate_anonymous({})));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_csrf_token(changed, token)) << i;
  }
  EXPECT_FALSE(verify_csrf_token("", token));
  EXPECT_FALSE(verify_csrf_token(good + "A", token));
  EXPECT_FALSE(verify_csrf_token(good.substr(1), token));
}

TEST(CsrfToken, IsAnErrorWhenThereIsNoRandomness) {
  testing::FailingRandom random;
  const auto made = make_csrf_token(*Token::generate_anonymous({}), random);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::unavailable);
}

TEST(AddressBlock, HoldsItsAddressesAndNoOthers) {
  struct Case {
    const char* block;
    const char* address;
    bool held;
  };
  const Case cases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"192.168.4.0/22", "192.168.7.255", true},
      {"192.168.4.0/22", "192.168.8.0", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.0/31", "192.0.2.1", true},
      {"0.0.0.0/1", "127.255.255.255", true},
      {"0.0.0.0/1", "128.0.0.0", false},
      {"2001:db8::/32", "2001:db8:ffff::", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"::1", "::1", true},
      {"::1", "0:0:0:0:0:0:0:1", true},
      {"::1", "::2", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", true},
      {"10.0.0.0/8", "::ffff:11.0.0.1", false},
      {"::ffff:10.0.0.0/104", "10.1.1.1", true},
      {"10.0.0.0/8", "::10.0.0.1", false},
      {"10.0.0.0/8", "", false},
      {"10.0.0.0/8", "10.0.0.1:80", false},
      {"10.0.0.0/8", "10.0.0.01", false},
      {"10.0.0.0/8", "10.1", false},
      {"10.0.0.0/8", " 10.0.0.1", false},
      {"fe80::/10", "fe80::1%eth0", false},
      {"10.0.0.0/8", "proxy.example.org", false},
  };
  for (const Case& test : cases) {
    const auto block = AddressBlock::parse(test.block);
    ASSERT_TRUE(block) << test.block;
    EXPECT_EQ(block->contains(test.address), test.held) << test.block << " " << test.address;
  }
  EXPECT_FALSE(AddressBlock::parse("10.0.0.0/8")->contains(std::string_view("10.0.0.1\0", 9)));
  EXPECT_FALSE(AddressBlock::parse("10.0.0.0/8")->contains(std::string(100, '1')));
}

TEST(HeaderAlias, IsAnyCaseAndAnySeparator) {
  for (const char* alias : {"X-User", "x-user", "X_User", "X.User", "x_USER", "X.USER"}) {
    EXPECT_TRUE(is_header_alias("X-User", alias)) << alias;
    EXPECT_TRUE(is_header_alias(alias, "X_USER")) << alias;
  }
  for (const char* other : {"X-User2", "X-Use", "XUser", "X--User", "X User", "X-User-", ""}) {
    EXPECT_FALSE(is_header_alias("X-User", other)) << other;
  }
}

}  // namespace
}  // namespace ficha
