#include "ficha/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <type_traits>
#include <vector>

namespace ficha {
namespace {

struct Row {
  ErrorCode code;
  int number;
  std::string_view name;
  int status;
};

// The table every language shares.
constexpr Row table[] = {
    {ErrorCode::invalid_argument, 1, "invalid_argument", 400},
    {ErrorCode::invalid_config, 2, "invalid_config", 0},
    {ErrorCode::too_large, 3, "too_large", 413},
    {ErrorCode::unavailable, 10, "unavailable", 503},
    {ErrorCode::timeout, 11, "timeout", 503},
    {ErrorCode::access_denied, 12, "access_denied", 503},
    {ErrorCode::write_refused, 13, "write_refused", 503},
    {ErrorCode::corrupt_record, 14, "corrupt_record", 503},
    {ErrorCode::unknown_outcome, 15, "unknown_outcome", 503},
    {ErrorCode::overloaded, 16, "overloaded", 503},
    {ErrorCode::incomplete, 17, "incomplete", 503},
    {ErrorCode::session_gone, 20, "session_gone", 401},
    {ErrorCode::conflict, 21, "conflict", 409},
    {ErrorCode::attribute_exists, 22, "attribute_exists", 409},
    {ErrorCode::session_limit, 23, "session_limit", 429},
    {ErrorCode::closed, 30, "closed", 0},
};

TEST(ErrorCodes, KeepTheirNumbersNamesAndStatuses) {
  for (const Row& row : table) {
    EXPECT_EQ(static_cast<int>(row.code), row.number) << row.name;
    EXPECT_EQ(name(row.code), row.name);
    EXPECT_EQ(http_status(row.code), row.status) << row.name;
  }
}

TEST(ErrorCodes, ANumberOutsideTheTableIsUnknownAndHasNoStatus) {
  std::set<int> known;
  for (const Row& row : table) known.insert(row.number);
  EXPECT_EQ(static_cast<int>(last_error_code), *known.rbegin());
  for (int number = -1; number < 1000; ++number) {
    if (known.contains(number)) continue;
    EXPECT_EQ(name(static_cast<ErrorCode>(number)), "unknown") << number;
    EXPECT_EQ(http_status(static_cast<ErrorCode>(number)), 0) << number;
  }
}

TEST(Results, HoldAValueOrAnError) {
  Result<int> value = 7;
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(*value, 7);

  const Result<int> error = Error{ErrorCode::conflict, "generation differs"};
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::conflict);
  EXPECT_EQ(error.error().message, "generation differs");
}

TEST(Results, GiveUpTheirValueByMove) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Results, AboutToEndGiveTheirValueAwayByValue) {
  const auto numbers = [] { return Result<std::vector<int>>{std::vector<int>{1, 2, 3}}; };
  static_assert(std::is_same_v<decltype(*numbers()), std::vector<int>>);
  static_assert(std::is_same_v<decltype(numbers().value()), std::vector<int>>);
  static_assert(std::is_same_v<decltype(numbers().error()), Error>);
  int sum = 0;
  for (const int number : *numbers()) sum += number;
  EXPECT_EQ(sum, 6);
}

TEST(Results, OfNothingSucceedUnlessGivenAnError) {
  EXPECT_TRUE(Result<void>{}.has_value());
  const Result<void> error = Error{ErrorCode::closed, {}};
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::closed);
}

#ifndef NDEBUG
TEST(ResultsDeathTest, ReadingTheWrongSideStopsADebugBuild) {
  const Result<int> error = Error{ErrorCode::conflict, {}};
  EXPECT_DEATH((void)error.value(), "checked");
}
#endif

}  // namespace
}  // namespace ficha
