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
constexpr SlotWord first_word = 1;   // of a table of one slot
constexpr SlotWord second_word = 2;  // … once it was renewed

CacheSlots::Entry entry_of(std::uint64_t number) {
  return {.key = key_of(number), .placement = {0, first_word}, .deadline_ns = 1000, .touch_ns = never};
}

// Whose node has proven itself at 1 ns.
class ProvenTable : public SlotTable {
 public:
  ProvenTable() { prove(0, 1); }
};

bool look(CacheSlots& slots, const SipHash128& key, std::int64_t now_ns, bool touch, std::optional<Session>& session,
          bool& touch_due) {
  CacheSlots::Look look{now_ns, 1, touch};
  const bool found = slots.read(key, look, session);
  touch_due = look.touch_due;
  return found;
}

class CacheSlotsTest : public testing::Test {
 protected:
  bool put(std::uint64_t number, std::uint64_t generation = 1, const SessionShape& shape = {}) {
    return slots_.put(entry_of(number), versioned_session(session_id(number), generation, shape), 0);
  }
  // The generation found; 0 = none.
  std::uint64_t read(std::uint64_t number, std::int64_t now_ns = 0) {
    std::optional<Session> session;
    bool touch_due = false;
    if (!look(slots_, key_of(number), now_ns, true, session, touch_due)) {
      EXPECT_FALSE(session.has_value());
      return 0;
    }
    EXPECT_TRUE(consistent(*session));
    EXPECT_EQ(session->id(), session_id(number));
    return session->generation();
  }

  ProvenTable table_;
  CacheSlots slots_{1024, megabyte, table_};
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
    EXPECT_FALSE(look(slots_, key, 0, true, session, touch_due)) << bit;
  }
}

TEST_F(CacheSlotsTest, AnEntryOfAnotherWordIsNotServed) {
  ASSERT_TRUE(put(7));
  EXPECT_EQ(read(7), 1U);
  table_.renew(0);
  EXPECT_EQ(read(7), 0U);
}

TEST_F(CacheSlotsTest, AnEntryIsNotServedFromItsDeadlineOn) {
  ASSERT_TRUE(put(7));
  EXPECT_EQ(read(7, 999), 1U);
  EXPECT_EQ(read(7, 1000), 0U);
}

TEST_F(CacheSlotsTest, APutReplacesTheSessionsEntryEvenUnderAnotherKey) {
  ASSERT_TRUE(put(7, 1));
  CacheSlots::Entry other = entry_of(7);
  other.key = key_of(1007);
  ASSERT_TRUE(slots_.put(other, versioned_session(session_id(7), 2), 0));
  EXPECT_EQ(read(7), 0U);
  EXPECT_EQ(slots_.entries(), 1U);
  slots_.erase(session_id(7));
  EXPECT_EQ(slots_.entries(), 0U);
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
    EXPECT_TRUE(look(slots_, entry.key, now_ns, touch, session, touch_due));
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
  CacheSlots few(64, megabyte, table_);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(few.put(entry_of(i), versioned_session(session_id(i), 1), 0));
    ASSERT_LE(few.entries(), 64U);
  }
  EXPECT_GE(few.entries(), 60U);
  EXPECT_EQ(few.evictions(), 1000 - few.entries());

  for (std::uint64_t i = 0; i < 1000; ++i) {
    put(i, 1, {.attribute_bytes = 3000});
    ASSERT_LE(slots_.bytes(), megabyte);
  }
  EXPECT_GE(slots_.bytes(), megabyte * 3 / 4);
}

TEST_F(CacheSlotsTest, ASessionInUseOutlivesAStreamOfOthers) {
  CacheSlots few(64, megabyte, table_);
  ASSERT_TRUE(few.put(entry_of(0), versioned_session(session_id(0), 5), 0));
  for (std::uint64_t i = 1; i < 10'000; ++i) {
    std::optional<Session> session;
    bool touch_due = false;
    ASSERT_TRUE(look(few, key_of(0), 0, false, session, touch_due)) << i;
    ASSERT_TRUE(few.put(entry_of(i), versioned_session(session_id(i), 1), 0));
  }
}

TEST_F(CacheSlotsTest, EntriesOfAPastWordMakeRoomFirst) {
  CacheSlots few(8, megabyte, table_);
  for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(few.put(entry_of(i), versioned_session(session_id(i), 1), 0));
  table_.renew(0);
  for (std::uint64_t i = 8; i < 16; ++i) {
    CacheSlots::Entry entry = entry_of(i);
    entry.placement.word = second_word;
    ASSERT_TRUE(few.put(entry, versioned_session(session_id(i), 1), 0));
  }
  EXPECT_EQ(few.evictions(), 0U);
  EXPECT_EQ(few.entries(), 8U);
}

