// Names that clients choose are keys of a bag, never names of attributes.
#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using ::testing::HasSubstr;

class BagTest : public StoreTest {
 protected:
  IssuedSession issued = issue({.principal = "alice"});
  SessionId id = issued.session.id();

  Result<std::uint64_t> apply(std::vector<Patch::Op> ops) { return client().patch(id, {.ops = std::move(ops)}); }
  std::string bag() { return attribute(load(issued.token), "bag"); }
  void become(std::string json) { ASSERT_THAT(apply({set("bag", std::move(json))}), IsOk()); }
};
FICHA_FOR_EVERY_STORE(BagTest);

TEST_P(BagTest, PutMakesTheBagAndSetsOneKey) {
  ASSERT_THAT(apply({put("bag", "colour", R"("red")")}), IsOk());
  EXPECT_EQ(bag(), R"({"colour":"red"})");
  ASSERT_THAT(apply({put("bag", "size", "[1, 2]"), put("bag", "colour", "null")}), IsOk());
  EXPECT_EQ(bag(), R"({"colour":null,"size":[1, 2]})");
}

TEST_P(BagTest, TakeRemovesOneKeyAndDoesNotMindWhatIsNotThere) {
  become(R"({"a":1,"b":2})");
  ASSERT_THAT(apply({take("bag", "a"), take("bag", "never there"), take("no bag", "a")}), IsOk());
  EXPECT_EQ(bag(), R"({"b":2})");
  ASSERT_THAT(apply({take("bag", "b")}), IsOk());
  EXPECT_EQ(bag(), "{}");
  EXPECT_EQ(load(issued.token)->attribute_count(), 1U);
}

TEST_P(BagTest, EveryOtherMemberKeepsItsBytes) {
  become("\n{ \"a\" : 1.50e+2 ,\t\"b\\u0062\":{\"x\":[{},\"}],{\\\"\"]} , \"c\":\"\\\\\" }");
  ASSERT_THAT(apply({put("bag", "d", "4")}), IsOk());
  EXPECT_EQ(bag(), "{\"a\" : 1.50e+2,\"b\\u0062\":{\"x\":[{},\"}],{\\\"\"]},\"c\":\"\\\\\",\"d\":4}");
}

TEST_P(BagTest, AKeyIsFoundHoweverItIsEscaped) {
  become(R"({"caf\u00e9":1,"\ud83d\ude00":2,"a\/b":3,"q\"\\\n":4})");
  ASSERT_THAT(apply({put("bag", "café", "10"), put("bag", "😀", "20"), put("bag", "a/b", "30"), take("bag", "q\"\\\n")}),
              IsOk());
  EXPECT_EQ(bag(), R"({"café":10,"😀":20,"a/b":30})");
}

TEST_P(BagTest, AKeyThatStandsTwiceIsOneAfterwards) {
  become(R"({"a":1,"b":2,"\u0061":3})");
  ASSERT_THAT(apply({put("bag", "a", "4")}), IsOk());
  EXPECT_EQ(bag(), R"({"a":4,"b":2})");
  become(R"({"a":1,"b":2,"a":3})");
  ASSERT_THAT(apply({take("bag", "a")}), IsOk());
  EXPECT_EQ(bag(), R"({"b":2})");
}

TEST_P(BagTest, KeysMayBeAnyText) {
  const std::string names[] = {"__proto__", "constructor", "a\"b", "\\",   std::string("\0", 1),
                               "{",         ":",           ",",    "\x7f", " "};
  for (const std::string& name : names) {
    ASSERT_THAT(apply({put("bag", name, "1"), put("bag", name, "2")}), IsOk());
    ASSERT_THAT(apply({put("bag", "last", "3")}), IsOk());
  }
  EXPECT_EQ(bag(), R"({"__proto__":2,"last":3,"constructor":2,"a\"b":2,"\\":2,"\u0000":2,"{":2,":":2,",":2,)"
                   "\"\x7f\":2,\" \":2}");
  for (const std::string& name : names) ASSERT_THAT(apply({take("bag", name)}), IsOk());
  EXPECT_EQ(bag(), R"({"last":3})");
}

