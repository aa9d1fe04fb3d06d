#include "ficha/stats.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace ficha::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(PrometheusTextTest, EveryCounterIsThereWithItsValue) {
  Stats stats;
  stats.hits = 12;
  stats.misses = 3;
  stats.flushes_server = 4;
  stats.touches_effective = 5;
  stats.in_flight = 6;
  stats.cache_bytes = 18'446'744'073'709'551'615U;
  const std::string text = prometheus_text(stats);
  EXPECT_THAT(text, HasSubstr("\nficha_cache_hits_total 12\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_cache_misses_total 3\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_cache_flushes_total{reason=\"server\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_touches_effective_total 5\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_redis_commands_in_flight 6\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_cache_bytes 18446744073709551615\n"));
}

TEST(PrometheusTextTest, WhatTheServerEvictsIsThere) {
  Stats stats;
  EXPECT_THAT(prometheus_text(stats), HasSubstr("\nficha_redis_eviction_policy_info{policy=\"unknown\"} 1\n"));
  EXPECT_THAT(prometheus_text(stats), Not(HasSubstr("redis_evicted_keys"))) << "no number that nobody knows";
  stats.eviction_policy = EvictionPolicy::volatile_lfu;
  stats.evicted_keys = 7;
  stats.key_walks = 8;
  stats.incomplete = 9;
  const std::string text = prometheus_text(stats);
  EXPECT_THAT(text, HasSubstr("\nficha_redis_eviction_policy_info{policy=\"volatile-lfu\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_redis_evicted_keys 7\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_key_walks_total 8\n"));
  EXPECT_THAT(text, HasSubstr("\nficha_incomplete_total 9\n"));
}

TEST(PrometheusTextTest, RoundTripsAreACumulativeHistogramInSeconds) {
  Stats stats;
  stats.round_trips[0] = 1;    // up to 16 µs
  stats.round_trips[2] = 2;    // up to 64 µs
  stats.round_trips[16] = 10;  // more than 2^19 µs
  stats.round_trip_sum_us = 2'500'000;
  const std::string text = prometheus_text(stats);
  EXPECT_THAT(text, HasSubstr("# TYPE ficha_redis_round_trip_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"1.6e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"3.2e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"6.4e-05\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"0.524288\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"+Inf\"} 13\n"));
  EXPECT_THAT(text, HasSubstr("ficha_redis_round_trip_seconds_sum 2.5\n"));
  EXPECT_THAT(text, HasSubstr("ficha_redis_round_trip_seconds_count 13\n"));
}

TEST(PrometheusTextTest, ThePrefixNamesEveryMetric) {
  for (const std::string& line : lines_of(prometheus_text({}, "shop_sessions"))) {
    EXPECT_THAT(line, ::testing::AnyOf(StartsWith("#"), StartsWith("shop_sessions_")));
  }
}

// The grammar of the exposition format, as far as it is used: HELP, then TYPE, then samples of that family.
TEST(PrometheusTextTest, TheTextFollowsTheExpositionFormat) {
  const std::regex help{"# HELP ([a-z_]+) [^\\n]+"};
  const std::regex type{"# TYPE ([a-z_]+) (counter|gauge|histogram)"};
  const std::regex sample{R"re(([a-z_]+?)(_bucket|_sum|_count)?(\{[a-z]+="[^"]+"\})? [0-9.e+-]+)re"};
  std::set<std::string> families;
  std::string family;
  std::smatch match;
  for (const std::string& line : lines_of(prometheus_text({}))) {
    if (std::regex_match(line, match, help)) {
      family = match[1];
      EXPECT_TRUE(families.insert(family).second) << family << " appears twice";
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], family);
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_THAT(std::string{match[1]}, StartsWith(family)) << line;
    }
  }
  EXPECT_EQ(families.size(), 19U);
}

}  // namespace
}  // namespace ficha::testing
