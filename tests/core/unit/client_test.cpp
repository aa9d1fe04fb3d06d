#include "ficha/client.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/allocations.hpp"
#include "support/fake_clock.hpp"
#include "support/results.hpp"
#include "support/scripted_random.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config in_memory() {
  Config config;
  config.redis.url = Secret{"memory://"};
  config.policy.rules = {
      {.path = "/public", .requirement = {.allow = Allow::anyone}},
      {.path = "/admin", .requirement = {.roles = {"admin"}}},
      {.path = "/**"},
  };
  return config;
}

// A request as a host's buffers hold it: gone when the object is.
struct Request {
  std::string path;
  std::string cookie;
  std::vector<HeaderField> fields;

  Request(std::string target, std::string_view token) : path(std::move(target)), cookie("__Host-ficha=") {
    cookie += token;
    fields.push_back({"Cookie", cookie});
  }
  Request(Request&&) = delete;
  [[nodiscard]] HttpRequest view() const { return {.method = "GET", .path = path, .headers = fields}; }
};

class ClientTest : public ::testing::Test {
 protected:
  FakeClock clock;
  Client client = *Client::open(in_memory(), {.clock = &clock});
  std::shared_ptr<CompletionQueue> queue = *CompletionQueue::create();

  IssuedSession issue(NewSession session) { return *client.create(session); }
  // The one completion there is.
  Completion completed() {
    auto done = queue->wait(seconds{10});
    EXPECT_EQ(done.size(), 1U);
    return std::move(done.front());
  }
};

TEST(ClientOpenTest, AMistakeInTheConfigurationIsAnErrorAtOnce) {
  Config config = in_memory();
  config.cookie.domain = "example.org";
  EXPECT_THAT(Client::open(config), FailsWith(ErrorCode::invalid_config));
  config = in_memory();
  config.redis.url = Secret{"http://127.0.0.1"};
  EXPECT_THAT(Client::open(config), FailsWith(ErrorCode::invalid_config));
  config = in_memory();
  config.policy.rules.push_back({.path = "no slash"});
  EXPECT_THAT(Client::open(config), FailsWith(ErrorCode::invalid_config));
}

TEST(ClientOpenTest, ARedisThatIsNotThereIsAnErrorOfTheOperationsOnly) {
  Config config = in_memory();
  config.redis.url = Secret{"unix:///nonexistent/redis.sock"};
  ASSERT_OK_AND_ASSIGN(Client client, Client::open(config));
  EXPECT_THAT(client.create({.principal = "alice"}), FailsWith(ErrorCode::unavailable));
}

TEST(ClientOpenTest, AnOutageIsNeverALogout) {
  ASSERT_OK_AND_ASSIGN(const Token token, Token::generate_anonymous({}));
  Config config = in_memory();
  config.redis.url = Secret{"unix:///nonexistent/redis.sock"};
  ASSERT_OK_AND_ASSIGN(Client client, Client::open(config));
  const Decision decision = client.authorize(Request{"/private", token.reveal()}.view());
  EXPECT_EQ(decision.verdict, Verdict::unavailable);
  EXPECT_EQ(decision.status, 503);
  bool retry_after = false;
  for (const ResponseHeader& header : decision.headers()) {
    EXPECT_NE(header.name, "Set-Cookie");
    retry_after |= header.name == "Retry-After";
  }
  EXPECT_TRUE(retry_after);
}

TEST_F(ClientTest, ALiveSessionIsLetThroughWithItsData) {
  const IssuedSession issued = issue({.principal = "alice", .attributes = {{"a", "1"}}});
  const Decision decision = client.authorize(Request{"/private", issued.token.reveal()}.view());
  ASSERT_TRUE(decision.allowed());
  EXPECT_EQ(decision.rule, 2);
  EXPECT_EQ(decision.carrier, Carrier::cookie);
  EXPECT_EQ(decision.session->principal(), "alice");
  EXPECT_EQ(decision.session->attribute("a"), "1");
}

TEST_F(ClientTest, WhoIsNotLetThroughIsToldWhatIsMissing) {
  const IssuedSession issued = issue({.principal = "alice"});
  EXPECT_EQ(client.authorize(Request{"/admin", issued.token.reveal()}.view()).status, 403);
  EXPECT_EQ(client.authorize({.method = "GET", .path = "/private"}).status, 401);
  EXPECT_EQ(client.explain(client.authorize(Request{"/admin", issued.token.reveal()}.view())),
            "forbidden: missing_role, by rule[1] /admin");
  ASSERT_THAT(client.revoke(issued.session.id()), IsOk());
  const Decision revoked = client.authorize(Request{"/private", issued.token.reveal()}.view());
  EXPECT_EQ(revoked.status, 401);
  EXPECT_EQ(revoked.reason, Reason::session_not_live);
}

