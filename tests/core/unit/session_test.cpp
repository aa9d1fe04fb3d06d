#include "ficha/session.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "session/record.hpp"
#include "session/session_image.hpp"
#include "support/allocations.hpp"

namespace ficha {
namespace {

static_assert(!std::is_default_constructible_v<Session>, "a Session is always complete");
static_assert(std::is_nothrow_move_constructible_v<Session> && std::is_nothrow_move_assignable_v<Session>);

SessionId some_id() {
  static const SessionId id = Token::generate(route_of("alice"), {}).value().id();
  return id;
}

// A session whose body has exactly `body_bytes`, by the length of one attribute; 0 = without that attribute.
Session session_of(std::size_t body_bytes, std::string_view principal = "alice") {
  RecordFields fields;
  const SessionId id = some_id();
  fields.guard = id.guard();
  fields.generation = 7;
  fields.created_at = 100;
  fields.expires_at = 200;
  fields.principal = principal;
  fields.roles = {"admin", "user"};
  fields.scopes = {"read", "write"};
  fields.device_address = "192.0.2.7";
  fields.device_user_agent = "curl";
  fields.attributes = {{"a", "1"}};
  fields.protected_attributes = {{"user", "7"}};
  std::string filler;
  if (body_bytes > 0) {
    const std::size_t fixed = 13 * 8 + principal.size() + 9 + 9 + 13 + 2 + 5 + 3;
    filler.assign(body_bytes - fixed, 'x');
    fields.attributes.emplace_back("big", filler);
  }
  return make_session(id, fields, 150);
}

constexpr std::size_t sizes[] = {0, Session::inline_bytes - 1, Session::inline_bytes, Session::inline_bytes + 1,
                                 100'000};

void expect_same(const Session& a, const Session& b) {
  EXPECT_EQ(a.id(), b.id());
  EXPECT_EQ(a.generation(), b.generation());
  EXPECT_EQ(a.created_at(), b.created_at());
  EXPECT_EQ(a.expires_at(), b.expires_at());
  EXPECT_EQ(a.idle_deadline(), b.idle_deadline());
  EXPECT_EQ(a.principal(), b.principal());
  EXPECT_EQ(a.device_address(), b.device_address());
  EXPECT_EQ(a.device_user_agent(), b.device_user_agent());
  ASSERT_EQ(a.protected_count(), b.protected_count());
  for (std::size_t i = 0; i < a.protected_count(); ++i) {
    EXPECT_EQ(a.protected_name(i), b.protected_name(i));
    EXPECT_EQ(a.protected_json(i), b.protected_json(i));
  }
  ASSERT_EQ(a.role_count(), b.role_count());
  for (std::size_t i = 0; i < a.role_count(); ++i) EXPECT_EQ(a.role(i), b.role(i));
  ASSERT_EQ(a.scope_count(), b.scope_count());
  for (std::size_t i = 0; i < a.scope_count(); ++i) EXPECT_EQ(a.scope(i), b.scope(i));
  ASSERT_EQ(a.attribute_count(), b.attribute_count());
  for (std::size_t i = 0; i < a.attribute_count(); ++i) {
    EXPECT_EQ(a.attribute_name(i), b.attribute_name(i));
    EXPECT_EQ(a.attribute_json(i), b.attribute_json(i));
  }
}

class SessionsOfSize : public ::testing::TestWithParam<std::size_t> {};

TEST_P(SessionsOfSize, CopyAndMoveWhole) {
  const Session original = session_of(GetParam());
  Session copy = original;
  expect_same(copy, original);
  const Session moved = std::move(copy);
  expect_same(moved, original);
}

TEST_P(SessionsOfSize, TakeThePlaceOfSessionsOfAnySize) {
  const Session original = session_of(GetParam());
  for (const std::size_t size : sizes) {
    Session target = session_of(size, "bob");
    target = original;
    expect_same(target, original);
    Session second = session_of(size, "bob");
    second = std::move(target);
    expect_same(second, original);
    Session& same = second;
    second = same;
    expect_same(second, original);
    second = std::move(same);
    expect_same(second, original);
  }
}

TEST_P(SessionsOfSize, StayReadableWhenMovedFrom) {
  Session session = session_of(GetParam());
  const Session moved = std::move(session);
  // NOLINTBEGIN(bugprone-use-after-move): what a move leaves is part of the contract
  EXPECT_LE(session.principal().size(), 5U);
  EXPECT_LE(session.attribute_count(), 2U);
  EXPECT_FALSE(session.attribute("none"));
  const Session copy = session;
  EXPECT_EQ(copy.principal(), session.principal());
  session = moved;
  // NOLINTEND(bugprone-use-after-move)
  expect_same(session, moved);
}

TEST_P(SessionsOfSize, SurviveTheNearCachesWords) {
  const Session original = session_of(GetParam());
  std::vector<std::uint64_t> words(SessionImage::size(original));
  SessionImage::store(original, words);
  std::optional<Session> loaded;
  for (int round = 0; round < 2; ++round) {  // into nothing, then over what is there
    ASSERT_TRUE(SessionImage::load(
        words.size(), [&](std::size_t i) { return words[i]; }, loaded));
    expect_same(*loaded, original);
  }
  for (const std::size_t size : sizes) {
    loaded = session_of(size, "bob");
    ASSERT_TRUE(SessionImage::load(
        words.size(), [&](std::size_t i) { return words[i]; }, loaded));
    expect_same(*loaded, original);
  }
}

TEST_P(SessionsOfSize, SurviveTheHostsBytes) {
  const Session original = session_of(GetParam());
  std::vector<std::byte> image(original.image_size());
  original.write_image(image.data());
  const auto restored = Session::from_image(image);
  ASSERT_TRUE(restored);
  expect_same(*restored, original);
}

TEST_P(SessionsOfSize, AreNotMadeOfBytesThatAreNoImage) {
  const Session original = session_of(GetParam());
  std::vector<std::byte> image(original.image_size());
  original.write_image(image.data());
  for (std::size_t size = 0; size < image.size(); size += 7) {
    EXPECT_FALSE(Session::from_image(std::span{image}.first(size)));
  }
  std::vector<std::byte> longer = image;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Session::from_image(longer));
  // The counts of roles and of protected attributes, the id, and the offset and length of the principal.
  for (const std::size_t at : {std::size_t{55}, std::size_t{95}, std::size_t{68}, std::size_t{99}, std::size_t{103}}) {
    std::vector<std::byte> changed = image;
    changed[at] = std::byte{0x7f};
    EXPECT_FALSE(Session::from_image(changed)) << at;
  }
}

TEST_P(SessionsOfSize, AreNotMadeOfTooFewWords) {
  const Session original = session_of(GetParam());
  std::vector<std::uint64_t> words(SessionImage::size(original));
  SessionImage::store(original, words);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{11}, std::size_t{12}, words.size() - 1}) {
    std::optional<Session> loaded;
    std::size_t asked = 0;
    const auto word = [&](std::size_t i) {
      asked = std::max(asked, i + 1);
      return words[i];
    };
    EXPECT_FALSE(SessionImage::load(count, word, loaded));
    EXPECT_FALSE(loaded);
    EXPECT_LE(asked, count);
  }
}

