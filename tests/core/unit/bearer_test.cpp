// tests/conformance/bearer.json holds the cases; here is what a table cannot say.
#include "http/bearer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <string>

namespace ficha {
namespace {

TEST(ParseAuthorization, PointsToTheTokenWithinTheField) {
  const std::string field = "Bearer abc==";
  const BearerValue value = parse_authorization(field);
  ASSERT_EQ(value.lookup, BearerLookup::found);
  EXPECT_EQ(value.token.data(), field.data() + 7);
  EXPECT_EQ(value.token, "abc==");
}

// RFC 6750 section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
TEST(ParseAuthorization, AgreesWithTheGrammarOnEveryThreeByteCredential) {
  const std::regex grammar("[A-Za-z0-9._~+/-]+=*");
  const std::array<char, 14> bytes = {'a', 'Z', '9', '-', '~', '=', ' ', '\t', ',', '"', '\0', '\n', '\x7f', '\xa0'};
  for (const char a : bytes) {
    for (const char b : bytes) {
      for (const char c : bytes) {
        const std::string credential{a, b, c};
        if (a == ' ' || c == ' ' || c == '\t') continue;  // blanks around a credential are no part of it
        const BearerValue value = parse_authorization("Bearer " + credential);
        EXPECT_EQ(value.lookup == BearerLookup::found, std::regex_match(credential, grammar)) << credential;
      }
    }
  }
}

TEST(ParseAuthorization, TakesNoOtherByteForTheSpace) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string field = std::string("Bearer") + static_cast<char>(byte) + "abc";
    EXPECT_EQ(parse_authorization(field).lookup == BearerLookup::found, byte == ' ') << byte;
  }
}

}  // namespace
}  // namespace ficha