TEST_F(ClientTest, ARequirementOfTheHandlerIsJudgedOnWhatTheRuleLetThrough) {
  const IssuedSession issued = issue({.principal = "alice", .roles = {"admin"}, .level = 1});
  const Decision admitted = client.authorize(Request{"/private", issued.token.reveal()}.view());
  EXPECT_TRUE(client.require({.roles = {"admin"}}, admitted).allowed());
  EXPECT_EQ(client.require({.roles = {"root"}}, admitted).status, 403);
  EXPECT_EQ(client.require({.level = 2}, admitted).verdict, Verdict::reauthenticate);
  clock.advance(std::chrono::minutes{10});
  EXPECT_EQ(client.require({.max_auth_age = seconds{300}}, admitted).verdict, Verdict::reauthenticate);
}

TEST_F(ClientTest, WhatNeedsNoStoreIsAnsweredWithoutWaiting) {
  const IssuedSession issued = issue({.principal = "alice"});
  EXPECT_FALSE(answer(client.try_authorize(Request{"/private", issued.token.reveal()}.view())));
  EXPECT_EQ(answer(client.try_authorize({.method = "GET", .path = "/private"}))->status, 401);
  std::string damaged{issued.token.reveal()};
  damaged[20] = damaged[20] == 'x' ? 'y' : 'x';
  EXPECT_EQ(answer(client.try_authorize(Request{"/private", damaged}.view()))->status, 401);
  ASSERT_TRUE(answer(client.try_load(damaged)));
  EXPECT_FALSE(*answer(client.try_load(damaged)));
  EXPECT_FALSE(answer(client.try_load(issued.token.reveal())));
}

TEST_F(ClientTest, WhatNeedsNoStoreIsAnsweredAndTheRestSubmitted) {
  const IssuedSession issued = issue({.principal = "alice"});
  const std::string_view token = issued.token.reveal();
  const auto malformed = answer_or_submit(client, queue, 1, client.try_load("garbage", {}));
  ASSERT_TRUE(malformed);
  EXPECT_FALSE(*malformed);
  EXPECT_EQ(answer_or_submit(client, queue, 1, client.try_authorize({.method = "GET", .path = "/private"}))->status,
            401);
  EXPECT_EQ(answer_or_submit(client, queue, 1, client.try_authorize(Request{"/private", "garbage"}.view()))->status,
            401);
  EXPECT_THAT(queue->drain(), IsEmpty());

  EXPECT_FALSE(answer_or_submit(client, queue, 2, client.try_load(token, {})));
  const Completion loaded = completed();
  EXPECT_EQ(loaded.id, 2U);
  EXPECT_EQ(std::get<std::optional<Session>>(*loaded.result)->principal(), "alice");
  EXPECT_FALSE(answer_or_submit(client, queue, 3, client.try_authorize(Request{"/private", token}.view())));
  const Completion decided = completed();
  EXPECT_EQ(decided.id, 3U);
  EXPECT_TRUE(std::get<Decision>(*decided.result).allowed());
}

// In a host that learns only after the call where its answer is to go.
TEST_F(ClientTest, AnUndecidedRequestThatOwnsWhatItViewsOutlivesItsBuffers) {
  const IssuedSession issued = issue({.principal = "alice"});
  const auto undecided = [&] {
    const Request request{"/private/" + std::string(100, 'x'), issued.token.reveal()};
    auto tried = client.try_authorize(request.view());
    auto kept = std::get<UndecidedRequest>(std::move(tried));
    EXPECT_THAT(kept.own(), IsOk());
    return kept;
  };
  UndecidedRequest submitted = undecided();
  UndecidedRequest waited_for = undecided();
  client.submit(queue, 1, std::move(submitted));
  EXPECT_EQ(std::get<Decision>(*completed().result).session->principal(), "alice");
  EXPECT_TRUE(client.authorize(std::move(waited_for)).allowed());
}

