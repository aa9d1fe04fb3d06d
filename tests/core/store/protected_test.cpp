// Attributes that carry identity and authority lie where nothing that names an ordinary attribute reaches.
#include "core/store/store_suite.hpp"

namespace ficha::testing {
namespace {

using ::testing::HasSubstr;

class ProtectedTest : public StoreTest {
 protected:
  IssuedSession issued = issue({.principal = "alice",
                                .attributes = {{"cart", "[1]"}},
                                .protected_attributes = {{"user", "7"}, {"factors", "[\"password\"]"}}});
  SessionId id = issued.session.id();

  Result<std::uint64_t> apply(std::vector<Patch::Op> ops) { return client().patch(id, {.ops = std::move(ops)}); }
  Result<std::uint64_t> apply_protected(std::vector<Patch::Op> ops) {
    return client().patch(id, {.protected_ops = std::move(ops)});
  }
  std::string stored(std::string_view name) { return protected_attribute(load(issued.token), name); }
};
FICHA_FOR_EVERY_STORE(ProtectedTest);

TEST_P(ProtectedTest, AreReadApartFromTheOthers) {
  EXPECT_EQ(issued.session.protected_attribute("user"), "7");
  for (const auto& session : {load(issued.token), client().find(id).value(), load(client(), issued.token, {})}) {
    ASSERT_TRUE(session);
    ASSERT_EQ(session->protected_count(), 2U);
    EXPECT_EQ(session->protected_name(1), "factors");
    EXPECT_EQ(session->protected_json(1), "[\"password\"]");
    EXPECT_EQ(session->attribute_count(), 1U);
    EXPECT_EQ(session->attribute("user"), std::nullopt);
    EXPECT_EQ(session->protected_attribute("cart"), std::nullopt);
  }
}

TEST_P(ProtectedTest, NoOrdinaryChangeReachesThem) {
  ASSERT_THAT(
      apply({set("user", "1"), remove("factors"), add("more", "2"), increment("user", 5), put("bag", "user", "3")}),
      IsOk());
  EXPECT_EQ(attribute(load(issued.token), "user"), "6");
  EXPECT_EQ(stored("user"), "7");
  EXPECT_EQ(stored("factors"), "[\"password\"]");
  EXPECT_EQ(load(issued.token)->protected_count(), 2U);
}

TEST_P(ProtectedTest, AreSetAndRemovedByChangesOfTheirOwn) {
  ASSERT_THAT(apply_protected({set("user", "8"), remove("factors"), remove("never there"), set("actor", "\"bob\"")}),
              IsOk());
  EXPECT_EQ(stored("user"), "8");
  EXPECT_EQ(stored("actor"), "\"bob\"");
  EXPECT_EQ(stored("factors"), "(none)");
  EXPECT_EQ(attribute(load(issued.token), "cart"), "[1]");
  EXPECT_EQ(attribute(load(issued.token), "user"), "(none)");
}

TEST_P(ProtectedTest, CanAllBeRemovedAndSetAgain) {
  ASSERT_THAT(apply_protected({remove("user"), remove("factors")}), IsOk());
  EXPECT_EQ(load(issued.token)->protected_count(), 0U);
  ASSERT_THAT(apply_protected({set("user", "9")}), IsOk());
  EXPECT_EQ(stored("user"), "9");
}

TEST_P(ProtectedTest, ASessionMadeWithoutThemTakesThem) {
  const IssuedSession plain = issue({});
  ASSERT_THAT(client().patch(plain.session.id(), {.ops = {set("a", "1")}, .protected_ops = {set("user", "1")}}),
              IsOk());
  const auto session = load(plain.token);
  EXPECT_EQ(protected_attribute(session, "user"), "1");
  EXPECT_EQ(attribute(session, "a"), "1");
}

TEST_P(ProtectedTest, TakeSetAndRemoveOnly) {
  for (const Patch::Op& op : {add("user", "1"), increment("user", 1), put("user", "k", "1"), take("user", "k")}) {
    EXPECT_THAT(apply_protected({op}), FailsWith(ErrorCode::invalid_argument));
  }
}

TEST_P(ProtectedTest, ListsDoNotShowThem) {
  ASSERT_OK_AND_ASSIGN(const auto sessions, client().list("alice"));
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].protected_count(), 0U);
  EXPECT_EQ(attribute(sessions[0], "cart"), "[1]");
  std::vector<std::byte> image(sessions[0].image_size());
  sessions[0].write_image(image.data());
  const std::string_view bytes{reinterpret_cast<const char*>(image.data()), image.size()};
  EXPECT_EQ(bytes.find("password"), std::string_view::npos);
}

