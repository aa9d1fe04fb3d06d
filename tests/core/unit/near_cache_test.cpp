#include "store/redis/cache/near_cache.hpp"

#include <gtest/gtest.h>

#include <string>

#include "cache_fixture.hpp"
#include "store/redis/keys.hpp"
#include "store/touch.hpp"

namespace ficha::redis {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t server_epoch_ms = 1'800'000'000'000;

class NearCacheTest : public testing::Test {
 protected:
  std::unique_ptr<NearCache> make(NearCacheConfig config = {}) {
    auto cache = NearCache::create(config, "ficha", openssl_random(), table_);
    EXPECT_TRUE(cache.has_value());
    return std::move(*cache);
  }
  static std::string token(std::uint64_t number) { return "token-" + std::to_string(number); }
  static std::string key(const SessionId& id) { return session_key("ficha", id); }

  // A GET and PTTL sent now and answered at once.
  [[nodiscard]] Freshness fresh(std::int64_t remaining_ms = 60'000) const {
    return {.sent_at_ns = now_ns_, .remaining_ms = remaining_ms, .now_ns = now_ns_, .server_ms = server_ms()};
  }
  [[nodiscard]] std::int64_t server_ms() const { return server_epoch_ms + now_ns_ / 1'000'000; }
  static SessionShape shape() { return {.expires_at = server_epoch_ms / 1000 + 3600, .idle_seconds = 1600}; }

  bool load(std::uint64_t number, std::uint64_t generation, const Freshness& freshness) {
    Flight flight(cache_->single_flight(), session_id(number), cache_->placement(session_id(number)));
    flight.lead();
    cache_->prove(0, now_ns_);
    const Session session = versioned_session(session_id(number), generation, shape());
    const bool kept = cache_->keep(flight, token(number), session, freshness);
    flight.complete(std::optional(session));
    return kept;
  }
  // The generation found; 0 = none.
  std::uint64_t find(std::uint64_t number, std::int64_t proof_age_ns = 0) {
    std::optional<Session> session;
    touch_due_ = false;
    cache_->prove(0, proof_age_ns == now_ns_ ? no_proof : now_ns_ - proof_age_ns);
    return cache_->find(token(number), now_ns_, true, session, touch_due_) ? session->generation() : 0;
  }
  [[nodiscard]] Stats stats() const {
    Stats stats;
    cache_->add_stats(stats);
    return stats;
  }