TEST_F(ClientTest, EverySubmittedRequestCompletesOnceWithItsOwnKindOfResult) {
  client.submit(queue, 1, CreateRequest{{.principal = "alice"}});
  Completion done = completed();
  EXPECT_EQ(done.id, 1U);
  ASSERT_THAT(done.result, IsOk());
  const auto created = std::get<IssuedSession>(*done.result);

  client.submit(queue, 2, LoadRequest{Secret{created.token.reveal()}, {}});
  EXPECT_EQ(std::get<std::optional<Session>>(*completed().result)->principal(), "alice");

  client.submit(queue, 3, PatchRequest{created.session.id(), {.ops = {{Patch::Kind::set, "a", "1"}}}});
  EXPECT_EQ(std::get<std::uint64_t>(*completed().result), 2U);

  client.submit(queue, 4, RotateRequest{created.session.id(), {}});
  const auto rotated = std::get<IssuedSession>(*completed().result);
  EXPECT_NE(rotated.token.reveal(), created.token.reveal());

  client.submit(queue, 5, LoginRequest{{.session = {.principal = "alice"}, .current = rotated.session.id()}});
  const auto logged_in = std::get<IssuedSession>(*completed().result);

  client.submit(queue, 6, PatchPrincipalRequest{"alice", {.roles = std::vector<std::string>{"r"}}});
  EXPECT_EQ(std::get<std::uint64_t>(*completed().result), 1U);

  client.submit(queue, 7, ListRequest{"alice"});
  EXPECT_EQ(std::get<std::vector<Session>>(*completed().result).front().id(), logged_in.session.id());

  client.submit(queue, 8, RevokeRequest{logged_in.session.id()});
  EXPECT_EQ(std::get<RevokeOutcome>(*completed().result), RevokeOutcome::revoked);

  client.submit(queue, 9, RevokePrincipalRequest{"alice", {}});
  EXPECT_EQ(std::get<std::uint64_t>(*completed().result), 0U);
}

TEST_F(ClientTest, ASubmittedRequestThatIsWrongCompletesWithItsError) {
  client.submit(queue, 1, CreateRequest{{.principal = "a\n"}});
  EXPECT_THAT(completed().result, FailsWith(ErrorCode::invalid_argument));
  client.submit(queue, 2, LoadRequest{Secret{"garbage"}, {}});
  EXPECT_FALSE(std::get<std::optional<Session>>(*completed().result));
}

TEST_F(ClientTest, ASubmittedDecisionDoesNotNeedTheRequestsBuffersAnyMore) {
  const IssuedSession issued = issue({.principal = "alice"});
  client.submit(queue, 1, Request{"/private", issued.token.reveal()}.view());
  client.submit(queue, 2, HttpRequest{.method = "GET", .path = "/private"});
  auto done = queue->wait(seconds{10});
  while (done.size() < 2) {
    for (Completion& more : queue->wait(seconds{10})) done.push_back(std::move(more));
  }
  EXPECT_TRUE(std::get<Decision>(*done[0].result).allowed());
  EXPECT_EQ(std::get<Decision>(*done[1].result).status, 401);
}

TEST_F(ClientTest, ASubmittedDecisionLeavesNoCopyOfTheTokenInFreedMemory) {
  const IssuedSession issued = issue({.principal = "alice"});
  const Request request{"/private", issued.token.reveal()};
  forbid_in_freed_blocks(issued.token.reveal());
  client.submit(queue, 1, request.view());
  EXPECT_TRUE(std::get<Decision>(*completed().result).allowed());
  EXPECT_EQ(freed_with_forbidden_bytes(), 0U);
  forbid_in_freed_blocks({});
}

TEST_F(ClientTest, AfterCloseEveryCallSaysClosed) {
  const IssuedSession issued = issue({.principal = "alice"});
  const SessionId id = issued.session.id();
  client.close();
  client.close();
  EXPECT_THAT(client.create({.principal = "alice"}), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.load(issued.token.reveal()), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.load("garbage"), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.patch(id, {.ops = {{Patch::Kind::set, "a", "1"}}}), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.rotate(id), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.login({.session = {.principal = "alice"}}), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.revoke(id), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.revoke_principal("alice"), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.patch_principal("alice", {}), FailsWith(ErrorCode::closed));
  EXPECT_THAT(client.list("alice"), FailsWith(ErrorCode::closed));
  EXPECT_EQ(client.authorize(Request{"/private", issued.token.reveal()}.view()).status, 503);
  client.submit(queue, 1, RevokeRequest{id});
  EXPECT_THAT(completed().result, FailsWith(ErrorCode::closed));
  client.submit(queue, 2, Request{"/private", issued.token.reveal()}.view());
  EXPECT_EQ(std::get<Decision>(*completed().result).status, 503);
  EXPECT_FALSE(answer_or_submit(client, queue, 3, client.try_load("garbage", {})));
  EXPECT_THAT(completed().result, FailsWith(ErrorCode::closed));
}