TEST_P(ProtectedTest, ARotationKeepsThem) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, client().rotate(id));
  EXPECT_EQ(protected_attribute(rotated.session, "user"), "7");
  EXPECT_EQ(protected_attribute(load(rotated.token), "factors"), "[\"password\"]");
}

TEST_P(ProtectedTest, AReauthenticationKeepsThemAndSetsTheNewOnesOnTop) {
  ASSERT_OK_AND_ASSIGN(const IssuedSession again,
                       client().login({.session = {.principal = "alice",
                                                   .protected_attributes = {{"factors", "[\"key\"]"}, {"new", "1"}}},
                                       .current = issued.session.id()}));
  const auto session = load(again.token);
  EXPECT_EQ(protected_attribute(session, "user"), "7");
  EXPECT_EQ(protected_attribute(session, "factors"), "[\"key\"]");
  EXPECT_EQ(protected_attribute(session, "new"), "1");
  EXPECT_EQ(session->protected_count(), 3U);
}

TEST_P(ProtectedTest, AReauthenticationGivesThemToASessionThatHadNone) {
  const IssuedSession plain = issue_for("bob");
  ASSERT_OK_AND_ASSIGN(const IssuedSession again,
                       client().login({.session = {.principal = "bob", .protected_attributes = {{"user", "2"}}},
                                       .current = plain.session.id()}));
  EXPECT_EQ(protected_attribute(load(again.token), "user"), "2");
}

TEST_P(ProtectedTest, ALoginFromAnAnonymousSessionCarriesNone) {
  const IssuedSession anonymous = issue({.attributes = {{"cart", "[2]"}}, .protected_attributes = {{"user", "666"}}});
  ASSERT_OK_AND_ASSIGN(const IssuedSession in,
                       client().login({.session = {.principal = "carol", .protected_attributes = {{"mine", "1"}}},
                                       .current = anonymous.session.id()}));
  const auto session = load(in.token);
  EXPECT_EQ(attribute(session, "cart"), "[2]");
  EXPECT_EQ(protected_attribute(session, "user"), "(none)");
  EXPECT_EQ(protected_attribute(session, "mine"), "1");
  EXPECT_EQ(attribute(session, "user"), "(none)");
}

TEST_P(ProtectedTest, ALoginFromAnAnonymousSessionCarriesThoseThatItNamesAndNoOther) {
  const IssuedSession anonymous =
      issue({.protected_attributes = {{"kept:a", "1"}, {"kept:b", "1"}, {"kep", "666"}, {"user", "666"}}});
  ASSERT_THAT(client().patch(anonymous.session.id(), {.protected_ops = {set("kept:late", "2")}}), IsOk());
  ASSERT_OK_AND_ASSIGN(const IssuedSession in,
                       client().login({.session = {.principal = "carol", .protected_attributes = {{"kept:b", "3"}}},
                                       .current = anonymous.session.id(),
                                       .keep_protected = "kept:"}));
  const auto session = load(in.token);
  EXPECT_EQ(session->protected_count(), 3U);
  EXPECT_EQ(protected_attribute(session, "kept:a"), "1");
  EXPECT_EQ(protected_attribute(session, "kept:late"), "2");
  EXPECT_EQ(protected_attribute(session, "kept:b"), "3") << "what the login itself says wins";
}

