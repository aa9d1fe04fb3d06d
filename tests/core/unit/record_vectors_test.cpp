// Records against vectors calculated elsewhere.
#include <gtest/gtest.h>

#include "session/record.hpp"
#include "vectors.hpp"

namespace ficha {
namespace {

const nlohmann::json& vectors() {
  static const nlohmann::json document = testing::load_vectors("records.json");
  return document;
}

SessionId id_of(const nlohmann::json& test) {
  return SessionId::parse(test["id"].get<std::string>()).value();
}

std::string canonical_bytes(const nlohmann::json& test) {
  return testing::from_hex(test.contains("canonical_hex") ? test["canonical_hex"] : test["hex"]);
}

nlohmann::json as_json(const RecordFields& fields) {
  auto attributes = nlohmann::json::array();
  for (const auto& [name, json] : fields.attributes) attributes.push_back({name, json});
  auto protected_attributes = nlohmann::json::array();
  for (const auto& [name, json] : fields.protected_attributes) protected_attributes.push_back({name, json});
  std::string additions;
  for (const char c : fields.additions) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    additions += digits;
  }
  return {{"guard", fields.guard},
          {"generation", fields.generation},
          {"created", fields.created_at},
          {"expires", fields.expires_at},
          {"idle", fields.idle_seconds},
          {"authenticated", fields.authenticated_at},
          {"level", fields.level},
          {"principal", fields.principal},
          {"roles", fields.roles},
          {"scopes", fields.scopes},
          {"device", {fields.device_address, fields.device_user_agent}},
          {"attributes", attributes},
          {"protected", protected_attributes},
          {"addition_count", fields.addition_count},
          {"additions_hex", additions}};
}

TEST(RecordVectors, LiveSessionsAreReadFieldByField) {
  ASSERT_EQ(vectors()["valid"].size(), 67U);
  for (const auto& test : vectors()["valid"]) {
    SCOPED_TRACE(test["name"]);
    const std::string bytes = testing::from_hex(test["hex"]);
    const auto record = decode_record(bytes, id_of(test));
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(as_json(std::get<RecordFields>(*record)), test["fields"]);
  }
}

TEST(RecordVectors, LiveSessionsAreWrittenInTheShortestForm) {
  for (const auto& test : vectors()["valid"]) {
    const std::string bytes = testing::from_hex(test["hex"]);
    const auto record = decode_record(bytes, id_of(test));
    ASSERT_TRUE(record) << test["name"];
    EXPECT_EQ(encode_record(std::get<RecordFields>(*record)), canonical_bytes(test)) << test["name"];
  }
}

TEST(RecordVectors, SupersededSessionsLeadToTheirSuccessor) {
  ASSERT_EQ(vectors()["superseded"].size(), 2U);
  for (const auto& test : vectors()["superseded"]) {
    SCOPED_TRACE(test["name"]);
    const std::string bytes = testing::from_hex(test["hex"]);
    const auto record = decode_record(bytes, id_of(test));
    ASSERT_TRUE(record) << record.error().message;
    const auto& superseded = std::get<Superseded>(*record);
    EXPECT_EQ(superseded.guard, id_of(test).guard());
    EXPECT_EQ(superseded.successor.str(), test["successor"].get<std::string>());
    EXPECT_EQ(encode_superseded(superseded.guard, superseded.successor), canonical_bytes(test));
  }
}

TEST(RecordVectors, HostileRecordsAreCorrupt) {
  ASSERT_EQ(vectors()["hostile"].size(), 417U);
  for (const auto& test : vectors()["hostile"]) {
    SCOPED_TRACE(test["name"]);
    // On the heap in its exact size, so that a sanitizer sees a read past its end.
    const std::string whole = testing::bytes_of(test["hex"]);
    const std::vector<char> bytes(whole.begin(), whole.end());
    const auto record = decode_record({bytes.data(), bytes.size()}, id_of(test));
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, ErrorCode::corrupt_record);
    if (!test.contains("element")) continue;
    const std::string element = "(" + test["element"].get<std::string>() + ")";
    EXPECT_NE(record.error().message.find(element), std::string::npos) << record.error().message;
  }
}

}  // namespace
}  // namespace ficha
