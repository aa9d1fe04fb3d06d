// What lies under a session's key and is none.
#include "core/store/redis_store_fixture.hpp"
#include "core/unit/vectors.hpp"
#include "faults/store_fault_fixture.hpp"

namespace ficha::testing {
namespace {

using namespace std::string_literals;
using std::chrono::seconds;

class CorruptRecordTest : public RedisStoreTest {
 protected:
  // One operation on a connection of its own: a wrong guard closes it.
  template <class Operation>
  auto afresh(Operation operation) {
    const auto store = open_store(config);
    return await(*store, operation(*store));
  }
  // No operation takes what lies under the id for a session, and none makes it one.
  void expect_corrupt(const SessionId& id) {
    const auto rotate = [&](SessionStore& store) { return store.rotate(id, {}); };
    const auto patch = [&](SessionStore& store) {
      Patch set;
      set.ops = {{Patch::Kind::set, "x", "1"}};
      return store.patch(id, set);
    };
    const auto revoke = [&](SessionStore& store) { return store.take(id); };
    const std::string before = server.command({"DUMP", key_of(id)}).text;
    EXPECT_THAT(afresh(rotate), FailsWith(ErrorCode::corrupt_record));
    EXPECT_THAT(afresh(revoke), FailsWith(ErrorCode::corrupt_record));
    EXPECT_EQ(server.command({"DUMP", key_of(id)}).text, before);
    if (!afresh(patch)) {
      EXPECT_EQ(server.command({"DUMP", key_of(id)}).text, before);
    }
    EXPECT_THAT(afresh(rotate), FailsWith(ErrorCode::corrupt_record)) << "once patched";
  }
  Token some_token() { return *Token::generate(route_of("alice"), {}); }
  static RecordFields fields_of(const SessionId& id) {
    RecordFields fields;
    fields.guard = id.guard();
    fields.created_at = 1'700'000'000;
    fields.expires_at = 4'102'444'800;
    fields.principal = "alice";
    return fields;
  }
};

TEST_F(CorruptRecordTest, EveryHostileRecordOfTheVectorsIsAnErrorAndStaysAsItIs) {
  const auto vectors = load_vectors("records.json");
  ASSERT_FALSE(vectors["hostile"].empty());
  for (const auto& vector : vectors["hostile"]) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    const SessionId id = *SessionId::parse(vector["id"].get<std::string>());
    std::string record = bytes_of(vector["hex"]);
    // They were to expire in 2023; now in 2100, so that they are not past their deadline.
    if (const auto at = record.find("\xce\x65\x54\x99\xc0"); at != std::string::npos) {
      record.replace(at, 5, "\xce\xf4\x86\x57\x00"s);
    }
    server.command({"SET", key_of(id), record, "PX", "600000"});
    expect_corrupt(id);
  }
}

TEST_F(CorruptRecordTest, AnotherTypeIsAnErrorAndStaysAsItIs) {
  const Token token = some_token();
  server.command({"HSET", key_of(token.id()), "data", "1"});
  EXPECT_THAT(load(token), FailsWith(ErrorCode::corrupt_record));
  expect_corrupt(token.id());
}

TEST_F(CorruptRecordTest, AnIndexOfAnotherTypeLetsNoSessionBeMade) {
  server.command({"SET", index_of("alice"), "x"});
  EXPECT_THAT(wait_for(store().create({.principal = "alice"})), FailsWith(ErrorCode::corrupt_record));
  EXPECT_EQ(integer({"DBSIZE"}), 1);
  EXPECT_THAT(wait_for(store().list("alice")), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(wait_for(store().revoke_principal("alice", std::nullopt)), FailsWith(ErrorCode::corrupt_record));
}

TEST_F(CorruptRecordTest, ASessionThatNeverExpiresIsADefect) {
  const Token token = plant([](const SessionId& id) { return encode_record(fields_of(id)); }, /*expiring=*/false);
  EXPECT_THAT(load(token), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(wait_for(store().patch(token.id(), with_roles({"x"}))), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(wait_for(store().rotate(token.id(), {})), FailsWith(ErrorCode::corrupt_record));
}

TEST_F(CorruptRecordTest, ASessionPastItsAbsoluteDeadlineIsGoneWhateverItsTtl) {
  const Token token = plant([](const SessionId& id) {
    RecordFields fields = fields_of(id);
    fields.expires_at = 1'700'000'001;
    return encode_record(fields);
  });
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(token));
  EXPECT_FALSE(loaded);
  EXPECT_THAT(wait_for(store().patch(token.id(), with_roles({"x"}))), FailsWith(ErrorCode::session_gone));
  EXPECT_THAT(wait_for(store().reauthenticate(token.id(), {.principal = "alice"})), FailsWith(ErrorCode::session_gone));
}

TEST_F(CorruptRecordTest, SomebodyElsesRecordClosesTheConnection) {
  const IssuedSession honest = issue({.principal = "alice"});
  const Token token = plant([&](const SessionId&) { return get(key_of(honest.session.id())); });
  const std::int64_t before = std::stoll(server.info("total_connections_received"));
  EXPECT_THAT(load(token), FailsWith(ErrorCode::corrupt_record));
  EXPECT_TRUE(eventually(
      [&] {
        const auto loaded = load(honest.token);
        return loaded && *loaded;
      },
      seconds{1}));
  EXPECT_EQ(std::stoll(server.info("total_connections_received")), before + 1);
}

TEST_F(CorruptRecordTest, ReAuthenticationUnderAnotherNameIsRefused) {
  const IssuedSession of_alice = issue({.principal = "alice"});
  EXPECT_THAT(wait_for(store().reauthenticate(of_alice.session.id(), {.principal = "bob"})),
              FailsWith(ErrorCode::invalid_argument));
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(of_alice.token));
  EXPECT_TRUE(loaded);
  EXPECT_EQ(index_size("bob"), 0U);
}

}  // namespace
}  // namespace ficha::testing