TEST_P(ProtectedTest, ALoginFromAnAnonymousSessionWhoseAttributesStayCarriesNone) {
  const IssuedSession anonymous = issue({.protected_attributes = {{"kept:a", "1"}}});
  ASSERT_OK_AND_ASSIGN(const IssuedSession in, client().login({.session = {.principal = "carol"},
                                                               .current = anonymous.session.id(),
                                                               .keep_attributes = false,
                                                               .keep_protected = "kept:"}));
  EXPECT_EQ(load(in.token)->protected_count(), 0U);
}

TEST_P(ProtectedTest, ALoginFromAnotherPrincipalsSessionCarriesNone) {
  ASSERT_OK_AND_ASSIGN(
      const IssuedSession in,
      client().login({.session = {.principal = "mallory"}, .current = issued.session.id(), .keep_protected = "user"}));
  EXPECT_EQ(load(in.token)->protected_count(), 0U);
}

TEST_P(ProtectedTest, APrincipalsSessionsTakeThemToo) {
  const IssuedSession second = issue_for("alice");
  ASSERT_OK_AND_ASSIGN(const std::uint64_t live,
                       client().patch_principal("alice", {.protected_ops = {set("user", "9")}}));
  EXPECT_EQ(live, 2U);
  EXPECT_EQ(stored("user"), "9");
  EXPECT_EQ(protected_attribute(load(second.token), "user"), "9");
}

TEST_P(ProtectedTest, APatchOfAPrincipalThatLeavesThemAsTheyAreWritesNothing) {
  const IssuedSession none = issue_for("dora");
  ASSERT_THAT(client().patch_principal("dora", {.protected_ops = {remove("user")}}), IsOk());
  EXPECT_EQ(load(none.token)->generation(), 1U);
  ASSERT_THAT(client().patch_principal("alice", {.protected_ops = {set("user", "7")}}), IsOk());
  EXPECT_EQ(load(issued.token)->generation(), 1U);
}