INSTANTIATE_TEST_SUITE_P(InlineAndOnTheHeap, SessionsOfSize, ::testing::ValuesIn(sizes));

TEST(Sessions, OfTheUsualSizeAreCopiedWithoutAllocating) {
  const Session session = session_of(Session::inline_bytes);
  std::vector<std::uint64_t> words(SessionImage::size(session));
  std::optional<Session> loaded;
  const std::size_t before = testing::allocation_count();
  const Session copy = session;
  Session assigned = copy;
  assigned = session;
  SessionImage::store(assigned, words);
  ASSERT_TRUE(SessionImage::load(
      words.size(), [&](std::size_t i) { return words[i]; }, loaded));
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(Sessions, MoveFromTheHeapWithoutAllocating) {
  Session session = session_of(100'000);
  const std::size_t before = testing::allocation_count();
  const Session moved = std::move(session);
  EXPECT_EQ(testing::allocation_count(), before);
  EXPECT_EQ(moved.attribute_count(), 2U);
}

TEST(Sessions, AnswerForRolesScopesAndAttributesExactly) {
  const Session session = session_of(0);
  EXPECT_TRUE(session.has_role("admin"));
  EXPECT_TRUE(session.has_role("user"));
  EXPECT_FALSE(session.has_role("read"));
  EXPECT_FALSE(session.has_role("Admin"));
  EXPECT_FALSE(session.has_role("adm"));
  EXPECT_FALSE(session.has_role(""));
  EXPECT_TRUE(session.has_scope("write"));
  EXPECT_FALSE(session.has_scope("user"));
  EXPECT_EQ(session.attribute("a"), "1");
  EXPECT_EQ(session.attribute("A"), std::nullopt);
  EXPECT_EQ(session.attribute("1"), std::nullopt);
  EXPECT_EQ(session.attribute(""), std::nullopt);
  EXPECT_EQ(session.attribute("user"), std::nullopt);
  EXPECT_EQ(session.protected_attribute("user"), "7");
  EXPECT_EQ(session.protected_attribute("a"), std::nullopt);
}

TEST(Sessions, WithoutAPrincipalAreAnonymous) {
  EXPECT_TRUE(session_of(0, "").anonymous());
  EXPECT_FALSE(session_of(0).anonymous());
}

// A reader under a seqlock may see words of two sessions mixed; it throws the result away, but must not crash before.
TEST(SessionImages, OfTornWordsTouchNoOtherMemory) {
  const Session small = session_of(0);
  const Session large = session_of(Session::inline_bytes);
  std::vector<std::uint64_t> a(SessionImage::size(large));
  std::vector<std::uint64_t> b(SessionImage::size(large));
  SessionImage::store(small, a);
  SessionImage::store(large, b);
  for (std::size_t torn = 0; torn <= a.size(); ++torn) {
    std::optional<Session> loaded;
    (void)SessionImage::load(
        a.size(), [&](std::size_t i) { return i < torn ? a[i] : b[i]; }, loaded);
    (void)SessionImage::load(
        a.size(), [&](std::size_t i) { return i < torn ? b[i] : a[i]; }, loaded);
    (void)SessionImage::load(
        a.size(), [&](std::size_t i) { return i == torn ? ~std::uint64_t{0} : a[i]; }, loaded);
  }
}

}  // namespace
}  // namespace ficha
