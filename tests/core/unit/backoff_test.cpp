#include "store/redis/node/backoff.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ficha::redis {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();

// The longest delay that attempt may draw, found by drawing at both ends of the range.
microseconds ceiling_of_attempt(int attempt) {
  microseconds longest{0};
  constexpr std::uint64_t draws = 1000;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    Backoff backoff;
    for (int i = 0; i < attempt; ++i) (void)backoff.next(0);
    longest = std::max(longest, backoff.next(draw * 7919 + 499'999));
  }
  return longest;
}

TEST(Backoff, TheFirstDelayIsBelowTheBase) {
  Backoff backoff;
  EXPECT_LT(backoff.next(highest), Backoff::base);
}

TEST(Backoff, TheCeilingDoublesFromAttemptToAttempt) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    const microseconds limit = Backoff::base * (1 << attempt);
    EXPECT_LT(ceiling_of_attempt(attempt), limit) << attempt;
    EXPECT_GT(ceiling_of_attempt(attempt), limit * 9 / 10) << attempt;
  }
}

TEST(Backoff, NoDelayReachesTheCapHoweverLongTheServerIsAway) {
  Backoff backoff;
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_LT(backoff.next(highest - i), Backoff::cap);
}

TEST(Backoff, JitterIsFullAnyDelayFromZeroOnMayBeDrawn) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.next(0), microseconds{0});
}

TEST(Backoff, AGoodLinkStartsItAgain) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) (void)backoff.next(0);
  backoff.link_ended(Backoff::good_link);
  EXPECT_LT(backoff.next(highest), Backoff::base);
}

TEST(Backoff, ALinkThatEndsAtOnceDoesNot) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) (void)backoff.next(0);
  backoff.link_ended(milliseconds{1});
  EXPECT_GT(backoff.next(499'999), milliseconds{400});
}

}  // namespace
}  // namespace ficha::redis
