#include <gmock/gmock.h>
#include <poll.h>

#include <atomic>
#include <set>
#include <thread>

#include "ficha/client.hpp"
#include "support/allocations.hpp"
#include "support/results.hpp"

namespace ficha::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Completion completion(OperationId id) {
  return {id, Outcome{std::uint64_t{id}}};
}

class CompletionQueueTest : public ::testing::Test {
 protected:
  std::vector<OperationId> ids_of(const std::vector<Completion>& completions) {
    std::vector<OperationId> ids;
    for (const Completion& done : completions) ids.push_back(done.id);
    return ids;
  }
  bool readable() {
    pollfd waiting{queue->descriptor(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }

  std::shared_ptr<CompletionQueue> queue = *CompletionQueue::create();
};

TEST_F(CompletionQueueTest, DrainTakesEverythingInTheOrderOfCompletion) {
  for (const OperationId id : {7U, 3U, 5U}) queue->push(completion(id));
  EXPECT_THAT(ids_of(queue->drain()), ElementsAre(7, 3, 5));
  EXPECT_THAT(queue->drain(), IsEmpty());
}

TEST_F(CompletionQueueTest, ResultsArriveAsTheyWerePushed) {
  queue->push({1, Outcome{RevokeOutcome::revoked}});
  queue->push({2, Error{ErrorCode::timeout, "late"}});
  const auto done = queue->drain();
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(std::get<RevokeOutcome>(*done[0].result), RevokeOutcome::revoked);
  EXPECT_THAT(done[1].result, FailsWith(ErrorCode::timeout));
}

TEST_F(CompletionQueueTest, TheDescriptorIsReadableExactlyWhileSomethingWaits) {
  EXPECT_FALSE(readable());
  queue->push(completion(1));
  queue->push(completion(2));
  EXPECT_TRUE(readable());
  EXPECT_TRUE(readable());
  static_cast<void>(queue->drain());
  EXPECT_FALSE(readable());
  queue->push(completion(3));
  EXPECT_TRUE(readable());
}

TEST_F(CompletionQueueTest, ALoopThatDrainsIntoOneVectorAllocatesNothing) {
  std::vector<Completion> taken;
  for (int round = 0; round < 6; ++round) {
    const std::size_t before = allocation_count();
    for (OperationId id = 0; id < 20; ++id) queue->push(completion(id));
    queue->drain(taken);
    const std::size_t allocated = allocation_count() - before;
    EXPECT_THAT(taken, SizeIs(20));
    if (round >= 2) {
      EXPECT_EQ(allocated, 0U);
    }
  }
  queue->drain(taken);
  EXPECT_THAT(taken, IsEmpty());
}

TEST_F(CompletionQueueTest, RoomForABurstIsNotKept) {
  std::vector<Completion> taken;
  for (OperationId id = 0; id < 5000; ++id) queue->push(completion(id));
  queue->drain(taken);
  EXPECT_THAT(taken, SizeIs(5000));
  for (int round = 0; round < 2; ++round) queue->drain(taken);
  EXPECT_LE(taken.capacity(), 256U);
}

TEST_F(CompletionQueueTest, NothingEverWaitsUnannounced) {
  constexpr int pushes = 50'000;
  std::thread other{[&] {
    for (OperationId id = 0; id < pushes; ++id) queue->push(completion(id));
  }};
  std::vector<Completion> taken;
  int left = pushes;
  pollfd waiting{queue->descriptor(), POLLIN, 0};
  while (left > 0 && ::poll(&waiting, 1, 10'000) == 1) {
    queue->drain(taken);
    left -= static_cast<int>(taken.size());
  }
  EXPECT_EQ(left, 0);
  other.join();
}

TEST_F(CompletionQueueTest, WaitReturnsNothingWhenTheTimeoutPasses) {
  EXPECT_THAT(queue->wait(milliseconds{0}), IsEmpty());
  EXPECT_THAT(queue->wait(milliseconds{5}), IsEmpty());
}

TEST_F(CompletionQueueTest, WaitReturnsAsSoonAsAnotherThreadPushes) {
  std::thread other{[&] { queue->push(completion(9)); }};
  EXPECT_THAT(ids_of(queue->wait(seconds{10})), ElementsAre(9));
  other.join();
}

TEST_F(CompletionQueueTest, NothingIsLostOrDoubledBetweenManyThreads) {
  constexpr OperationId per_thread = 2000;
  constexpr OperationId producers = 4;
  std::vector<std::thread> threads;
  for (OperationId producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&, producer] {
      for (OperationId i = 0; i < per_thread; ++i) queue->push(completion(producer * per_thread + i));
    });
  }
  std::set<OperationId> seen;
  std::size_t taken = 0;
  while (taken < producers * per_thread) {
    const auto done = queue->wait(seconds{10});
    ASSERT_FALSE(done.empty()) << "after " << taken;
    taken += done.size();
    for (const Completion& each : done) seen.insert(each.id);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, seen.size());
  EXPECT_THAT(queue->drain(), IsEmpty());
}

}  // namespace
}  // namespace ficha::testing
