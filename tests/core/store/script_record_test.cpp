// The scripts accept the records that decode_record() accepts, and no others: bytes that only one of them takes could be
// written by a service that cannot read them, or read by one whose writes are refused.
#include <random>

#include "core/store/redis_store_fixture.hpp"
#include "core/unit/vectors.hpp"
#include "store/redis/scripts.hpp"

namespace ficha::testing {
namespace {

constexpr std::string_view id_text = "dHF7zuIfUJe6C2kXYfag_Q8_";  // of the vectors

// For each record of ARGV behind the id: whether the scripts take it.
constexpr std::string_view accepts = R"lua(
local accepted = {}
for i = 2, #ARGV do
  local record, reply = live_record(ARGV[i], ARGV[1])
  accepted[#accepted + 1] = (record or reply[1] == SUPERSEDED) and 1 or 0
end
return accepted
)lua";

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    text += digits;
  }
  return text;
}

class ScriptRecordTest : public ::testing::Test {
 protected:
  void expect_same(const std::vector<std::string>& records) {
    std::vector<std::string> command = {"EVAL", std::string{scripts::shared_text}.append(accepts), "0",
                                        std::string{id_text}};
    command.insert(command.end(), records.begin(), records.end());
    const AdminReply reply = RedisServer::shared().command(command);
    ASSERT_EQ(reply.elements.size(), records.size()) << reply.text;
    const SessionId id = *SessionId::parse(id_text);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto decoded = decode_record(records[i], id);
      const bool accepted = reply.elements[i].integer == 1;
      accepted_ += accepted ? 1 : 0;
      ASSERT_EQ(accepted, decoded.has_value())
          << (decoded ? "decode_record() takes it" : decoded.error().message) << "\n"
          << hex(std::string_view{records[i]}.substr(0, 2000));
    }
  }

  int accepted_ = 0;
};

std::vector<std::string> vectors(std::size_t longest, std::initializer_list<const char*> parts) {
  const auto document = load_vectors("records.json");
  std::vector<std::string> records;
  for (const char* part : parts) {
    for (const auto& vector : document[part]) {
      std::string bytes = bytes_of(vector["hex"]);
      if (vector["id"] == std::string{id_text} && !bytes.empty() && bytes.size() <= longest)
        records.push_back(std::move(bytes));
    }
  }
  return records;
}

TEST_F(ScriptRecordTest, EveryVectorIsTakenOrRefusedByBoth) {
  for (const std::string& record : vectors(max_record_bytes + 1000, {"valid", "superseded", "hostile"})) {
    ASSERT_NO_FATAL_FAILURE(expect_same({record}));
  }
  EXPECT_EQ(accepted_, 69) << "as many as are valid or superseded";
}

// One byte of MessagePack, text or UTF-8 that means something.
char telling_byte(std::mt19937& random) {
  constexpr std::string_view bytes =
      "\x01\x7f\x80\x81\x82\x8f\x90\x91\x92\x9d\x9e\x9f\xa0\xa1\xab\xbf\xc0\xc1\xc2\xc3\xc4\xc7\xca\xcb\xcc\xcd\xce\xcf"
      "\xd0\xd1\xd2\xd3\xd4\xd9\xda\xdb\xdc\xdd\xde\xdf\xe0\xed\xef\xf0\xf4\xf5\xff A\"{";
  return random() % 8 == 0 ? '\0' : bytes[random() % bytes.size()];
}

std::string mutated(const std::vector<std::string>& valid, const std::vector<std::string>& all, std::mt19937& random) {
  std::string record = valid[random() % valid.size()];
  for (std::size_t changes = random() % 8 == 0 ? 3 : 1; changes > 0; --changes) {
    const std::size_t at = record.empty() ? 0 : random() % record.size();
    const std::string& other = all[random() % all.size()];
    const std::size_t from = random() % other.size();
    switch (random() % 7) {
      case 0:
        if (!record.empty()) record[at] = static_cast<char>(random());
        break;
      case 1:
        if (!record.empty()) record[at] = telling_byte(random);
        break;
      case 2:
        if (!record.empty()) record[at] = static_cast<char>(record[at] + (random() % 2 == 0 ? 1 : -1));
        break;
      case 3:
        record.insert(at, 1, telling_byte(random));
        break;
      case 4:
        record.erase(at, 1 + random() % 4);
        break;
      case 5:  // what another record has there, or elsewhere
        record.replace(at, random() % 8, other, from, random() % 24);
        break;
      default:  // this record's front, that one's back
        record.replace(at, std::string::npos, other, std::min(at, other.size()));
    }
  }
  return record;
}

TEST_F(ScriptRecordTest, ThousandsOfDamagedRecordsAreTakenOrRefusedByBoth) {
  const std::vector<std::string> valid = vectors(600, {"valid", "superseded"});
  const std::vector<std::string> all = vectors(600, {"valid", "superseded", "hostile"});
  std::mt19937 random{20261128};
  constexpr int batches = 100;
  constexpr int batch_size = 200;
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<std::string> records;
    for (int i = 0; i < batch_size; ++i) records.push_back(mutated(valid, all, random));
    ASSERT_NO_FATAL_FAILURE(expect_same(records)) << "batch " << batch;
  }
  EXPECT_GT(accepted_, 1'000) << "too few for the test to say much";
}

TEST_F(ScriptRecordTest, EveryPlaceOfAValidRecordTakesTheSameBytes) {
  const std::vector<std::string> seeds = vectors(400, {"valid", "superseded"});
  for (std::size_t seed = 0; seed < seeds.size(); seed += 8) {
    for (std::size_t at = 0; at < std::min<std::size_t>(seeds[seed].size(), 130); ++at) {
      std::vector<std::string> records;
      for (int value = 0; value < 256; value += 1 + static_cast<int>(at % 5)) {
        records.push_back(seeds[seed]);
        records.back()[at] = static_cast<char>(value);
      }
      ASSERT_NO_FATAL_FAILURE(expect_same(records)) << "seed " << seed << ", byte " << at;
    }
  }
}

}  // namespace
}  // namespace ficha::testing
