#include "store/redis/node/eviction.hpp"

#include <gmock/gmock.h>

#include "store/redis/wire/reply.hpp"

namespace ficha::redis {
namespace {

using ::testing::HasSubstr;

Reply bulk(std::string_view text) {
  ReplyReader reader({.string_bytes = 4096});
  reader.feed("$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n");
  return reader.next();
}
Reply raw(std::string_view bytes) {
  ReplyReader reader({.string_bytes = 4096});
  reader.feed(bytes);
  return reader.next();
}

EvictionPolicy policy_in(std::string_view text) {
  return parse_eviction_policy(view(bulk(text)));
}
std::optional<std::uint64_t> evicted_in(std::string_view text) {
  return parse_evicted_keys(view(bulk(text)));
}

TEST(ServerEvictionTest, ThePolicyIsTheWordThatInfoSays) {
  const std::string_view around = "# Memory\r\nused_memory:1\r\nmaxmemory_policy:";
  for (const EvictionPolicy policy :
       {EvictionPolicy::noeviction, EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_lfu,
        EvictionPolicy::allkeys_random, EvictionPolicy::volatile_lru, EvictionPolicy::volatile_lfu,
        EvictionPolicy::volatile_random, EvictionPolicy::volatile_ttl}) {
    EXPECT_EQ(policy_in(std::string(around).append(name(policy)).append("\r\nmem_fragmentation_ratio:2\r\n")), policy);
    EXPECT_EQ(evicts(policy), policy != EvictionPolicy::noeviction) << name(policy);
  }
}

TEST(ServerEvictionTest, APolicyThatNobodyKnowsYetEvicts) {
  EXPECT_EQ(policy_in("maxmemory_policy:allkeys-lrm\r\n"), EvictionPolicy::other);
  EXPECT_EQ(policy_in("maxmemory_policy:other\r\n"), EvictionPolicy::other);
  EXPECT_EQ(policy_in("maxmemory_policy:noeviction \r\n"), EvictionPolicy::other);
  EXPECT_TRUE(evicts(EvictionPolicy::other));
}

TEST(ServerEvictionTest, WhatDoesNotSayIsUnknown) {
  for (const char* text : {"", "\r\n", "maxmemory_policy", "maxmemory_policy:", "maxmemory_policy:\r\n",
                           "maxmemory_policyx:noeviction\r\n", " maxmemory_policy:noeviction\r\n", "evicted_keys:\r\n",
                           "evicted_keys:-1\r\n", "evicted_keys:x\r\n", "evicted_keys:1 \r\n",
                           "evicted_keys:18446744073709551616\r\n", "xevicted_keys:1\r\n"}) {
    EXPECT_EQ(policy_in(text), EvictionPolicy::unknown) << text;
    EXPECT_EQ(evicted_in(text), std::nullopt) << text;
  }
  for (const char* bytes : {"-NOPERM no permissions\r\n", ":1\r\n", "_\r\n", "*1\r\n:1\r\n"}) {
    EXPECT_EQ(parse_eviction_policy(view(raw(bytes))), EvictionPolicy::unknown) << bytes;
    EXPECT_EQ(parse_evicted_keys(view(raw(bytes))), std::nullopt) << bytes;
  }
}

TEST(ServerEvictionTest, TheCountIsTheNumberThatInfoSays) {
  EXPECT_EQ(evicted_in("# Stats\r\nevicted_keys:0\r\nevicted_clients:3\r\n"), 0U);
  EXPECT_EQ(evicted_in("evicted_clients:3\r\nevicted_keys:41"), 41U);
}

TEST(ServerEvictionTest, APolicyThatEvictsIsSaidEachTimeAndSilenceOnce) {
  Eviction eviction;
  const Reply evicting = bulk("maxmemory_policy:volatile-ttl\r\n");
  const Reply sound = bulk("maxmemory_policy:noeviction\r\n");
  const Reply none_evicted = bulk("evicted_keys:0\r\n");
  const Reply refusal = raw("-NOPERM no permissions\r\n");
  for (int connect = 0; connect < 2; ++connect) {
    eviction.learn(view(evicting), view(none_evicted));
    EXPECT_THAT(eviction.warning().value_or(""), HasSubstr("volatile-ttl"));
  }
  eviction.learn(view(sound), view(none_evicted));
  EXPECT_FALSE(eviction.warning());
  eviction.learn(view(refusal), view(refusal));
  EXPECT_THAT(eviction.warning().value_or(""), HasSubstr("INFO"));
  EXPECT_FALSE(eviction.warning());
}

}  // namespace
}  // namespace ficha::redis
