// What RedisStore leaves in Redis, byte for byte (wire format, version 1).
#include <algorithm>
#include <cmath>

#include "core/store/redis_store_fixture.hpp"

namespace ficha::testing {
namespace {

using namespace std::string_literals;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RedisWireTest : public RedisStoreTest {
 protected:
  // A live session of alice until the year 2100.
  static RecordFields fields_of(const SessionId& id) {
    RecordFields fields;
    fields.guard = id.guard();
    fields.created_at = 1'700'000'000;
    fields.expires_at = 4'102'444'800;
    fields.idle_seconds = 1800;
    fields.principal = "alice";
    return fields;
  }
};

TEST_F(RedisWireTest, ASessionIsOneStringUnderItsRouteAndItsId) {
  const SessionId id = issue({.principal = "alice"}).session.id();
  EXPECT_EQ(server.command({"TYPE", key_of(id)}).text, "string");
  EXPECT_THAT(key_of(id), StartsWith("ficha:{"));
  EXPECT_THAT(key_of(id), EndsWith("}:"s.append(id.str())));
  EXPECT_EQ(integer({"DBSIZE"}), 2) << "the session and the index of its principal";
}

TEST_F(RedisWireTest, TheRecordIsTheOneOfTheWireFormat) {
  const Session session = issue({.principal = "alice",
                                 .roles = {"customer"},
                                 .scopes = {"read"},
                                 .attributes = {{"theme", "\"dark\""}},
                                 .device = {"192.0.2.1", "curl"},
                                 .level = 2})
                              .session;
  const SessionId id = session.id();
  RecordFields fields;
  fields.guard = id.guard();
  fields.created_at = fields.authenticated_at = session.created_at();
  fields.expires_at = session.created_at() + 12 * 60 * 60;
  fields.idle_seconds = 30 * 60;
  fields.level = 2;
  fields.principal = "alice";
  fields.roles = {"customer"};
  fields.scopes = {"read"};
  fields.device_address = "192.0.2.1";
  fields.device_user_agent = "curl";
  fields.attributes = {{"theme", "\"dark\""}};
  EXPECT_EQ(get(key_of(id)), encode_record(fields));
}

TEST_F(RedisWireTest, TheKeyExpiresAtTheIdleDeadlineAndNoLaterThanTheAbsoluteOne) {
  const Session idle = issue({.principal = "alice", .idle_timeout = seconds{160}}).session;
  const std::int64_t left = integer({"PTTL", key_of(idle.id())});
  EXPECT_GT(left, 158'000);
  EXPECT_LE(left, 170'000) << "a sixteenth more at most";

  const Session brief = issue({.principal = "alice", .absolute_timeout = seconds{10}}).session;
  EXPECT_EQ(integer({"PEXPIRETIME", key_of(brief.id())}), brief.expires_at() * 1000);
  const Session lasting = issue({.principal = "alice", .idle_timeout = seconds{0}}).session;
  EXPECT_EQ(integer({"PEXPIRETIME", key_of(lasting.id())}), lasting.expires_at() * 1000);
}

TEST_F(RedisWireTest, TheIndexRanksByAbsoluteDeadlineAndOutlivesItsMembers) {
  const Session longer = issue({.principal = "alice", .absolute_timeout = seconds{1000}}).session;
  const Session shorter = issue({.principal = "alice", .absolute_timeout = seconds{500}}).session;
  const auto members = server.command({"ZRANGE", index_of("alice"), "0", "-1"}).elements;
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].text, shorter.id().str());
  const double score = std::stod(server.command({"ZSCORE", index_of("alice"), std::string{longer.id().str()}}).text);
  EXPECT_EQ(static_cast<std::int64_t>(std::floor(score)), longer.expires_at());
  EXPECT_GE(integer({"PEXPIRETIME", index_of("alice")}), longer.expires_at() * 1000);
}

TEST_F(RedisWireTest, AnAnonymousSessionHasNoIndex) {
  const SessionId id = issue({}).session.id();
  EXPECT_EQ(integer({"DBSIZE"}), 1);
  ASSERT_THAT(wait_for(store().rotate(id, {})), IsOk());
  EXPECT_EQ(integer({"DBSIZE"}), 1);
}

TEST_F(RedisWireTest, AChangeLeavesAllOtherBytesAsTheyWere) {
  // Numbers in wider encodings than needed, and what a later version added.
  const std::string protected_attributes =
      "\xde\x00\x01\xa4user\xd9\x01"
      "7"s;
  const std::string additions = "\xa3new\x81\xa1k\x94\x01\xc3\xc0\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"s;
  const auto record = [&](const SessionId& id, std::string_view generation, std::string_view attributes) {
    return "\xdc\x00\x11\x01\x00\xab"s.append(id.guard())
        .append(generation)
        .append(
            "\xcf\x00\x00\x00\x00\x65\x53\xf1\x00\xcf\x00\x00\x00\x00\xf4\x86\x57\x00\xcd\x07\x08\xcc\x00\x01"
            "\xd9\x05"
            "alice\x91\xa4role\xdc\x00\x00\x92\xa0\xa0"s)
        .append(attributes)
        .append(protected_attributes)
        .append(additions);
  };
  const std::string theme =
      "\xd9\x05theme\xda\x00\x01"
      "1"s;
  const Token token =
      plant([&](const SessionId& id) { return record(id, "\xcf\x00\x00\x00\x00\x00\x00\x00\x29"s, "\x81" + theme); });
  ASSERT_THAT(load(token, {.touch = false}), IsOk());

  Patch patch;
  patch.ops = {{Patch::Kind::set, "n", "2"}};
  ASSERT_OK_AND_ASSIGN(const std::uint64_t generation, wait_for(store().patch(token.id(), patch)));
  EXPECT_EQ(generation, 42U);
  EXPECT_EQ(get(key_of(token.id())), record(token.id(), "\x2a",
                                            "\x82" + theme +
                                                "\xa1n\xa1"
                                                "2"));

  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, wait_for(store().rotate(token.id(), {})));
  EXPECT_EQ(get(key_of(rotated.session.id())), record(rotated.session.id(), "\x2b",
                                                      "\x82" + theme +
                                                          "\xa1n\xa1"
                                                          "2"));
}

TEST_F(RedisWireTest, TheLastAttributeThatGoesLeavesAnEmptyMap) {
  const Session session = issue({.principal = "alice", .attributes = {{"theme", "1"}}}).session;
  Patch patch;
  patch.ops = {{Patch::Kind::remove, "theme", {}}};
  ASSERT_THAT(wait_for(store().patch(session.id(), patch)), IsOk());
  EXPECT_EQ(get(key_of(session.id())).back(), '\x80');
}

TEST_F(RedisWireTest, AnEmptyMapMayHaveArrivedAsAnEmptyArray) {
  const Token token = plant([](const SessionId& id) {
    std::string record = encode_record(fields_of(id));
    record.back() = '\x90';
    return record;
  });
  Patch patch;
  patch.ops = {{Patch::Kind::set, "theme", "1"}};
  ASSERT_THAT(wait_for(store().patch(token.id(), patch)), IsOk());
  EXPECT_THAT(get(key_of(token.id())), EndsWith("\x81\xa5theme\xa1"
                                                "1"));
}

TEST_F(RedisWireTest, APatchKeepsTheTtl) {
  const Session session = issue({.principal = "alice"}).session;
  const std::int64_t before = integer({"PEXPIRETIME", key_of(session.id())});
  Patch patch;
  patch.roles = std::vector{"auditor"s};
  ASSERT_THAT(wait_for(store().patch(session.id(), patch)), IsOk());
  EXPECT_EQ(integer({"PEXPIRETIME", key_of(session.id())}), before);
}

TEST_F(RedisWireTest, ARotationWithoutGraceLeavesNothing) {
  const Session old = issue({.principal = "alice"}).session;
  const std::int64_t deadline = integer({"PEXPIRETIME", key_of(old.id())});
  const std::string score = server.command({"ZSCORE", index_of("alice"), std::string{old.id().str()}}).text;
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, wait_for(store().rotate(old.id(), {})));
  const SessionId id = rotated.session.id();
  EXPECT_EQ(integer({"EXISTS", key_of(old.id())}), 0);
  EXPECT_EQ(integer({"PEXPIRETIME", key_of(id)}), deadline);
  EXPECT_EQ(index_size("alice"), 1U);
  EXPECT_EQ(server.command({"ZSCORE", index_of("alice"), std::string{id.str()}}).text, score) << "its age stays";
  EXPECT_EQ(rotated.session.generation(), 2U);
}

