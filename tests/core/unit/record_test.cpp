#include "session/record.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "support/allocations.hpp"

namespace ficha {
namespace {

SessionId some_id() {
  static const SessionId id = Token::generate(route_of("alice"), {}).value().id();
  return id;
}

RecordFields usual_fields() {
  RecordFields fields;
  fields.guard = some_id().guard();
  fields.generation = 3;
  fields.created_at = 1'700'000'000;
  fields.expires_at = 1'700'043'200;
  fields.idle_seconds = 1800;
  fields.authenticated_at = 1'700'000'100;
  fields.level = 2;
  fields.principal = "alice";
  fields.roles = {"admin", "auditor"};
  fields.scopes = {"read"};
  fields.device_address = "192.0.2.7";
  fields.device_user_agent = "curl/8.5";
  fields.attributes = {{"cart", "[1,2,3]"}, {"theme", "\"dark\""}};
  return fields;
}

// The guard of a view must outlive it; an id's characters lie in the id.
class Records : public ::testing::Test {
 protected:
  const SessionId id_ = some_id();
  RecordFields fields_ = [this] {
    RecordFields fields = usual_fields();
    fields.guard = id_.guard();
    return fields;
  }();

  Result<Record> recode(const RecordFields& fields) {
    bytes_ = encode_record(fields);
    return decode_record(bytes_, id_);
  }
  std::string bytes_;
};

TEST_F(Records, PointIntoTheBytesTheyWereReadFrom) {
  const auto record = recode(fields_);
  ASSERT_TRUE(record);
  const auto& read = std::get<RecordFields>(*record);
  for (const std::string_view text : {read.guard, read.principal, read.roles[1], read.attributes[0].second}) {
    EXPECT_GE(text.data(), bytes_.data());
    EXPECT_LE(text.data() + text.size(), bytes_.data() + bytes_.size());
  }
}

TEST_F(Records, BecomeASnapshotWithEveryField) {
  const Session session = make_session(id_, fields_, 1'700'001'900);
  EXPECT_EQ(session.id(), id_);
  EXPECT_EQ(session.generation(), 3U);
  EXPECT_EQ(session.created_at(), 1'700'000'000);
  EXPECT_EQ(session.expires_at(), 1'700'043'200);
  EXPECT_EQ(session.idle_deadline(), 1'700'001'900);
  EXPECT_EQ(session.idle_seconds(), 1800);
  EXPECT_EQ(session.authenticated_at(), 1'700'000'100);
  EXPECT_EQ(session.level(), 2);
  EXPECT_EQ(session.principal(), "alice");
  EXPECT_FALSE(session.anonymous());
  EXPECT_EQ(session.device_address(), "192.0.2.7");
  EXPECT_EQ(session.device_user_agent(), "curl/8.5");
  ASSERT_EQ(session.role_count(), 2U);
  EXPECT_EQ(session.role(0), "admin");
  EXPECT_EQ(session.role(1), "auditor");
  ASSERT_EQ(session.scope_count(), 1U);
  EXPECT_EQ(session.scope(0), "read");
  ASSERT_EQ(session.attribute_count(), 2U);
  EXPECT_EQ(session.attribute_name(0), "cart");
  EXPECT_EQ(session.attribute_json(0), "[1,2,3]");
  EXPECT_EQ(session.attribute_name(1), "theme");
  EXPECT_EQ(session.attribute_json(1), "\"dark\"");
}

TEST_F(Records, MayHoldAnAttributeOf64KiBAndNoMore) {
  const std::string largest(max_attribute_bytes, '1');
  fields_.attributes = {{"a", largest}};
  const auto record = recode(fields_);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(std::get<RecordFields>(*record).attributes[0].second, largest);

  const std::string larger = largest + '1';
  fields_.attributes = {{"a", larger}};
  EXPECT_FALSE(recode(fields_));
}

TEST_F(Records, MayBe256KiBAndNoMore) {
  const std::string value(max_attribute_bytes, '1');
  fields_.attributes = {{"a", value}, {"b", value}, {"c", value}, {"d", std::string_view(value).substr(1000)}};
  const std::size_t missing = max_record_bytes - encode_record(fields_).size();
  fields_.attributes[3].second = std::string_view(value).substr(1000 - missing);
  ASSERT_EQ(encode_record(fields_).size(), max_record_bytes);
  EXPECT_TRUE(recode(fields_));
  fields_.attributes[3].second = std::string_view(value).substr(1000 - missing - 1);
  EXPECT_FALSE(recode(fields_));
}

TEST_F(Records, HaveNoElementForProtectedAttributesThatAreNotThere) {
  EXPECT_EQ(encode_record(fields_)[0], '\x9e');
  fields_.protected_attributes = {{"user", "7"}};
  const auto record = recode(fields_);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(bytes_[0], '\x9f');
  EXPECT_EQ(std::get<RecordFields>(*record).protected_attributes, fields_.protected_attributes);
  EXPECT_EQ(std::get<RecordFields>(*record).attributes, fields_.attributes);
}

TEST_F(Records, MayHold64KiBOfProtectedAttributesAndNoMore) {
  const std::string half(max_protected_bytes / 2, '1');
  fields_.protected_attributes = {{"a", std::string_view(half).substr(1)}, {"b", std::string_view(half).substr(1)}};
  EXPECT_TRUE(recode(fields_));
  fields_.protected_attributes[1].second = half;
  const auto record = recode(fields_);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().message, "stored record: element 15 (protected) is longer than 64 KiB");
}

TEST_F(Records, OfAnotherSessionAreNeverRead) {
  const std::string bytes = encode_record(fields_);
  const SessionId other = Token::generate(id_.route(), {}).value().id();
  const auto record = decode_record(bytes, other);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::corrupt_record);
}

TEST_F(Records, ThatAreCorruptAreDescribedWithoutTheirContent) {
  fields_.level = 7;
  const auto record = recode(fields_);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().message, "stored record: element 9 (level) is greater than 3");
}

TEST_F(Records, OfTheUsualSizeCostFewAllocationsToRead) {
  bytes_ = encode_record(fields_);
  const std::size_t before = testing::allocation_count();
  ASSERT_TRUE(decode_record(bytes_, id_));
  // Roles, scopes, attributes, and the parser's own stack.
  EXPECT_LE(testing::allocation_count() - before, 4U);
}

TEST_F(Records, ThatCountMoreThanTheyHoldCostNoMemory) {
  bytes_ = encode_record(fields_);
  const std::string roles = encode_strings(std::vector<std::string>{"admin", "auditor"});
  const std::size_t at = bytes_.find(roles);
  ASSERT_NE(at, std::string::npos);
  bytes_.replace(at, roles.size(), "\xdd\x7f\xff\xff\xff");
  const std::size_t before = testing::allocation_count();
  const auto record = decode_record(bytes_, id_);
  EXPECT_FALSE(record);
  EXPECT_LE(testing::allocation_count() - before, 5U);  // the parser's stack and the message
}

// One flipped bit is an error or another valid record, never a crash; what is read can be written and read again.
TEST_F(Records, WithAnyBitFlippedAreRefusedOrStillWhole) {
  const std::string whole = encode_record(fields_);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    const auto record = decode_record(bytes, id_);
    if (!record) {
      EXPECT_EQ(record.error().code, ErrorCode::corrupt_record);
      continue;
    }
    const auto& read = std::get<RecordFields>(*record);
    (void)make_session(id_, read, 0);
    EXPECT_TRUE(decode_record(encode_record(read), id_)) << "bit " << bit;
  }
}

TEST(RecordParts, AreSpliceableArraysAndMaps) {
  EXPECT_EQ(encode_strings({}), "\x90");
  EXPECT_EQ(encode_strings(std::vector<std::string>{"a", ""}),
            "\x92\xa1"
            "a\xa0");
  EXPECT_EQ(encode_attributes({}), "\x80");
  EXPECT_EQ(encode_attributes(std::vector<Attribute>{{"a", "1"}}),
            "\x81\xa1"
            "a\xa1"
            "1");
}

// Unicode standard, table 3-7: exactly the scalar values, each in its one form.
TEST(Utf8, AcceptsExactlyTheWellFormedSequences) {
  int accepted = 0;
  for (unsigned lead = 0; lead < 256; ++lead) {
    for (unsigned second = 0; second < 256; ++second) {
      const char two[] = {static_cast<char>(lead), static_cast<char>(second)};
      accepted += lead >= 0x80 && is_utf8({two, 2}) ? 1 : 0;
      for (unsigned third = 0x7F; third < 0xC1; ++third) {
        const char three[] = {two[0], two[1], static_cast<char>(third)};
        accepted += lead >= 0xE0 && second >= 0x80 && is_utf8({three, 3}) ? 1 : 0;
        for (unsigned fourth = 0x7F; lead >= 0xF0 && fourth < 0xC1; ++fourth) {
          const char four[] = {two[0], two[1], three[2], static_cast<char>(fourth)};
          accepted += is_utf8({four, 4}) ? 1 : 0;
        }
      }
    }
  }
  EXPECT_EQ(accepted, 0x110000 - 0x80 - 0x800);  // all code points but ASCII and surrogates
}

TEST(Utf8, IsCheckedBehindLongRunsOfAscii) {
  for (std::size_t length = 0; length < 40; ++length) {
    EXPECT_TRUE(is_utf8(std::string(length, 'a') + "é"));
    EXPECT_FALSE(is_utf8(std::string(length, 'a') + '\xe9'));
    EXPECT_FALSE(is_utf8('\xe9' + std::string(length, 'a')));
  }
}

TEST(PlainText, HoldsNoControlCharacters) {
  EXPECT_TRUE(is_plain_text(""));
  EXPECT_TRUE(is_plain_text("Zoë 北京 🂡 \u00a0"));
  for (unsigned c = 0; c < 0x20; ++c) EXPECT_FALSE(is_plain_text(std::string("a") + static_cast<char>(c))) << c;
  EXPECT_FALSE(is_plain_text("\x7f"));
  for (unsigned c = 0x80; c < 0xA0; ++c) EXPECT_FALSE(is_plain_text(std::string("a\xc2") + static_cast<char>(c))) << c;
  EXPECT_FALSE(is_plain_text("\xff"));
}

}  // namespace
}  // namespace ficha