TEST_P(BagTest, WhatIsNoObjectIsNoBag) {
  for (const char* json : {"1", "[]", "[{}]", "null", R"("{}")", "true"}) {
    become(json);
    EXPECT_THAT(apply({put("bag", "a", "1")}), FailsWith(ErrorCode::invalid_argument)) << json;
    EXPECT_THAT(apply({take("bag", "a")}), FailsWith(ErrorCode::invalid_argument)) << json;
    EXPECT_EQ(bag(), json);
  }
}

TEST_P(BagTest, ABagHoldsAtMost256Keys) {
  std::vector<Patch::Op> fill;
  for (int i = 0; i < 256; ++i) fill.push_back(put("bag", "k" + std::to_string(i), "1"));
  ASSERT_THAT(apply(fill), IsOk());
  const auto refused = apply({put("bag", "one more", "1")});
  ASSERT_THAT(refused, FailsWith(ErrorCode::too_large));
  EXPECT_THAT(refused.error().message, HasSubstr("'bag'"));
  EXPECT_THAT(apply({put("bag", "k7", "2")}), IsOk());
  EXPECT_THAT(apply({take("bag", "k0"), put("bag", "one more", "1")}), IsOk());
}

TEST_P(BagTest, AnObjectOfMoreKeysIsNoBagUntilItIsSetAnew) {
  std::string object = "{";
  for (int i = 0; i < 257; ++i) object += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  become(object + "}");
  EXPECT_THAT(apply({put("bag", "k1", "2")}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(apply({take("bag", "k1")}), FailsWith(ErrorCode::too_large));
}

TEST_P(BagTest, ABagIsAtMost64KiB) {
  const std::string half = '"' + std::string(32'000, 'x') + '"';
  ASSERT_THAT(apply({put("bag", "a", half), put("bag", "b", half)}), IsOk());
  EXPECT_THAT(apply({put("bag", "c", half)}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(apply({put("bag", "a", "1"), put("bag", "c", half)}), IsOk());
}

TEST_P(BagTest, AKeyHas1To256BytesOfUtf8) {
  EXPECT_THAT(apply({put("bag", std::string(256, 'k'), "1")}), IsOk());
  EXPECT_THAT(apply({put("bag", std::string(257, 'k'), "1")}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(apply({put("bag", "", "1")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({put("bag", "\xff", "1")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({take("bag", "")}), FailsWith(ErrorCode::invalid_argument));
}

TEST_P(BagTest, AValueIsJsonThatIsStillJsonInItsBag) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_THAT(apply({put("bag", "a", "{")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({put("bag", "a", "1,\"admin\":true")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({put("bag", "a", nested(64))}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply({put("bag", "a", nested(63))}), IsOk());
  EXPECT_THAT(apply({set("copy", bag())}), IsOk());
}

TEST_P(BagTest, ForAnAddOnlyServiceABagIsAnAttributeLikeAnother) {
  Config settings = config();
  settings.session.writes = Writes::add_only;
  Client add_only = open(settings);
  const IssuedSession own = issue(add_only, {.principal = "eve"});
  const auto apply_to_own = [&](Patch::Op op) { return add_only.patch(own.session.id(), {.ops = {std::move(op)}}); };
  EXPECT_THAT(apply_to_own(put("bag", "a", "1")), IsOk());
  EXPECT_THAT(apply_to_own(put("bag", "b", "1")), FailsWith(ErrorCode::attribute_exists));
  EXPECT_THAT(apply_to_own(take("bag", "a")), FailsWith(ErrorCode::attribute_exists));
}

TEST_P(BagTest, APrincipalsSessionsTakePutAndTake) {
  ASSERT_THAT(
      client().patch_principal("alice", {.ops = {put("bag", "a", "1"), put("bag", "b", "2"), take("bag", "a")}}),
      IsOk());
  EXPECT_EQ(bag(), R"({"b":2})");
  EXPECT_EQ(load(issued.token)->generation(), 2U);
}

}  // namespace
}  // namespace ficha::testing