TEST_F(RedisWireTest, ARotationWithGraceLeavesASupersededRecordForThatLong) {
  const Session old = issue({.principal = "alice"}).session;
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, wait_for(store().rotate(old.id(), {.grace = seconds{20}})));
  EXPECT_EQ(get(key_of(old.id())), encode_superseded(old.id().guard(), rotated.session.id()));
  const std::int64_t left = integer({"PTTL", key_of(old.id())});
  EXPECT_GT(left, 18'000);
  EXPECT_LE(left, 20'000);
  EXPECT_EQ(index_size("alice"), 1U);
}

TEST_F(RedisWireTest, ARevokedSessionLeavesNothing) {
  const Session session = issue({.principal = "alice"}).session;
  ASSERT_THAT(wait_for(store().take(session.id())), IsOk());
  EXPECT_EQ(integer({"DBSIZE"}), 0);
}

TEST_F(RedisWireTest, RevokingByASupersededIdRevokesWhatItLeadsTo) {
  const Session old = issue({.principal = "alice"}).session;
  ASSERT_OK_AND_ASSIGN(const IssuedSession second, wait_for(store().rotate(old.id(), {.grace = seconds{20}})));
  ASSERT_OK_AND_ASSIGN(const IssuedSession third, wait_for(store().rotate(old.id(), {.grace = seconds{20}})));
  ASSERT_OK_AND_ASSIGN(const auto taken, wait_for(store().take(old.id())));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->id(), third.session.id());
  for (const Token& token : {second.token, third.token}) {
    ASSERT_OK_AND_ASSIGN(const auto loaded, load(token));
    EXPECT_FALSE(loaded);
  }
  EXPECT_EQ(index_size("alice"), 0U);
}

