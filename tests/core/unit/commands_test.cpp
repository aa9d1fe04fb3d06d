#include <gtest/gtest.h>

#include "store/redis/node/connection.hpp"

namespace ficha::redis {
namespace {

TEST(Commands, ACommandIsAnArrayOfBulkStrings) {
  Commands commands{Effect::read};
  commands.add({"GET", "key"}, Shape::text_or_nil);
  EXPECT_EQ(commands.bytes(), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  EXPECT_EQ(commands.count(), 1U);
  EXPECT_EQ(commands.effect(), Effect::read);
}

TEST(Commands, SeveralCommandsFollowEachOtherInOrder) {
  Commands commands{Effect::write};
  commands.add({"GET", "a"}, Shape::text_or_nil).add({"PTTL", "a"}, Shape::integer);
  EXPECT_EQ(commands.bytes(), "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$4\r\nPTTL\r\n$1\r\na\r\n");
  EXPECT_EQ(commands.count(), 2U);
}

TEST(Commands, WhatALoadSendsIsWrittenAsAnyOtherCommand) {
  const std::string key = "ficha:{0a1b}:" + std::string(100, 'k');
  Commands expected{Effect::read};
  expected.add({"TIME"}, Shape::array).add({"GET", key}, Shape::text_or_nil).add({"PTTL", key}, Shape::integer);
  Commands commands{Effect::read};
  commands.add({"TIME"}, Shape::array).add_get_and_pttl(key);
  EXPECT_EQ(commands.bytes(), expected.bytes());
  EXPECT_EQ(commands.count(), 3U);
}

TEST(Commands, ArgumentsAreBytesThatNeedNoEscape) {
  using namespace std::string_view_literals;
  Commands commands{Effect::write};
  commands.add({"SET", "k\r\n$3\r\n"sv, "\0\xff"sv, ""sv}, Shape::any);
  EXPECT_EQ(commands.bytes(), "*4\r\n$3\r\nSET\r\n$7\r\nk\r\n$3\r\n\r\n$2\r\n\0\xff\r\n$0\r\n\r\n"sv);
}

TEST(Commands, AListMadeAtRunTimeIsTheSame) {
  const std::vector<std::string_view> arguments(12, "x");
  Commands commands{Effect::read};
  commands.add(arguments, Shape::any);
  EXPECT_TRUE(commands.bytes().starts_with("*12\r\n$1\r\nx\r\n"));
  EXPECT_EQ(commands.count(), 1U);
}

}  // namespace
}  // namespace ficha::redis