TEST_F(ClientTest, ClosingWhileOthersWorkLeavesEachWithAValueOrClosed) {
  std::atomic<int> finished{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        const auto issued = client.create({.principal = "alice"});
        ++finished;
        if (issued) continue;
        EXPECT_THAT(issued, FailsWith(ErrorCode::closed));
        return;
      }
    });
  }
  while (finished < 100) std::this_thread::yield();
  std::thread other{[&] { client.close(); }};
  client.close();
  other.join();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ClientTest, AClientThatWasMovedIntoGoesOnAndTheOneItHadIsClosed) {
  const IssuedSession issued = issue({.principal = "alice"});
  Client moved = std::move(client);
  EXPECT_TRUE(moved.load(issued.token.reveal())->has_value());
  moved = *Client::open(in_memory(), {.clock = &clock});
  EXPECT_FALSE(moved.load(issued.token.reveal())->has_value());
}

TEST_F(ClientTest, ThePersistentCookieLivesAsLongAsTheSessionMay) {
  Config config = in_memory();
  config.cookie.persistent = true;
  ASSERT_OK_AND_ASSIGN(Client persistent, Client::open(config, {.clock = &clock}));
  ASSERT_OK_AND_ASSIGN(const IssuedSession issued, persistent.create({.absolute_timeout = hours{2}}));
  EXPECT_EQ(persistent.set_cookie(issued).max_age, 7200);
  clock.advance(hours{1});
  EXPECT_EQ(persistent.set_cookie(issued).max_age, 3600);
  EXPECT_EQ(client.set_cookie(issued).max_age, std::nullopt);
  EXPECT_EQ(client.clear_cookie().max_age, 0);
}

TEST_F(ClientTest, ACsrfTokenNeedsAWellFormedSessionToken) {
  const IssuedSession issued = issue({.principal = "alice"});
  EXPECT_THAT(client.csrf_token(issued.token.reveal()), IsOk());
  EXPECT_THAT(client.csrf_token("garbage"), FailsWith(ErrorCode::invalid_argument));
  FailingRandom random;
  ASSERT_OK_AND_ASSIGN(Client without_random, Client::open(in_memory(), {.random = &random}));
  EXPECT_THAT(without_random.csrf_token(issued.token.reveal()), FailsWith(ErrorCode::unavailable));
}

TEST_F(ClientTest, AForkedChildBeginsWithAStoreOfItsOwn) {
  const IssuedSession issued = issue({.principal = "alice"});
  const pid_t child = ::fork();
  if (child == 0) {
    const bool empty = !client.load(issued.token.reveal())->has_value();
    const auto own = client.create({.principal = "bob"});
    const bool works = own && client.load(own->token.reveal())->has_value();
    client.close();
    ::_exit(empty && works ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(client.load(issued.token.reveal())->has_value()) << "the child closed its own store only";
}

TEST_F(ClientTest, AChildOfAClosedClientStaysClosed) {
  client.close();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto created = client.create({.principal = "bob"});
    ::_exit(!created && created.error().code == ErrorCode::closed ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(ClientPrefixTest, APrefixThatIsNotConfiguredIsSaidOnceAndOnlyHalfBelieved) {
  std::vector<std::string> lines;
  Config config;
  config.redis.url = Secret("memory://");
  Client client =
      *Client::open(std::move(config), {.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); }});
  const HttpRequest request{.method = "GET", .path = "/x", .headers = {}, .prefix = "/pub\nlic"};
  EXPECT_EQ(client.authorize(request).reason, Reason::prefix_not_configured);
  EXPECT_EQ(answer(client.try_authorize(request))->status, 400);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("\"/pub?lic\""), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("`prefixes`"), std::string::npos) << lines[0];
}

// What is submitted outlives the call and its buffers.
TEST(ClientPrefixTest, ASubmittedRequestKeepsItsReadings) {
  Config config;
  config.redis.url = Secret("memory://");
  config.prefixes = {"/shop"};
  config.policy.rules = {Rule{.path = "/secret", .requirement = {.roles = {"staff"}}},
                         Rule{.path = "/**", .requirement = {.allow = Allow::anyone}}};
  Client client = *Client::open(std::move(config));
  const auto issued = client.create({.principal = "alice"});
  ASSERT_TRUE(issued);
  auto queue = *CompletionQueue::create();
  {
    const std::string target = "/secret";
    const std::string cookie = "__Host-ficha=" + std::string(issued->token.reveal());
    const Reading reading{.target = target, .decoded = true};
    const HeaderField field{"Cookie", cookie};
    client.submit(
        queue, 7,
        HttpRequest{
            .method = "GET", .path = "/shop/x", .headers = {&field, 1}, .prefix = "/shop", .readings = {&reading, 1}});
  }
  const auto completions = queue->wait(seconds{10});
  ASSERT_EQ(completions.size(), 1U);
  const auto& outcome = *completions[0].result;
  EXPECT_EQ(std::get<Decision>(outcome).reason, Reason::missing_role);
}

}  // namespace
}  // namespace ficha::testing
