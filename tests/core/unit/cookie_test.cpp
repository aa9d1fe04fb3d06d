// The vectors in tests/conformance/cookies.json say what is found; these tests say what it costs, and what is refused.
#include "ficha/cookie.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/processor_time.hpp"

namespace ficha {
namespace {

CookieValue find(std::string_view field, std::string_view name = "__Host-ficha") {
  return find_cookie({&field, 1}, name);
}

TEST(FindCookie, PointsIntoTheFieldItWasGiven) {
  const std::string field = "a=1; __Host-ficha=abc; b=2";
  const CookieValue found = find(field);
  ASSERT_EQ(found.lookup, CookieLookup::found);
  EXPECT_EQ(found.value.data(), field.data() + field.find("abc"));
  EXPECT_EQ(found.value.size(), 3U);
}

TEST(FindCookie, LooksForTheConfiguredName) {
  EXPECT_EQ(find("sid=1; __Host-ficha=2", "sid").value, "1");
  EXPECT_EQ(find("xsid=1", "sid").lookup, CookieLookup::absent);
}

TEST(FindCookie, GivesNoValueWhenItIsAmbiguous) {
  const CookieValue found = find("__Host-ficha=good; __Host-ficha=evil");
  EXPECT_EQ(found.lookup, CookieLookup::ambiguous);
  EXPECT_TRUE(found.value.empty());
}

// A quadratic parser takes 256 times as long for 16 times the input.
TEST(FindCookie, TakesLinearTime) {
  const auto shortest_time = [](const std::string& field) {
    auto shortest = std::chrono::nanoseconds::max();
    for (int round = 0; round < 5; ++round) {
      const auto start = testing::processor_time();
      EXPECT_EQ(find(field).lookup, CookieLookup::absent);
      shortest = std::min(shortest, testing::processor_time() - start);
    }
    return shortest;
  };
  for (const std::string piece : {";", " ", "=", "a=1; ", "__Host-ficha", "__Host-fich=1;"}) {
    std::string small;
    while (small.size() < (64U << 10U)) small += piece;
    std::string large;
    for (int i = 0; i < 16; ++i) large += small;
    EXPECT_LT(shortest_time(large), 100 * shortest_time(small) + std::chrono::milliseconds(1)) << piece;
  }
}

TEST(CookieConfig, IsRefusedWhereBrowsersWouldDropTheCookie) {
  struct Case {
    const char* why;
    CookieConfig config;
  };
  const Case refused[] = {
      {"no name", {.name = ""}},
      {"a separator in the name", {.name = "a b"}},
      {"a line break in the name", {.name = "a\r\nb"}},
      {"a __Host- name with a domain", {.domain = "example.org"}},
      {"a __host- name with a domain", {.name = "__HOST-x", .domain = "example.org"}},
      {"a __Host- name without Secure", {.insecure_http = true}},
      {"a __Secure- name without Secure", {.name = "__secure-x", .insecure_http = true}},
      {"SameSite=None without Secure", {.name = "x", .same_site = SameSite::none, .insecure_http = true}},
      {"a dot before the domain", {.name = "x", .domain = ".example.org"}},
      {"a dot after the domain", {.name = "x", .domain = "example.org."}},
      {"an empty label", {.name = "x", .domain = "a..org"}},
      {"a label with a hyphen at its end", {.name = "x", .domain = "a-.org"}},
      {"a label of 64 characters", {.name = "x", .domain = std::string(64, 'a') + ".org"}},
      {"an attribute in the domain", {.name = "x", .domain = "example.org; HttpOnly"}},
      {"a domain of 254 characters", {.name = "x", .domain = "a." + std::string(252, 'b')}},
  };
  for (const Case& test : refused) {
    const auto result = validate(test.config);
    ASSERT_FALSE(result) << test.why;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_config) << test.why;
    EXPECT_TRUE(result.error().message.starts_with("cookie.")) << result.error().message;
  }
}

TEST(CookieConfig, LeavesRoomForNameAndTokenIn4096Bytes) {
  EXPECT_TRUE(validate(CookieConfig{.name = std::string(4096 - Token::length, 'a')}));
  EXPECT_FALSE(validate(CookieConfig{.name = std::string(4096 - Token::length + 1, 'a')}));
}

TEST(CookieConfig, IsAcceptedWithADomainOrWithoutSecureUnderAPlainName) {
  EXPECT_TRUE(validate(CookieConfig{}));
  EXPECT_TRUE(validate(CookieConfig{.name = "__Secure-x", .domain = "a.b-c.example.org"}));
  EXPECT_TRUE(validate(CookieConfig{.name = "x", .insecure_http = true}));
  EXPECT_TRUE(validate(CookieConfig{.same_site = SameSite::none}));
}

}  // namespace
}  // namespace ficha
