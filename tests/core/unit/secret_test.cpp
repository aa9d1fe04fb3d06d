#include "ficha/secret.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <type_traits>

#include "support/allocations.hpp"

namespace ficha {
namespace {

using testing::Freed;

constexpr std::string_view password = "correct horse battery staple";

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<Secret, std::string_view>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);

void watch(const Secret& secret) {
  testing::watch_block(secret.reveal().data(), secret.size());
}

TEST(Secrets, AreWipedWhenTheyEnd) {
  auto secret = std::make_unique<Secret>(password);
  watch(*secret);
  secret.reset();
  EXPECT_EQ(testing::watched_block(), Freed::wiped);
}

TEST(Secrets, AreWipedBeforeAnotherValueTakesTheirPlace) {
  Secret secret(password);
  watch(secret);
  const Secret longer(std::string(100, 'x'));
  secret = longer;
  EXPECT_EQ(testing::watched_block(), Freed::wiped);
  EXPECT_EQ(secret, longer);

  watch(secret);
  secret = Secret("short");
  EXPECT_EQ(testing::watched_block(), Freed::wiped);
  EXPECT_EQ(secret.reveal(), "short");
}

TEST(Secrets, MoveWithoutLeavingACopyBehind) {
  Secret secret(password);
  const char* bytes = secret.reveal().data();
  const Secret moved = std::move(secret);
  EXPECT_EQ(moved.reveal().data(), bytes);
  EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): what a move leaves is part of the contract
}

TEST(Secrets, SurviveAssignmentToThemselves) {
  Secret secret(password);
  Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), password);
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), password);
}

TEST(Secrets, HoldAnyBytes) {
  const std::string bytes("\0a\xff\0", 4);
  EXPECT_EQ(Secret(bytes).reveal(), bytes);
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
}

TEST(Secrets, AreEqualOnlyWhenEveryByteIs) {
  EXPECT_EQ(Secret(password), Secret(password));
  EXPECT_EQ(Secret(), Secret(""));
  for (std::size_t i = 0; i < password.size(); ++i) {
    for (const int bit : {0x01, 0x80}) {
      std::string other(password);
      other[i] = static_cast<char>(other[i] ^ bit);
      EXPECT_FALSE(Secret(password) == Secret(other)) << i;
    }
  }
  EXPECT_FALSE(Secret(password) == Secret(password.substr(1)));
  EXPECT_FALSE(Secret(password) == Secret());
}

}  // namespace
}  // namespace ficha
