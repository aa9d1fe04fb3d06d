// Real faults of a real server and of the network before it.
#include "faults/connection_fixture.hpp"
#include "support/certificates.hpp"
#include "support/fault_proxy.hpp"

namespace ficha::redis {
namespace {

using namespace std::chrono_literals;
using namespace ::ficha::testing;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConnectionFaults : public ::testing::Test {
 protected:
  RedisServer server;
};

TEST_F(ConnectionFaults, ARefusedConnectionIsUnavailableAtOnceAndSaysWhere) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  server.kill();
  Result<Replies> replies = Error{ErrorCode::closed, {}};
  EXPECT_LT(duration_of([&] { replies = call(connection, reading({"ECHO", "x"})); }), 250ms);
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
  EXPECT_THAT(replies.error().message, HasSubstr("refused"));
  server.start();
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, AWriteThatWasNeverSentIsUnavailableNotUnknown) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  server.kill();
  EXPECT_THAT(call(connection, writing({"SET", "k", "v"})), FailsWith(ErrorCode::unavailable));
}

TEST_F(ConnectionFaults, AStoppedServerIsATimeoutAtTheDeadline) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(heals(connection));
    server.pause();
    Result<Replies> replies = Error{ErrorCode::closed, {}};
    EXPECT_GE(duration_of([&] {
                EXPECT_TRUE(ends_by(250ms, [&] { replies = call(connection, reading({"ECHO", "x"})); }));
              }),
              250ms);
    EXPECT_THAT(replies, FailsWith(ErrorCode::timeout));
    server.resume();
  }
  EXPECT_TRUE(heals(connection));
  Stats stats;
  connection.add_stats(stats);
  EXPECT_GE(stats.timeouts, 5U);
}