TEST_F(CacheSlotsTest, EntriesOfAPastWordAreNotCounted) {
  ASSERT_TRUE(put(7));
  ASSERT_TRUE(put(8));
  EXPECT_EQ(slots_.entries(), 2U);
  table_.renew(0);
  EXPECT_EQ(slots_.entries(), 0U);
  EXPECT_GT(slots_.bytes(), 0U) << "their memory is in use until something replaces them";
  for (int again = 0; again < 2; ++again) {
    CacheSlots::Entry entry = entry_of(7);
    entry.placement.word = second_word;
    ASSERT_TRUE(slots_.put(entry, versioned_session(session_id(7), 2), 0));
    EXPECT_EQ(slots_.entries(), 1U);
  }
  slots_.erase(session_id(8));
  EXPECT_EQ(slots_.entries(), 1U);
  slots_.erase(session_id(7));
  EXPECT_EQ(slots_.entries(), 0U);
}

TEST_F(CacheSlotsTest, ASessionPutAgainKeepsItsPlaceAndItsBytes) {
  ASSERT_TRUE(put(7, 1));
  const std::uint64_t bytes = slots_.bytes();
  CacheSlots::Entry later = entry_of(7);
  later.placement.word = second_word;
  later.deadline_ns = 5000;
  ASSERT_TRUE(slots_.put(later, versioned_session(session_id(7), 2), 0));
  EXPECT_EQ(slots_.bytes(), bytes);
  EXPECT_EQ(read(7), 0U);
  table_.renew(0);
  EXPECT_EQ(read(7, 4999), 2U);
  EXPECT_EQ(read(7, 5000), 0U);
}

TEST_F(CacheSlotsTest, ASlotThatMovesAndComesBackTakesItsEntriesAlongAndNoOthers) {
  SlotTable table(2);
  table.prove(0, 1);
  table.prove(1, 1);
  CacheSlots slots(64, megabyte, table);
  const auto put_in = [&](std::uint64_t number, std::uint16_t hash_slot) {
    CacheSlots::Entry entry = entry_of(number);
    entry.placement = {hash_slot, table.word(hash_slot)};
    return slots.put(entry, versioned_session(session_id(number), 1), 0);
  };
  const auto found = [&](std::uint64_t number) {
    std::optional<Session> session;
    bool touch_due = false;
    return look(slots, key_of(number), 0, false, session, touch_due);
  };
  ASSERT_TRUE(put_in(7, 0) && put_in(8, 1));
  table.assign(0, 0);
  EXPECT_TRUE(found(7)) << "nothing has changed";
  table.assign(0, 1);
  EXPECT_FALSE(found(7));
  EXPECT_TRUE(found(8));
  table.assign(0, 0);
  EXPECT_FALSE(found(7)) << "somebody may have written meanwhile";
  EXPECT_EQ(slots.entries(), 1U);

  ASSERT_TRUE(put_in(7, 0));
  table.assign(1, 1);
  ASSERT_TRUE(put_in(8, 1));
  EXPECT_TRUE(found(7) && found(8));
  table.renew(1);
  EXPECT_TRUE(found(7));
  EXPECT_FALSE(found(8));
  table.prove(0, no_proof);
  EXPECT_FALSE(found(7)) << "without proof";
  table.prove(0, 1);
  EXPECT_TRUE(found(7));
}

TEST_F(CacheSlotsTest, AnyMixtureOfPutsAndErasesLeavesWhatAMapWouldOrLess) {
  CacheSlots small(256, 256U << 10U, table_);
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
        if (!look(small, key_of(number), 0, false, session, touch_due)) break;
        ++found;
        ASSERT_TRUE(model.contains(number));
        ASSERT_EQ(session->generation(), model[number]);
        ASSERT_TRUE(consistent(*session));
      }
    }
  }
  EXPECT_GT(found, 10'000U);
  for (std::uint64_t number = 0; number < 300; ++number) small.erase(session_id(number));
  EXPECT_EQ(small.entries(), 0U);
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
  const ProvenTable table;
  const CacheSlots slots(65'536, 64 * megabyte, table);
  ASSERT_TRUE(slots.valid());
  EXPECT_LT(resident_kilobytes(), before + 512);
}

TEST(CacheSlotsThreads, AReaderNeverSeesAMixtureOrAnotherSession) {
  constexpr std::uint64_t sessions = 24;  // more than there is room for, so that slots and chunks change hands
  const ProvenTable table;
  CacheSlots slots(16, 48U << 10U, table);
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
        if (!look(slots, key_of(number), 0, true, session, touch_due)) continue;
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