TEST_F(RedisWireTest, AnIndexForgetsMembersWhoseDeadlineHasPassed) {
  server.command({"ZADD", index_of("alice"), "1700000000", "AAAAAAAAAAAAAAAAAAAAAAAA"});
  issue({.principal = "alice"});
  EXPECT_EQ(index_size("alice"), 1U);
}

TEST_F(RedisWireTest, AnIndexFullOfIdledOutMembersIsTidiedStepByStepWhenALimitApplies) {
  // 1,200 members: more than one step may look at.
  for (const OnLimit on_limit : {OnLimit::refuse, OnLimit::evict_oldest}) {
    server.command({"FLUSHALL"});
    std::vector<std::string> fill = {"ZADD", index_of("alice")};
    for (int i = 0; i < 1200; ++i) {
      std::string id = std::to_string(i);
      id.insert(0, 24 - id.size(), 'A');
      fill.insert(fill.end(), {"4102444800", id});
    }
    server.command(fill);
    Config limited = config;
    limited.session.max_per_principal = 2;
    limited.session.on_limit = on_limit;
    const auto limiting = open_store(limited);
    ASSERT_THAT(await(*limiting, limiting->create({.principal = "alice"})), IsOk());
    EXPECT_EQ(index_size("alice"), 1U);
  }
}

TEST_F(RedisWireTest, ALimitThatWasLoweredEvictsStepByStep) {
  for (int i = 0; i < 1100; ++i) issue({.principal = "alice"});
  Config limited = config;
  limited.session.max_per_principal = 3;
  const auto limiting = open_store(limited);
  ASSERT_THAT(await(*limiting, limiting->create({.principal = "alice"})), IsOk());
  EXPECT_EQ(index_size("alice"), 3U);
  EXPECT_EQ(integer({"DBSIZE"}), 4) << "three sessions and the index";
}

TEST_F(RedisWireTest, PatchingAPrincipalWritesOnlyWhatChanges) {
  const Session one = issue({.principal = "alice", .roles = {"admin"}}).session;
  const Session other = issue({.principal = "alice", .roles = {"customer"}}).session;
  const std::string before = get(key_of(one.id()));
  Patch patch;
  patch.roles = std::vector{"admin"s};
  ASSERT_OK_AND_ASSIGN(const std::uint64_t live, wait_for(store().patch_principal("alice", patch)));
  EXPECT_EQ(live, 2U);
  EXPECT_EQ(get(key_of(one.id())), before);
  EXPECT_THAT(get(key_of(other.id())), HasSubstr("\x91\xa5"
                                                 "admin"));
}