TEST_F(ConnectionFaults, AnUnansweredWriteHasAnUnknownOutcomeAtTheDeadline) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  server.pause();
  EXPECT_TRUE(ends_by(250ms, [&] {
    EXPECT_THAT(submit(connection, writing({"SET", "k", "v"})).get(), FailsWith(ErrorCode::unknown_outcome));
  }));
  server.resume();
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, WhatAStoppedServersSocketNoLongerTakesTimesOutToo) {
  ConnectionSettings settings = settings_for(server.url());
  settings.max_string_bytes = 32U << 20U;
  settings.command_timeout = 1s;
  Connection connection(std::move(settings), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  server.pause();
  const std::string long_value(16U << 20U, 'x');
  std::future<Result<Replies>> partly_sent = submit(connection, writing({"SET", "k", long_value}));
  std::future<Result<Replies>> never_sent = submit(connection, writing({"SET", "late", "v"}));
  EXPECT_THAT(partly_sent.get(), FailsWith(ErrorCode::unknown_outcome));
  EXPECT_THAT(never_sent.get(), AnyOf(FailsWith(ErrorCode::timeout), FailsWith(ErrorCode::unavailable)));
  server.resume();
  EXPECT_TRUE(heals(connection));
  EXPECT_EQ(server.command({"EXISTS", "late"}).integer, 0) << "it went out on the next connection";
}

TEST_F(ConnectionFaults, ASlowServerTakesLongCommandsPieceByPiece) {
  ConnectionSettings settings = settings_for(server.url());
  settings.max_string_bytes = 32U << 20U;
  settings.command_timeout = 5s;
  Connection connection(std::move(settings), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  server.pause();
  const std::string long_value(16U << 20U, 'x');
  std::future<Result<Replies>> written = submit(connection, writing({"SET", "k", long_value}));
  std::future<Result<Replies>> behind = submit(connection, reading({"ECHO", "behind"}));
  server.resume();
  EXPECT_EQ(text_of(written.get()), "OK");
  EXPECT_EQ(text_of(behind.get()), "behind");
}

TEST_F(ConnectionFaults, AServerKilledWhileAskedIsUnavailableForReadsAndUnknownForWrites) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  server.pause();
  std::future<Result<Replies>> read = submit(connection, reading({"GET", "k"}));
  std::future<Result<Replies>> write = submit(connection, writing({"SET", "k", "v"}));
  server.kill();
  EXPECT_THAT(read.get(), FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(write.get(), FailsWith(ErrorCode::unknown_outcome));
  server.start();
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, WhileDisconnectedCallsFailAtOnceWithTheLastReason) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  server.kill();
  EXPECT_TRUE(eventually([&] { return connection.epoch() % 2 == 1; }));
  for (int i = 0; i < 100; ++i) {
    Result<Replies> replies = Error{ErrorCode::closed, {}};
    EXPECT_LT(duration_of([&] { replies = call(connection, writing({"SET", "k", "v"})); }), 250ms);
    ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
    EXPECT_THAT(replies.error().message, AnyOf(HasSubstr("closed the connection"), HasSubstr("refused")));
  }
}

// Nobody retries here: the first command after the server is back must be the one that succeeds.
TEST_F(ConnectionFaults, TheFirstCommandAfterAReconnectSucceeds) {
  Connection connection(settings_for(server.url()), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  const std::uint64_t epoch = connection.epoch();
  server.restart();
  ASSERT_TRUE(eventually([&] { return connection.epoch() == epoch + 2; }, 1s));
  EXPECT_EQ(text_of(call(connection, reading({"ECHO", "x"}))), "x");
}

TEST_F(ConnectionFaults, ACutConnectionIsNoticedAndReplaced) {
  FaultProxy proxy(server.port());
  Connection connection(settings_for(proxy.url()), {}, nullptr);
  for (const auto ending : {FaultProxy::Ending::close, FaultProxy::Ending::reset}) {
    ASSERT_TRUE(heals(connection));
    const std::uint64_t epoch = connection.epoch();
    proxy.cut(ending);
    EXPECT_TRUE(eventually([&] { return connection.epoch() >= epoch + 2; }, 1s));
    EXPECT_TRUE(heals(connection));
  }
}

TEST_F(ConnectionFaults, ACommandCutAtAnyByteIsNeverAnswered) {
  FaultProxy proxy(server.port());
  const std::size_t length = writing({"SET", "k", "v"}).bytes().size();
  for (std::size_t cut = 0; cut < length; ++cut) {
    Connection connection(settings_for(proxy.url()), {}, nullptr);
    ASSERT_TRUE(heals(connection)) << cut;
    proxy.cut_after(FaultProxy::Direction::to_server, cut);
    EXPECT_THAT(call(connection, writing({"SET", "k", "v"})), FailsWith(ErrorCode::unknown_outcome)) << cut;
    EXPECT_TRUE(heals(connection)) << cut;
  }
  EXPECT_EQ(server.command({"EXISTS", "k"}).integer, 0);
}

TEST_F(ConnectionFaults, AReplyCutAtAnyByteIsNoReply) {
  server.command({"SET", "k", "0123456789"});
  constexpr std::size_t length = 5 + 10 + 2;  // "$10\r\n", the value, "\r\n"
  FaultProxy proxy(server.port());
  for (std::size_t cut = 0; cut < length; ++cut) {
    Connection connection(settings_for(proxy.url()), {}, nullptr);
    ASSERT_TRUE(heals(connection)) << cut;
    proxy.cut_after(FaultProxy::Direction::to_client, cut,
                    cut % 2 == 0 ? FaultProxy::Ending::close : FaultProxy::Ending::reset);
    EXPECT_THAT(call(connection, reading({"GET", "k"})), FailsWith(ErrorCode::unavailable)) << cut;
    EXPECT_TRUE(heals(connection)) << cut;
  }
}

TEST_F(ConnectionFaults, AHandshakeCutAtAnyByteIsTriedAgain) {
  FaultProxy proxy(server.port());
  for (std::size_t cut = 0; cut < 120; cut += 7) {
    Connection connection(settings_for(proxy.url()), {}, nullptr);
    proxy.cut_after(FaultProxy::Direction::to_client, cut);
    EXPECT_THAT(call(connection, writing({"SET", "k", "v"})), FailsWith(ErrorCode::unavailable)) << cut;
    EXPECT_TRUE(heals(connection)) << cut;
  }
}

// No second link is answered either: what remains is the bound on silence.
TEST_F(ConnectionFaults, AHalfOpenIdleLinkIsFoundByAProbe) {
  FaultProxy proxy(server.port());
  ConnectionSettings settings = settings_for(proxy.url());
  settings.probe_interval = 50ms;
  Connection connection(std::move(settings), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  const std::uint64_t epoch = connection.epoch();
  proxy.swallow(true);
  EXPECT_TRUE(ends_by(50ms + 250ms + 2s, [&] { EXPECT_TRUE(eventually([&] { return connection.epoch() > epoch; })); }));
  proxy.swallow(false);
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, AHalfOpenLinkIsReplacedAsSoonAsASecondOneIsAnswered) {
  FaultProxy proxy(server.port());
  ConnectionSettings settings = settings_for(proxy.url());
  settings.probe_interval = 50ms;
  Connection connection(std::move(settings), {}, nullptr);
  ASSERT_TRUE(heals(connection));
  const std::uint64_t epoch = connection.epoch();
  proxy.swallow(true);
  EXPECT_THAT(call(connection, reading({"ECHO", "lost"})), FailsWith(ErrorCode::timeout));
  proxy.swallow(false);  // what was swallowed stays dead
  EXPECT_TRUE(ends_by(1s, [&] { EXPECT_TRUE(eventually([&] { return connection.epoch() == epoch + 2; })); }));
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, AServerThatAcceptsAndSaysNothingIsUnavailableWithinTheConnectTimeout) {
  FaultProxy proxy(server.port());
  proxy.swallow(true);
  Connection connection(settings_for(proxy.url()), {}, nullptr);
  Result<Replies> replies = Error{ErrorCode::closed, {}};
  EXPECT_TRUE(ends_by(250ms, [&] { replies = call(connection, reading({"ECHO", "x"})); }));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("did not answer in time"));
  proxy.swallow(false);
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, CloseDuringAConnectThatHangsReturnsAtOnce) {
  FaultProxy proxy(server.port());
  proxy.swallow(true);
  ConnectionSettings settings = settings_for(proxy.url());
  settings.connect_timeout = 10s;
  Connection connection(std::move(settings), {}, nullptr);
  std::future<Result<Replies>> waiting = submit(connection, reading({"ECHO", "x"}));
  EXPECT_LT(duration_of([&] { connection.close(); }), 1s);
  EXPECT_THAT(waiting.get(), FailsWith(ErrorCode::closed));
}

TEST_F(ConnectionFaults, AFullServerIsUnavailableAndSaysSo) {
  server.command({"CONFIG", "SET", "maxclients", "1"});
  Connection connection(settings_for(server.url()), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("max number of clients"));
  server.command({"CONFIG", "SET", "maxclients", "100"});
  EXPECT_TRUE(heals(connection));
}

TEST_F(ConnectionFaults, ANameThatDoesNotResolveIsUnavailable) {
  Connection connection(settings_for("redis://no-such-host.invalid:6379"), {}, nullptr);
  Result<Replies> replies = Error{ErrorCode::closed, {}};
  EXPECT_TRUE(ends_by(250ms, [&] { replies = call(connection, reading({"ECHO", "x"})); }));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(ConnectionFaults, ADatabaseOutOfRangeIsUnavailableAndNamed) {
  Connection connection(settings_for(server.url() + "/99"), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("SELECT"));
}

// --- credentials

class CredentialFaults : public ConnectionFaults {
 protected:
  [[nodiscard]] std::string url(const std::string& userinfo) const {
    return "redis://" + userinfo + "@127.0.0.1:" + std::to_string(server.port());
  }
};

TEST_F(CredentialFaults, AWrongPasswordIsAccessDeniedUntilItIsRight) {
  server.command({"ACL", "SETUSER", "alice", "on", ">right", "~*", "+@all"});
  Connection connection(settings_for(url("alice:hunter2")), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::access_denied));
  EXPECT_THAT(replies.error().message, Not(AnyOf(HasSubstr("hunter2"), HasSubstr("alice"))));
  server.command({"ACL", "SETUSER", "alice", ">hunter2"});
  EXPECT_TRUE(heals(connection));
}

TEST_F(CredentialFaults, AMissingPasswordIsAccessDenied) {
  server.command({"CONFIG", "SET", "requirepass", "right"});
  Connection connection(settings_for(server.url()), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::access_denied));
}

TEST_F(CredentialFaults, AUserWithoutTheHandshakesCommandsIsAccessDenied) {
  server.command({"ACL", "SETUSER", "alice", "on", ">right", "~*", "+@all", "-time"});
  Connection connection(settings_for(url("alice:right")), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::access_denied));
  EXPECT_THAT(replies.error().message, HasSubstr("TIME"));
  server.command({"ACL", "SETUSER", "alice", "+time"});
  EXPECT_TRUE(heals(connection));
}

