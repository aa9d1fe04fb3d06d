#include <gmock/gmock.h>

#include "base/json.hpp"
#include "ficha/store.hpp"
#include "support/results.hpp"

namespace ficha::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Attributes = std::vector<Attribute>;

// "set a 1", "remove b": for comparisons.
std::vector<std::string> steps(const Attributes& before, const Attributes& after) {
  const auto ops = difference(before, after);
  if (!ops) return {std::string(name(ops.error().code))};
  std::vector<std::string> steps;
  for (const Patch::Op& op : *ops) {
    steps.push_back(op.kind == Patch::Kind::remove ? "remove " + op.name : "set " + op.name + " " + op.json);
  }
  return steps;
}

TEST(Difference, IsEmptyForWhatHasNotBeenTouched) {
  EXPECT_THAT(steps({}, {}), IsEmpty());
  EXPECT_THAT(steps({{"a", "1"}, {"b", "[1, 2]"}}, {{"b", "[1, 2]"}, {"a", "1"}}), IsEmpty());
}

TEST(Difference, SetsWhatIsNewOrOtherAndRemovesWhatIsMissing) {
  EXPECT_THAT(steps({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {{"a", "1"}, {"b", "\"2\""}, {"d", "null"}}),
              ElementsAre("remove c", "set b \"2\"", "set d null"));
}

TEST(Difference, OtherWordsForTheSameAreNone) {
  const std::vector<std::pair<const char*, const char*>> same = {
      {R"({"a":1,"b":[true,null]})", R"( { "b" : [ true , null ] , "a" : 1 } )"},
      {R"("\u00e9\/")", R"("é/")"},
      {"1.0", "1"},
      {"100", "1e2"},
      {"1e-7", "1E-07"},
      {"0.10", "0.1"},
      {"-0.0", "0"},
      {"123456789012345678901234567890", "123456789012345678901234567890.0"},
      {R"({"a":1,"a":2})", R"({"a":2})"},
  };
  for (const auto& [before, after] : same) {
    EXPECT_THAT(steps({{"x", before}}, {{"x", after}}), IsEmpty()) << before << " and " << after;
    EXPECT_THAT(steps({{"x", after}}, {{"x", before}}), IsEmpty()) << after << " and " << before;
  }
}

TEST(Difference, WhatSomeLanguageTellsApartIsOne) {
  const std::vector<std::pair<const char*, const char*>> other = {
      {"1", "\"1\""},
      {"1", "true"},
      {"0", "null"},
      {"0", "false"},
      {"[]", "{}"},
      {"[1,2]", "[2,1]"},
      {"\"a\"", "\"A\""},
      {R"({"a":1})", R"({"a":1,"b":null})"},
      {"1e300", "1e301"},
      {"-1", "1"},
      {"-1e-0000000000000001", "1e-0000000000000001"},
      {"[[]]", "[]"},
      {R"({"":1})", R"([1])"},
      {"9007199254740993", "9007199254740992"},
      {"0.1234567890123456789", "0.1234567890123456788"},
      {R"("e\u0301")", R"("\u00e9")"},
  };
  for (const auto& [before, after] : other) {
    EXPECT_THAT(steps({{"x", before}}, {{"x", after}}), ElementsAre("set x " + std::string(after)));
    EXPECT_THAT(steps({{"x", after}}, {{"x", before}}), ElementsAre("set x " + std::string(before)));
  }
}

TEST(Difference, RefusesWhatIsNoJsonByName) {
  const auto refused = difference({}, Attributes{{"cart", "{oops"}});
  EXPECT_THAT(refused, FailsWith(ErrorCode::invalid_argument));
  EXPECT_NE(refused.error().message.find("\"cart\""), std::string::npos);
  EXPECT_EQ(refused.error().message.find("oops"), std::string::npos);
}

TEST(CanonicalJson, IsItsOwnCanonicalForm) {
  for (const char* text : {"1", "-12.50e+3", "[]", "{}", R"({"b":[1,{"c":2}],"a":"\n"})", "1e400000000000000000"}) {
    const auto canonical = canonical_json(text);
    if (canonical) {
      EXPECT_EQ(canonical_json(*canonical), canonical) << text;
    }
  }
  EXPECT_FALSE(canonical_json("nul"));
  EXPECT_FALSE(canonical_json(""));
}

}  // namespace
}  // namespace ficha::testing
