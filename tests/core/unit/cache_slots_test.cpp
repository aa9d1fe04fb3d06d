#include "store/redis/cache/cache_slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cache_fixture.hpp"
#include "store/touch.hpp"

namespace ficha::redis {
namespace {

constexpr std::size_t megabyte = 1U << 20U;

CacheSlots::Entry entry_of(std::uint64_t number) {
  return {.key = key_of(number), .epoch = 1, .deadline_ns = 1000, .touch_ns = never};
}

class CacheSlotsTest : public testing::Test {
 protected:
  bool put(std::uint64_t number, std::uint64_t generation = 1, const SessionShape& shape = {}) {
    return slots_.put(entry_of(number), versioned_session(session_id(number), generation, shape), 0);
  }
  // The generation found; 0 = none.
  std::uint64_t read(std::uint64_t number, std::uint64_t epoch = 1, std::int64_t now_ns = 0) {
    std::optional<Session> session;
    bool touch_due = false;
    if (!slots_.read(key_of(number), epoch, now_ns, true, session, touch_due)) {
      EXPECT_FALSE(session.has_value());
      return 0;
    }
    EXPECT_TRUE(consistent(*session));
    EXPECT_EQ(session->id(), session_id(number));
    return session->generation();
  }

  CacheSlots slots_{1024, megabyte};
};

TEST_F(CacheSlotsTest, WhatWasPutIsFound) {
  ASSERT_TRUE(put(7, 42));
  EXPECT_EQ(read(7), 42U);
  EXPECT_EQ(read(8), 0U);
}

TEST_F(CacheSlotsTest, AKeyThatDiffersInAnyBitIsAnother) {
  ASSERT_TRUE(put(7));
  for (int bit = 0; bit < 128; ++bit) {
    SipHash128 key = key_of(7);
    (bit < 64 ? key.first : key.second) ^= std::uint64_t{1} << (bit % 64);
    std::optional<Session> session;
    bool touch_due = false;
    EXPECT_FALSE(slots_.read(key, 1, 0, true, session, touch_due)) << bit;
  }
}

TEST_F(CacheSlotsTest, AnEntryOfAnotherEpochIsNotServed) {
  ASSERT_TRUE(put(7));
  EXPECT_EQ(read(7, 2), 0U);
  EXPECT_EQ(read(7, 1), 1U);
}

TEST_F(CacheSlotsTest, AnEntryIsNotServedFromItsDeadlineOn) {
  ASSERT_TRUE(put(7));
  EXPECT_EQ(read(7, 1, 999), 1U);
  EXPECT_EQ(read(7, 1, 1000), 0U);
}

TEST_F(CacheSlotsTest, APutReplacesTheSessionsEntryEvenUnderAnotherKey) {
  ASSERT_TRUE(put(7, 1));
  CacheSlots::Entry other = entry_of(7);
  other.key = key_of(1007);
  ASSERT_TRUE(slots_.put(other, versioned_session(session_id(7), 2), 0));
  EXPECT_EQ(read(7), 0U);
  EXPECT_EQ(slots_.entries(1), 1U);
  slots_.erase(session_id(7));
  EXPECT_EQ(slots_.entries(1), 0U);
  EXPECT_EQ(slots_.bytes(), 0U);
}

TEST_F(CacheSlotsTest, AnErasedSessionIsGoneAndItsBytesAreFree) {
  ASSERT_TRUE(put(7));
  ASSERT_TRUE(put(8));
  const std::uint64_t both = slots_.bytes();
  slots_.erase(session_id(7));
  slots_.erase(session_id(9));
  EXPECT_EQ(read(7), 0U);
  EXPECT_EQ(read(8), 1U);
  EXPECT_EQ(slots_.bytes() * 2, both);
}

TEST_F(CacheSlotsTest, RecordsOfAnySizeUpToAQuarterOfTheBytesAreKept) {
  for (const std::size_t bytes : {0U, 1U, 200U, 255U, 256U, 257U, 5000U, 65'536U, 200'000U}) {
    ASSERT_TRUE(put(7, bytes + 3, {.attribute_bytes = bytes})) << bytes;
    EXPECT_EQ(read(7), bytes + 3);
  }
  EXPECT_FALSE(put(7, 1, {.attribute_bytes = 300'000}));
  EXPECT_EQ(read(7), 0U) << "the session's older value must not stay";
}

TEST_F(CacheSlotsTest, OneReaderPerRetryIntervalIsToldToTouchAndOnlyOneThatTouches) {
  CacheSlots::Entry entry = entry_of(7);
  entry.deadline_ns = never;
  entry.touch_ns = 500;
  ASSERT_TRUE(slots_.put(entry, versioned_session(session_id(7), 1, {.idle_seconds = 16}), 0));  // quantum: 1 s
  const auto touch_due_at = [&](std::int64_t now_ns, bool touch) {
    std::optional<Session> session;
    bool touch_due = false;
    EXPECT_TRUE(slots_.read(entry.key, 1, now_ns, touch, session, touch_due));
    return touch_due;
  };
  EXPECT_FALSE(touch_due_at(499, true));
  EXPECT_FALSE(touch_due_at(500, false));
  EXPECT_TRUE(touch_due_at(500, true));
  EXPECT_FALSE(touch_due_at(501, true));
  EXPECT_FALSE(touch_due_at(250'000'499, true));
  EXPECT_TRUE(touch_due_at(250'000'500, true));
}

TEST_F(CacheSlotsTest, NeitherEntriesNorBytesExceedTheirBounds) {
  CacheSlots few(64, megabyte);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(few.put(entry_of(i), versioned_session(session_id(i), 1), 0));
    ASSERT_LE(few.entries(1), 64U);
  }
  EXPECT_GE(few.entries(1), 60U);
  EXPECT_EQ(few.evictions(), 1000 - few.entries(1));

  for (std::uint64_t i = 0; i < 1000; ++i) {
    put(i, 1, {.attribute_bytes = 3000});
    ASSERT_LE(slots_.bytes(), megabyte);
  }
  EXPECT_GE(slots_.bytes(), megabyte * 3 / 4);
}

TEST_F(CacheSlotsTest, ASessionInUseOutlivesAStreamOfOthers) {
  CacheSlots few(64, megabyte);
  ASSERT_TRUE(few.put(entry_of(0), versioned_session(session_id(0), 5), 0));
  for (std::uint64_t i = 1; i < 10'000; ++i) {
    std::optional<Session> session;
    bool touch_due = false;
    ASSERT_TRUE(few.read(key_of(0), 1, 0, false, session, touch_due)) << i;
    ASSERT_TRUE(few.put(entry_of(i), versioned_session(session_id(i), 1), 0));
  }
}

TEST_F(CacheSlotsTest, EntriesOfAPastEpochMakeRoomFirst) {
  CacheSlots few(8, megabyte);
  for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(few.put(entry_of(i), versioned_session(session_id(i), 1), 0));
  for (std::uint64_t i = 8; i < 16; ++i) {
    CacheSlots::Entry entry = entry_of(i);
    entry.epoch = 2;
    ASSERT_TRUE(few.put(entry, versioned_session(session_id(i), 1), 0));
  }
  EXPECT_EQ(few.evictions(), 0U);
  EXPECT_EQ(few.entries(2), 8U);
}

TEST_F(CacheSlotsTest, EntriesOfAPastEpochAreNotCounted) {
  ASSERT_TRUE(put(7));
  ASSERT_TRUE(put(8));
  EXPECT_EQ(slots_.entries(1), 2U);
  EXPECT_EQ(slots_.entries(2), 0U);
  EXPECT_GT(slots_.bytes(), 0U) << "their memory is in use until something replaces them";
  for (int again = 0; again < 2; ++again) {
    CacheSlots::Entry entry = entry_of(7);
    entry.epoch = 2;
    ASSERT_TRUE(slots_.put(entry, versioned_session(session_id(7), 2), 0));
    EXPECT_EQ(slots_.entries(2), 1U);
  }
  slots_.erase(session_id(8));
  EXPECT_EQ(slots_.entries(2), 1U);
  slots_.erase(session_id(7));
  EXPECT_EQ(slots_.entries(2), 0U);
}

TEST_F(CacheSlotsTest, ASessionPutAgainKeepsItsPlaceAndItsBytes) {
  ASSERT_TRUE(put(7, 1));
  const std::uint64_t bytes = slots_.bytes();
  CacheSlots::Entry later = entry_of(7);
  later.epoch = 2;
  later.deadline_ns = 5000;
  ASSERT_TRUE(slots_.put(later, versioned_session(session_id(7), 2), 0));
  EXPECT_EQ(slots_.bytes(), bytes);
  EXPECT_EQ(read(7, 1), 0U);
  EXPECT_EQ(read(7, 2, 4999), 2U);
  EXPECT_EQ(read(7, 2, 5000), 0U);
}

TEST_F(CacheSlotsTest, AnyMixtureOfPutsAndErasesLeavesWhatAMapWouldOrLess) {
  CacheSlots small(256, 256U << 10U);
  std::map<std::uint64_t, std::uint64_t> model;
  std::mt19937_64 random(20);
  std::uint64_t found = 0;
  for (std::uint64_t step = 1; step <= 200'000; ++step) {
    const std::uint64_t number = random() % 300;
    switch (random() % 4) {
      case 0:
        if (small.put(entry_of(number),
                      versioned_session(session_id(number), step, {.attribute_bytes = random() % 4000}), 0)) {
          model[number] = step;
        } else {
          model.erase(number);
        }
        break;
      case 1:
        small.erase(session_id(number));
        model.erase(number);
        break;
      default: {
        std::optional<Session> session;
        bool touch_due = false;
        if (!small.read(key_of(number), 1, 0, false, session, touch_due)) break;
        ++found;
        ASSERT_TRUE(model.contains(number));
        ASSERT_EQ(session->generation(), model[number]);
        ASSERT_TRUE(consistent(*session));
      }
    }
  }
  EXPECT_GT(found, 10'000U);
  for (std::uint64_t number = 0; number < 300; ++number) small.erase(session_id(number));
  EXPECT_EQ(small.entries(1), 0U);
  EXPECT_EQ(small.bytes(), 0U);
}

std::size_t resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmRSS:" && status >> kilobytes) return kilobytes;
  }
  return 0;
}

TEST(CacheSlotsMemory, AnUnusedCacheTakesNoMemory) {
  const std::size_t before = resident_kilobytes();
  const CacheSlots slots(65'536, 64 * megabyte);
  ASSERT_TRUE(slots.valid());
  EXPECT_LT(resident_kilobytes(), before + 512);
}

TEST(CacheSlotsThreads, AReaderNeverSeesAMixtureOrAnotherSession) {
  constexpr std::uint64_t sessions = 24;  // more than there is room for, so that slots and chunks change hands
  CacheSlots slots(16, 48U << 10U);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> wrong{0};

  std::vector<std::thread> readers;
  for (unsigned reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937_64 random(reader);
      while (!stop.load(std::memory_order_relaxed)) {
        const std::uint64_t number = random() % sessions;
        std::optional<Session> session;
        bool touch_due = false;
        if (!slots.read(key_of(number), 1, 0, true, session, touch_due)) continue;
        reads.fetch_add(1, std::memory_order_relaxed);
        if (!consistent(*session) || session->id() != session_id(number)) wrong.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  std::mt19937_64 random(99);
  for (std::uint64_t generation = 1; generation < 30'000; ++generation) {
    const std::uint64_t number = random() % sessions;
    if (random() % 8 == 0) slots.erase(session_id(number));
    slots.put(entry_of(number), versioned_session(session_id(number), generation, {.attribute_bytes = random() % 3000}),
              0);
    if (generation % 1024 == 0) std::this_thread::yield();
  }
  while (reads.load(std::memory_order_relaxed) < 1000) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0U);
}

}  // namespace
}  // namespace ficha::redis