// --- TLS

class TlsFaults : public ::testing::Test {
 protected:
  Result<Replies> ask(const CertificateFiles& files, const std::string& host, const std::string& ca_file) {
    RedisServer server({.arguments = {},
                        .tls_ca_file = authority.file(),
                        .tls_certificate_file = files.certificate,
                        .tls_key_file = files.key,
                        .tls_client_certificate = false});
    ConnectionSettings settings = settings_for("rediss://" + host + ":" + std::to_string(server.tls_port()));
    settings.endpoint.ca_file = ca_file;
    settings.connect_timeout = 5s;
    Connection connection(std::move(settings), {}, nullptr);
    return call(connection, reading({"ECHO", "x"}));
  }

  CertificateAuthority authority;
};

TEST_F(TlsFaults, AnExpiredCertificateIsRefused) {
  const Result<Replies> replies = ask(authority.issue("127.0.0.1", -60s), "127.0.0.1", authority.file());
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("expired"));
}

TEST_F(TlsFaults, ACertificateForAnotherNameOrAddressIsRefused) {
  for (const auto& [issued, asked] : {std::pair{"example.org", "localhost"}, std::pair{"127.0.0.2", "127.0.0.1"},
                                      std::pair{"127.0.0.1", "localhost"}, std::pair{"localhost", "127.0.0.1"}}) {
    const Result<Replies> replies = ask(authority.issue(issued), asked, authority.file());
    ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable)) << issued << " for " << asked;
    EXPECT_THAT(replies.error().message, HasSubstr("mismatch"));
  }
}