TEST_P(ProtectedTest, AreAtMost32) {
  std::vector<Patch::Op> fill;
  for (int i = 0; i < 30; ++i) fill.push_back(set("p" + std::to_string(i), "1"));
  ASSERT_THAT(apply_protected(fill), IsOk());
  EXPECT_THAT(apply_protected({set("one more", "1")}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(apply_protected({remove("p0"), set("one more", "1")}), IsOk());
  EXPECT_EQ(load(issued.token)->protected_count(), 32U);
  std::vector<Attribute> many;
  for (int i = 0; i < 33; ++i) many.push_back({"p" + std::to_string(i), "1"});
  EXPECT_THAT(client().create({.protected_attributes = many}), FailsWith(ErrorCode::too_large));
}

TEST_P(ProtectedTest, AreAtMost64KiBTogether) {
  const std::string half = '"' + std::string(32'000, 'x') + '"';
  ASSERT_THAT(apply_protected({set("a", half), set("b", half)}), IsOk());
  EXPECT_THAT(apply_protected({set("c", '"' + std::string(2'000, 'x') + '"')}), FailsWith(ErrorCode::too_large));
  EXPECT_EQ(stored("c"), "(none)");
  EXPECT_THAT(client().create({.protected_attributes = {{"a", half}, {"b", half}, {"c", half}}}),
              FailsWith(ErrorCode::too_large));
}

TEST_P(ProtectedTest, AreCountedApartFromTheOthers) {
  std::vector<Patch::Op> fill;
  for (int i = 0; i < 255; ++i) fill.push_back(set("n" + std::to_string(i), "0"));
  ASSERT_THAT(apply(fill), IsOk());
  EXPECT_THAT(apply_protected({set("one more", "1")}), IsOk());
  EXPECT_EQ(load(issued.token)->attribute_count(), 256U);
  EXPECT_EQ(load(issued.token)->protected_count(), 3U);
}

TEST_P(ProtectedTest, NamesAndValuesHaveTheRulesOfTheOthers) {
  EXPECT_THAT(apply_protected({set("", "1")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply_protected({set("a\nb", "1")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply_protected({set("a", "{")}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(apply_protected({set(std::string(65, 'a'), "1")}), FailsWith(ErrorCode::too_large));
  EXPECT_THAT(client().create({.protected_attributes = {{"a", "1"}, {"a", "2"}}}),
              FailsWith(ErrorCode::invalid_argument));
}

TEST_P(ProtectedTest, AnAddOnlyServiceAddsThemAndChangesNone) {
  Config settings = config();
  settings.session.writes = Writes::add_only;
  Client add_only = open(settings);
  const IssuedSession own = issue(add_only, {.principal = "eve", .protected_attributes = {{"user", "1"}}});
  const auto apply_to_own = [&](Patch::Op op) {
    return add_only.patch(own.session.id(), {.protected_ops = {std::move(op)}});
  };
  EXPECT_THAT(apply_to_own(set("user", "2")), FailsWith(ErrorCode::attribute_exists));
  EXPECT_THAT(apply_to_own(remove("user")), FailsWith(ErrorCode::attribute_exists));
  EXPECT_THAT(apply_to_own(set("new", "2")), IsOk());
  EXPECT_EQ(protected_attribute(load(add_only, own.token), "user"), "1");
  EXPECT_EQ(protected_attribute(load(add_only, own.token), "new"), "2");
}

class MayWriteTest : public StoreTest {
 protected:
  Client limited = [this] {
    Config settings = config();
    settings.session.may_write = {"cart", "pref.*"};
    return open(settings);
  }();
  IssuedSession issued = issue(limited, {.principal = "alice", .attributes = {{"cart", "{}"}}});
  SessionId id = issued.session.id();

  Result<std::uint64_t> apply(Patch::Op op) { return limited.patch(id, {.ops = {std::move(op)}}); }
};
FICHA_FOR_EVERY_STORE(MayWriteTest);

TEST_P(MayWriteTest, WhatItNamesIsWritten) {
  EXPECT_THAT(apply(set("pref.theme", "1")), IsOk());
  EXPECT_THAT(apply(increment("pref.", 1)), IsOk());
  EXPECT_THAT(apply(put("cart", "any key", "1")), IsOk());
  EXPECT_EQ(attribute(load(limited, issued.token), "cart"), R"({"any key":1})");
}

TEST_P(MayWriteTest, WhatItDoesNotNameIsRefusedByName) {
  for (const Patch::Op& op : {set("role", "1"), add("cart2", "1"), remove("car"), increment("pref", 1),
                              put("xcart", "cart", "1"), take("other", "cart")}) {
    const auto refused = apply(op);
    ASSERT_THAT(refused, FailsWith(ErrorCode::invalid_argument)) << op.name;
    EXPECT_THAT(refused.error().message, HasSubstr('"' + op.name + '"'));
  }
  EXPECT_THAT(limited.create({.attributes = {{"role", "1"}}}), FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(limited.login({.session = {.principal = "alice", .attributes = {{"role", "1"}}}}),
              FailsWith(ErrorCode::invalid_argument));
  EXPECT_THAT(limited.patch_principal("alice", {.ops = {set("role", "1")}}), FailsWith(ErrorCode::invalid_argument));
}

TEST_P(MayWriteTest, ProtectedAttributesAreNotConcerned) {
  EXPECT_THAT(limited.patch(id, {.protected_ops = {set("user", "1")}}), IsOk());
}

TEST_P(MayWriteTest, WhatAnotherServiceWroteMovesAlongAtALogin) {
  if (in_memory()) limited = open(config());
  Client other = open(config());
  Client& first = in_memory() ? limited : other;
  const IssuedSession anonymous = issue(first, {.attributes = {{"campaign", "3"}}});
  ASSERT_OK_AND_ASSIGN(const IssuedSession in,
                       limited.login({.session = {.principal = "alice"}, .current = anonymous.session.id()}));
  EXPECT_EQ(attribute(load(limited, in.token), "campaign"), "3");
}

}  // namespace
}  // namespace ficha::testing
