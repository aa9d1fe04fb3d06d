#include "store/redis/wire/reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/redis/node/counters.hpp"

namespace ficha::redis {
namespace {

using Type = ReplyView::Type;
using ::testing::HasSubstr;

constexpr ReplyLimits limits{.string_bytes = 16, .depth = 3, .elements = 10, .total_bytes = 64};

// What the reader makes of bytes that come all at once; the last reply, or null.
struct Outcome {
  Reply reply;
  bool failed;
  std::string error;
};

Outcome read(std::string_view bytes) {
  ReplyReader reader(limits);
  reader.feed(bytes);
  Outcome outcome;
  while (Reply reply = reader.next()) outcome.reply = std::move(reply);
  outcome.failed = reader.failed();
  if (outcome.failed) outcome.error = reader.error();
  return outcome;
}

TEST(Reply, EveryTypeOfRedisIsSeenAsWhatItIs) {
  const std::pair<const char*, Type> cases[] = {
      {"+OK\r\n", Type::string},
      {"$2\r\nhi\r\n", Type::string},
      {"=6\r\ntxt:hi\r\n", Type::string},
      {"-ERR x\r\n", Type::error},
      {":5\r\n", Type::integer},
      {"_\r\n", Type::nil},
      {"$-1\r\n", Type::nil},
      {"*-1\r\n", Type::nil},
      {"*1\r\n:1\r\n", Type::array},
      {"%1\r\n:1\r\n:2\r\n", Type::array},
      {"~1\r\n:1\r\n", Type::array},
      {",1.5\r\n", Type::other},
      {"(123456789\r\n", Type::other},
      {"#t\r\n", Type::other},
  };
  for (const auto& [bytes, type] : cases) {
    const Outcome outcome = read(bytes);
    ASSERT_TRUE(outcome.reply) << bytes;
    EXPECT_EQ(view(outcome.reply).type(), type) << bytes;
  }
}

TEST(Reply, TextAndIntegerAndElementsAreThoseOfTheReply) {
  const Outcome outcome = read("*3\r\n$2\r\nhi\r\n:-7\r\n-ERR no\r\n");
  const ReplyView root = view(outcome.reply);
  ASSERT_EQ(root.size(), 3U);
  EXPECT_EQ(root[0].text(), "hi");
  EXPECT_EQ(root[1].integer(), -7);
  EXPECT_EQ(root[2].text(), "ERR no");
}

TEST(Reply, AskingAReplyForWhatItIsNotIsHarmless) {
  const Outcome outcome = read(":1\r\n");
  const ReplyView reply = view(outcome.reply);
  EXPECT_EQ(reply.text(), "");
  EXPECT_EQ(reply.size(), 0U);
  EXPECT_EQ(reply[4].type(), Type::nil);
  EXPECT_EQ(ReplyView{nullptr}.integer(), 0);
}

TEST(ReplyReader, AReplyCutAtAnyByteIsWholeWhenTheRestHasCome) {
  const std::string bytes = "*2\r\n$5\r\nhello\r\n*1\r\n:42\r\n";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    ReplyReader reader(limits);
    reader.feed(std::string_view(bytes).substr(0, cut));
    EXPECT_FALSE(reader.next()) << cut;
    reader.feed(std::string_view(bytes).substr(cut));
    const Reply reply = reader.next();
    ASSERT_TRUE(reply) << cut;
    EXPECT_EQ(view(reply)[0].text(), "hello");
    EXPECT_FALSE(reader.failed());
  }
}

TEST(ReplyReader, PushesAreToldFromReplies) {
  EXPECT_TRUE(is_push(read(">1\r\n+invalidate\r\n").reply));
  EXPECT_FALSE(is_push(read("*1\r\n+invalidate\r\n").reply));
}

TEST(ReplyReader, GarbageIsRefused) {
  for (const char* bytes : {"x\r\n", "$x\r\n", "$-2\r\n", "*99999999999999999999\r\n", ":1x\r\n", "*-2\r\n", "|1\r\n"})
    EXPECT_TRUE(read(bytes).failed) << bytes;
}

TEST(ReplyReader, AStringUpToTheLimitIsReadAndALongerOneRefused) {
  EXPECT_FALSE(read("$16\r\n0123456789abcdef\r\n").failed);
  EXPECT_THAT(read("$17\r\n0123456789abcdefg\r\n").error, HasSubstr("string in a reply is too long"));
}

TEST(ReplyReader, AnEndlessStringOrLineIsRefusedBeforeItEnds) {
  EXPECT_TRUE(read("$1000000000\r\n" + std::string(100, 'x')).failed);
  EXPECT_TRUE(read("+" + std::string(100, 'x')).failed);
  EXPECT_TRUE(read(std::string(100, '\0')).failed);
}

TEST(ReplyReader, NestingIsAllowedUpToTheLimit) {
  EXPECT_FALSE(read("*1\r\n*1\r\n*1\r\n:1\r\n").failed);
  EXPECT_THAT(read("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n").error, HasSubstr("nested too deeply"));
}

TEST(ReplyReader, ElementsAreCountedOverAllArraysOfAReply) {
  EXPECT_TRUE(read("*11\r\n").failed);
  EXPECT_THAT(read("*2\r\n*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n*5\r\n").error, HasSubstr("too many elements"));
  EXPECT_TRUE(read("%6\r\n").failed);
}

TEST(ReplyReader, StringsAreCountedTogether) {
  std::string bytes = "*5\r\n";
  for (int i = 0; i < 5; ++i) bytes += "$16\r\n0123456789abcdef\r\n";
  EXPECT_THAT(read(bytes).error, HasSubstr("reply is too long"));
}

TEST(ReplyReader, EachReplyHasTheWholeOfTheLimits) {
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += "*3\r\n$16\r\n0123456789abcdef\r\n$16\r\n0123456789abcdef\r\n:1\r\n";
  EXPECT_FALSE(read(bytes).failed);
}

TEST(ReplyReader, AFailedReaderYieldsNothingMore) {
  ReplyReader reader(limits);
  reader.feed("x\r\n");
  EXPECT_FALSE(reader.next());
  reader.feed("+OK\r\n");
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.failed());
}

TEST(RoundTrips, AreCountedByUpperBoundsOfPowersOfTwo) {
  const std::pair<std::uint64_t, std::size_t> cases[] = {{0, 0},  {16, 0},       {17, 1},       {32, 1},
                                                         {33, 2}, {524'288, 15}, {524'289, 16}, {~0ULL, 16}};
  for (const auto& [us, bucket] : cases) EXPECT_EQ(RoundTrips::bucket(us), bucket) << us;
}

}  // namespace
}  // namespace ficha::redis