TEST_F(TlsFaults, ACertificateOfAnUnknownAuthorityIsRefused) {
  const CertificateAuthority other;
  const CertificateFiles files = authority.issue("127.0.0.1");
  for (const std::string& ca_file : {other.file(), std::string{}}) {
    const Result<Replies> replies = ask(files, "127.0.0.1", ca_file);
    ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
    EXPECT_THAT(replies.error().message, HasSubstr("certificate is refused"));
  }
}

TEST_F(TlsFaults, AnUnreadableCaFileIsUnavailableAndNamed) {
  const Result<Replies> replies = ask(authority.issue("127.0.0.1"), "127.0.0.1", "/no/such/ca.pem");
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("/no/such/ca.pem"));
}

TEST_F(TlsFaults, AKeyThatIsNotTheCertificatesIsUnavailable) {
  RedisServer server;
  ConnectionSettings settings = settings_for("rediss://127.0.0.1:" + std::to_string(server.port()));
  settings.endpoint.ca_file = authority.file();
  settings.endpoint.certificate_file = authority.issue("one").certificate;
  settings.endpoint.key_file = authority.issue("two").key;
  Connection connection(std::move(settings), {}, nullptr);
  const Result<Replies> replies = call(connection, reading({"ECHO", "x"}));
  ASSERT_THAT(replies, FailsWith(ErrorCode::unavailable));
  EXPECT_THAT(replies.error().message, HasSubstr("private key"));
}

TEST_F(TlsFaults, APlainPortIsNeverTalkedToInPlain) {
  RedisServer server;
  ConnectionSettings settings = settings_for("rediss://127.0.0.1:" + std::to_string(server.port()));
  settings.endpoint.ca_file = authority.file();
  Connection connection(std::move(settings), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::unavailable));
}

TEST_F(TlsFaults, ATlsPortAskedInPlainIsUnavailable) {
  const CertificateFiles files = authority.issue("127.0.0.1");
  RedisServer server({.arguments = {},
                      .tls_ca_file = authority.file(),
                      .tls_certificate_file = files.certificate,
                      .tls_key_file = files.key,
                      .tls_client_certificate = false});
  Connection connection(settings_for("redis://127.0.0.1:" + std::to_string(server.tls_port())), {}, nullptr);
  EXPECT_THAT(call(connection, reading({"ECHO", "x"})), FailsWith(ErrorCode::unavailable));
}

TEST_F(TlsFaults, ACutTlsLinkIsReplaced) {
  const CertificateFiles files = authority.issue("127.0.0.1");
  RedisServer server({.arguments = {},
                      .tls_ca_file = authority.file(),
                      .tls_certificate_file = files.certificate,
                      .tls_key_file = files.key,
                      .tls_client_certificate = false});
  FaultProxy proxy(server.tls_port());
  ConnectionSettings settings = settings_for("rediss://127.0.0.1:" + std::to_string(proxy.port()));
  settings.endpoint.ca_file = authority.file();
  Connection connection(std::move(settings), {}, nullptr);
  for (const auto ending : {FaultProxy::Ending::close, FaultProxy::Ending::reset}) {
    ASSERT_TRUE(heals(connection));
    proxy.cut_after(FaultProxy::Direction::to_client, 10, ending);
    EXPECT_THAT(call(connection, writing({"SET", "k", "v"})), FailsWith(ErrorCode::unknown_outcome));
  }
  EXPECT_TRUE(heals(connection));
}

}  // namespace
}  // namespace ficha::redis