TEST_F(RedisWireTest, PatchingAPrincipalReachesEverySessionOfMany) {
  for (int i = 0; i < 250; ++i) issue({.principal = "alice"});
  // Seven by seven of one score, so that steps of any size end between equals.
  std::vector<std::string> ranks = {"ZADD", index_of("alice")};
  const auto members = server.command({"ZRANGE", index_of("alice"), "0", "-1"}).elements;
  for (std::size_t i = 0; i < members.size(); ++i) {
    ranks.push_back(std::to_string(4'102'444'800 + i / 7));
    ranks.push_back(members[i].text);
  }
  server.command(ranks);
  Patch patch;
  patch.scopes = std::vector{"x"s};
  ASSERT_OK_AND_ASSIGN(const std::uint64_t live, wait_for(store().patch_principal("alice", patch)));
  EXPECT_EQ(live, 250U);
  ASSERT_OK_AND_ASSIGN(const auto sessions, wait_for(store().list("alice")));
  ASSERT_EQ(sessions.size(), 250U);
  EXPECT_TRUE(std::ranges::all_of(sessions, [](const Session& session) { return session.has_scope("x"); }));
}

TEST_F(RedisWireTest, AnUnreadableSessionDoesNotKeepAPrincipalsOthersFromBeingPatched) {
  const Session damaged = issue({.principal = "alice"}).session;
  const Session whole = issue({.principal = "alice"}).session;
  server.command({"SET", key_of(damaged.id()), "\x93\x01\x00\xa1x"s, "KEEPTTL"});
  Patch patch;
  patch.roles = std::vector{"admin"s};
  EXPECT_THAT(wait_for(store().patch_principal("alice", patch)), FailsWith(ErrorCode::corrupt_record));
  EXPECT_THAT(get(key_of(whole.id())), HasSubstr("\x91\xa5"
                                                 "admin"));
  EXPECT_EQ(get(key_of(damaged.id())), "\x93\x01\x00\xa1x"s);
}

TEST_F(RedisWireTest, RevokingAllButOneKeepsItThroughARotation) {
  const Session kept = issue({.principal = "alice"}).session;
  for (int i = 0; i < 3; ++i) issue({.principal = "alice"});
  ASSERT_OK_AND_ASSIGN(const IssuedSession rotated, wait_for(store().rotate(kept.id(), {.grace = seconds{20}})));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t revoked, wait_for(store().revoke_principal("alice", kept.id())));
  EXPECT_EQ(revoked, 3U);
  ASSERT_OK_AND_ASSIGN(const auto loaded, load(rotated.token));
  EXPECT_TRUE(loaded);
}

TEST_F(RedisWireTest, ListingManySessionsKeepsTheirOrderAndSkipsTheDead) {
  std::vector<std::string> expected;
  for (int i = 0; i < 230; ++i) expected.emplace_back(issue({.principal = "alice"}).session.id().str());
  server.command({"DEL", key_of(*SessionId::parse(expected[7]))});
  expected.erase(expected.begin() + 7);
  ASSERT_OK_AND_ASSIGN(const auto sessions, wait_for(store().list("alice")));
  std::vector<std::string> listed;
  for (const Session& session : sessions) listed.emplace_back(session.id().str());
  EXPECT_EQ(listed, expected);
}

TEST_F(RedisWireTest, AScriptIsSentWholeOnceAndCalledByItsDigestFromThenOn) {
  server.command({"SCRIPT", "FLUSH"});
  server.command({"CONFIG", "RESETSTAT"});
  issue({.principal = "alice"});
  issue({.principal = "alice"});
  issue({.principal = "alice"});
  EXPECT_THAT(server.info("cmdstat_eval"), StartsWith("calls=1,"));
  EXPECT_THAT(server.info("cmdstat_evalsha"), AllOf(StartsWith("calls=3,"), HasSubstr("failed_calls=1")));
}

TEST_F(RedisWireTest, ReadingIsOneGetAndOnePttlAndNoScript) {
  const IssuedSession issued = issue({.principal = "alice"});
  server.command({"CONFIG", "RESETSTAT"});
  ASSERT_THAT(load(issued.token), IsOk());
  EXPECT_THAT(server.info("cmdstat_get"), StartsWith("calls=1,"));
  EXPECT_THAT(server.info("cmdstat_pttl"), StartsWith("calls=1,"));
  EXPECT_EQ(server.info("cmdstat_evalsha"), "");
}

}  // namespace
}  // namespace ficha::testing
