#include "store/redis/node/pending_queue.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ficha::redis {
namespace {

class PendingQueueTest : public ::testing::Test {
 protected:
  PendingQueueTest() {
    std::int64_t deadline = 100;
    for (Pending& entry : entries) entry.deadline = deadline++;
  }

  PendingQueue queue;
  std::array<Pending, 4> entries;
};

TEST_F(PendingQueueTest, NothingIsInAnEmptyOne) {
  queue.refill();
  EXPECT_EQ(queue.front(), nullptr);
  EXPECT_EQ(queue.oldest_deadline(), PendingQueue::no_deadline);
}

TEST_F(PendingQueueTest, TheReaderSeesAnEntryAfterItsRefill) {
  queue.push(entries[0]);
  EXPECT_EQ(queue.front(), nullptr);
  queue.refill();
  EXPECT_EQ(queue.front(), &entries[0]);
}

TEST_F(PendingQueueTest, EntriesComeOutInTheOrderTheyWereSentAcrossRefills) {
  queue.push(entries[0]);
  queue.push(entries[1]);
  queue.refill();
  queue.pop();
  queue.push(entries[2]);
  queue.refill();
  queue.push(entries[3]);
  EXPECT_EQ(queue.front(), &entries[1]);
  queue.pop();
  EXPECT_EQ(queue.front(), &entries[2]);
  queue.pop();
  EXPECT_EQ(queue.front(), nullptr);
  queue.refill();
  EXPECT_EQ(queue.front(), &entries[3]);
  queue.pop();
  EXPECT_EQ(queue.front(), nullptr);
}

TEST_F(PendingQueueTest, TheOldestDeadlineIsTheFrontsWhereverItIs) {
  queue.push(entries[0]);
  queue.push(entries[1]);
  EXPECT_EQ(queue.oldest_deadline(), 100);
  queue.refill();
  EXPECT_EQ(queue.oldest_deadline(), 100);
  queue.pop();
  EXPECT_EQ(queue.oldest_deadline(), 101);
  queue.push(entries[2]);
  queue.pop();
  EXPECT_EQ(queue.oldest_deadline(), 102);
}

TEST_F(PendingQueueTest, RestampReachesEveryEntryThatWaits) {
  queue.push(entries[0]);
  queue.push(entries[1]);
  queue.restamp([](Pending& entry) { entry.deadline = 7; });
  EXPECT_EQ(entries[0].deadline, 7);
  EXPECT_EQ(entries[1].deadline, 7);
  EXPECT_EQ(queue.oldest_deadline(), 7);
}

}  // namespace
}  // namespace ficha::redis