  SlotTable table_;
  std::unique_ptr<NearCache> cache_ = make();
  std::int64_t now_ns_ = 1000 * second_ns;
  bool touch_due_ = false;
};

TEST_F(NearCacheTest, ALoadedSessionIsFoundUntilItIsDropped) {
  EXPECT_EQ(find(1), 0U);
  ASSERT_TRUE(load(1, 5, fresh()));
  EXPECT_EQ(find(1), 5U);
  EXPECT_EQ(find(2), 0U);
  cache_->drop(session_id(1));
  EXPECT_EQ(find(1), 0U);
  EXPECT_EQ(stats().hits, 1U);
}

TEST_F(NearCacheTest, AnInvalidationDropsItsSessionAndNoOther) {
  ASSERT_TRUE(load(1, 5, fresh()));
  ASSERT_TRUE(load(2, 6, fresh()));
  cache_->invalidate(key(session_id(1)));
  EXPECT_EQ(find(1), 0U);
  EXPECT_EQ(find(2), 6U);
  EXPECT_EQ(stats().invalidations, 1U);
}

TEST_F(NearCacheTest, KeysThatNameNoSessionAreIgnored) {
  ASSERT_TRUE(load(1, 5, fresh()));
  const std::string id(session_id(1).str());
  for (const std::string& other : {std::string(), std::string("ficha:{00ff}@alice"), "ficha:{00ff}@}:" + id, id,
                                   "other:{00ff}:" + id, "ficha:{00ff}@" + id, "ficha:{00ff}:" + id + "x"}) {
    cache_->invalidate(other);
    EXPECT_EQ(find(1), 5U) << other;
  }
}

TEST_F(NearCacheTest, AFlightThatWasInvalidatedBringsNothingToKeep) {
  const SessionId id = session_id(1);
  const Session session = versioned_session(id, 5, shape());
  for (const bool own_write : {false, true}) {
    Flight flight(cache_->single_flight(), id, cache_->placement(id));
    flight.lead();
    if (own_write) {
      cache_->drop(id);
    } else {
      cache_->invalidate(key(id));
    }
    EXPECT_FALSE(cache_->keep(flight, token(1), session, fresh()));
    EXPECT_EQ(find(1), 0U);
  }
}

TEST_F(NearCacheTest, AFlightThatBeganBeforeAFlushBringsNothingToKeep) {
  const Session session = versioned_session(session_id(1), 5, shape());
  for (const bool disconnect : {false, true}) {
    Flight flight(cache_->single_flight(), session_id(1), cache_->placement(session_id(1)));
    flight.lead();
    if (disconnect) {
      cache_->disconnect(0);
    } else {
      cache_->flush(0);
    }
    EXPECT_FALSE(cache_->keep(flight, token(1), session, fresh()));
  }
  EXPECT_TRUE(load(1, 5, fresh()));
}

TEST_F(NearCacheTest, ALostLinkAndANullPushEmptyTheCache) {
  ASSERT_TRUE(load(1, 5, fresh()));
  cache_->disconnect(0);
  EXPECT_EQ(find(1), 0U);
  ASSERT_TRUE(load(1, 6, fresh()));
  EXPECT_EQ(find(1), 6U);
  cache_->flush(0);
  EXPECT_EQ(find(1), 0U);
  EXPECT_EQ(stats().flushes_disconnect, 1U);
  EXPECT_EQ(stats().flushes_server, 1U);
}

TEST_F(NearCacheTest, WithoutProofOfTheLinkThereAreNoHitsAndOneFlush) {
  ASSERT_TRUE(load(1, 5, fresh()));
  EXPECT_EQ(find(1, 2 * second_ns), 5U) << "max_staleness is 2 s";
  EXPECT_EQ(find(1, 2 * second_ns + 1), 0U);
  EXPECT_EQ(find(1, 3 * second_ns), 0U);
  EXPECT_EQ(find(1), 0U) << "what was there before is gone";
  EXPECT_EQ(stats().flushes_staleness, 1U);
  ASSERT_TRUE(load(1, 6, fresh()));
  EXPECT_EQ(find(1), 6U);
  EXPECT_EQ(find(1, 3 * second_ns), 0U);
  EXPECT_EQ(stats().flushes_staleness, 2U);
}

TEST_F(NearCacheTest, WithoutALinkThereAreNoHits) {
  ASSERT_TRUE(load(1, 5, fresh()));
  EXPECT_EQ(find(1, now_ns_), 0U) << "no proof";
}

// What a server refuses to say is no loss: its stream is whole.
TEST_F(NearCacheTest, AProofThatIsTakenAndGivenAgainServesWhatIsThere) {
  ASSERT_TRUE(load(1, 5, fresh()));
  EXPECT_EQ(find(1, now_ns_), 0U);
  EXPECT_EQ(find(1), 5U);
  EXPECT_EQ(stats().flushes_staleness, 0U);
}

TEST_F(NearCacheTest, NothingIsKeptWithoutProof) {
  const SessionId id = session_id(1);
  for (const std::int64_t proven_at_ns : {no_proof, now_ns_ - 2 * second_ns - 1}) {
    Flight flight(cache_->single_flight(), id, cache_->placement(id));
    flight.lead();
    cache_->prove(0, proven_at_ns);
    EXPECT_FALSE(cache_->keep(flight, token(1), versioned_session(id, 5, shape()), fresh()));
  }
}

// The read was routed before the slot went, and came back after.
TEST_F(NearCacheTest, AFlightWhoseSlotHasMovedMeanwhileBringsNothingToKeep) {
  SlotTable table(hash_slots);
  auto cache = NearCache::create({}, "ficha", openssl_random(), table);
  ASSERT_TRUE(cache);
  (*cache)->prove(0, now_ns_);
  const SessionId id = session_id(1);
  for (const bool back : {false, true}) {
    Flight flight((*cache)->single_flight(), id, (*cache)->placement(id));
    flight.lead();
    const std::uint16_t slot = slot_of_route(id.route());
    table.assign(slot, 1);
    if (back) table.assign(slot, 0);
    EXPECT_FALSE((*cache)->keep(flight, token(1), versioned_session(id, 5, shape()), fresh())) << back;
    table.assign(slot, 0);
  }
  Flight flight((*cache)->single_flight(), id, (*cache)->placement(id));
  flight.lead();
  EXPECT_TRUE((*cache)->keep(flight, token(1), versioned_session(id, 5, shape()), fresh()));
}

// Each from CLUSTER KEYSLOT of Redis 7.0.15.
TEST(HashSlot, IsThatOfRedisCluster) {
  EXPECT_EQ(slot_of_route(0x0000), 6794);
  EXPECT_EQ(slot_of_route(0x00ff), 1184);
  EXPECT_EQ(slot_of_route(0xbeef), 15518);
  EXPECT_EQ(slot_of_route(0xffff), 14956);
}

TEST_F(NearCacheTest, TheDeadlineCountsFromTheSendTime) {
  Freshness freshness = fresh(10'000);
  freshness.sent_at_ns -= 4 * second_ns;
  ASSERT_TRUE(load(1, 5, freshness));
  now_ns_ += 6 * second_ns - 1;
  EXPECT_EQ(find(1), 5U);
  now_ns_ += 1;
  EXPECT_EQ(find(1), 0U);
}

TEST_F(NearCacheTest, TheAbsoluteDeadlineHoldsWhateverTheTtlSays) {
  ASSERT_TRUE(load(1, 5, fresh(100'000'000)));
  now_ns_ += (shape().expires_at * 1000 - server_ms()) * 1'000'000 - 1;
  EXPECT_EQ(find(1), 5U);
  now_ns_ += 1;
  EXPECT_EQ(find(1), 0U);
}

TEST_F(NearCacheTest, AServerClockThatWasSetBackDoesNotProlongAnEntry) {
  Freshness freshness = fresh(10'000);
  freshness.server_ms -= 86'400'000;
  ASSERT_TRUE(load(1, 5, freshness));
  now_ns_ += 10 * second_ns;
  EXPECT_EQ(find(1), 0U);
}

TEST_F(NearCacheTest, AServerClockThatWasSetAheadEndsASessionAsTheServerWould) {
  Freshness freshness = fresh(10'000);
  freshness.server_ms = shape().expires_at * 1000 + 1;
  load(1, 5, freshness);
  EXPECT_EQ(find(1), 0U);
}

TEST_F(NearCacheTest, AKeyWithoutTtlOrLifeIsNotKept) {
  for (const std::int64_t remaining_ms : {-2, -1, 0}) EXPECT_FALSE(load(1, 5, fresh(remaining_ms)));
}

TEST_F(NearCacheTest, ASupersededTokenIsNotKept) {
  Flight flight(cache_->single_flight(), session_id(1), cache_->placement(session_id(1)));
  flight.lead();
  EXPECT_FALSE(cache_->keep(flight, token(1), versioned_session(session_id(2), 5, shape()), fresh()));
  EXPECT_EQ(find(1), 0U);
}

TEST_F(NearCacheTest, ATouchIsDueOncePerQuantumHoweverManyHits) {
  // Idle 1600 s: a quantum is 100 s. The deadline is where a touch just put it.
  const std::int64_t target_ms = touch_target_ms(server_ms(), 1600, shape().expires_at);
  ASSERT_TRUE(load(1, 5, fresh(target_ms - server_ms())));
  int touches = 0;
  for (int tenths = 0; tenths < 10 * 400; ++tenths) {
    now_ns_ += second_ns / 10;
    ASSERT_EQ(find(1), 5U);
    if (!touch_due_) continue;
    ++touches;
    const std::int64_t moved_to_ms = touch_target_ms(server_ms(), 1600, shape().expires_at);
    ASSERT_TRUE(load(1, 5, fresh(moved_to_ms - server_ms())));
  }
  EXPECT_EQ(touches, 4);
}

TEST(TouchSchedule, ATargetIsAWholeQuantumWithinTheIdleTimeoutAndASixteenthMore) {
  for (const std::int64_t idle_seconds : {1, 7, 60, 1800, 86'400}) {
    for (std::int64_t now_ms = server_epoch_ms; now_ms < server_epoch_ms + 300'000; now_ms += 977) {
      const std::int64_t target = touch_target_ms(now_ms, idle_seconds, now_ms / 1000 + 1'000'000);
      EXPECT_EQ(target % touch_quantum_ms(idle_seconds), 0);
      EXPECT_GE(target, now_ms + idle_seconds * 1000);
      EXPECT_LE(target, now_ms + idle_seconds * 1000 + touch_quantum_ms(idle_seconds));
    }
  }
}

TEST(TouchSchedule, TheNextTouchIsTheFirstMomentThatGainsMoreThanHalfAQuantum) {
  constexpr std::int64_t idle_seconds = 16;  // quantum: 1000 ms
  const std::int64_t expires_at = server_epoch_ms / 1000 + 100;
  for (std::int64_t deadline = server_epoch_ms + 14'000; deadline < server_epoch_ms + 100'000; deadline += 333) {
    const auto gain = [&](std::int64_t at) { return touch_target_ms(at, idle_seconds, expires_at) - deadline; };
    const std::int64_t next = next_touch_ms(deadline, idle_seconds, expires_at);
    if (expires_at * 1000 - deadline <= 500) {
      EXPECT_EQ(next, never);
    } else {
      EXPECT_GT(gain(next), 500);
      EXPECT_LE(gain(next - 1), 500);
    }
  }
}

TEST(TouchSchedule, WithoutAnIdleTimeoutThereIsNothingToTouch) {
  EXPECT_EQ(next_touch_ms(server_epoch_ms, 0, server_epoch_ms / 1000 + 100), never);
  EXPECT_EQ(touch_target_ms(server_epoch_ms, 0, 1000), 1'000'000);
}

class NoRandom final : public RandomSource {
 public:
  bool fill(std::span<std::byte>) noexcept override { return false; }
};

TEST(NearCacheCreation, WithoutRandomBytesThereIsNoCache) {
  NoRandom random;
  SlotTable table;
  EXPECT_EQ(NearCache::create({}, "ficha", random, table).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace ficha::redis
