#include "store/redis/socket/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/results.hpp"

namespace ficha::redis {
namespace {

using ::ficha::testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;

RedisConfig with_url(std::string_view url) {
  RedisConfig config;
  config.url = Secret{url};
  return config;
}

Endpoint parsed(std::string_view url) {
  Result<Endpoint> endpoint = parse_endpoint(with_url(url));
  EXPECT_THAT(endpoint, ficha::testing::IsOk()) << url;
  return endpoint ? *std::move(endpoint) : Endpoint{};
}

TEST(RedisUrl, TheDefaultConfigurationIsTheLocalServer) {
  const Result<Endpoint> endpoint = parse_endpoint(RedisConfig{});
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "127.0.0.1");
  EXPECT_EQ(endpoint->port, 6379);
  EXPECT_EQ(endpoint->database, 0);
  EXPECT_FALSE(endpoint->tls);
  EXPECT_TRUE(endpoint->password.empty());
}

TEST(RedisUrl, HostPortAndDatabaseAreRead) {
  const Endpoint endpoint = parsed("redis://cache.example.org:7000/3");
  EXPECT_EQ(endpoint.host, "cache.example.org");
  EXPECT_EQ(endpoint.port, 7000);
  EXPECT_EQ(endpoint.database, 3);
}

TEST(RedisUrl, PortAndDatabaseMayBeLeftOut) {
  for (const char* url : {"redis://cache", "redis://cache/"}) {
    const Endpoint endpoint = parsed(url);
    EXPECT_EQ(endpoint.port, 6379) << url;
    EXPECT_EQ(endpoint.database, 0) << url;
  }
}

TEST(RedisUrl, TheSchemeMayBeInAnyCase) {
  EXPECT_TRUE(parsed("REDISS://cache").tls);
}

TEST(RedisUrl, AnIpv6AddressStandsInBrackets) {
  const Endpoint endpoint = parsed("redis://[::1]:6380/1");
  EXPECT_EQ(endpoint.host, "::1");
  EXPECT_EQ(endpoint.port, 6380);
  EXPECT_EQ(address(endpoint), "[::1]:6380");
}

TEST(RedisUrl, UserAndPasswordArePercentDecoded) {
  const Endpoint endpoint = parsed("redis://us%65r:p%40ss%3a%2F%23w@cache");
  EXPECT_EQ(endpoint.username, "user");
  EXPECT_EQ(endpoint.password.reveal(), "p@ss:/#w");
}

TEST(RedisUrl, APasswordAloneIsTheDefaultUsers) {
  const Endpoint endpoint = parsed("redis://:secret@cache");
  EXPECT_EQ(endpoint.username, "");
  EXPECT_EQ(endpoint.password.reveal(), "secret");
}

TEST(RedisUrl, AnUnescapedAtSignOrColonInThePasswordStaysInIt) {
  EXPECT_EQ(parsed("redis://user:p@ss@cache").password.reveal(), "p@ss");
  EXPECT_EQ(parsed("redis://user:p:ss@cache").password.reveal(), "p:ss");
}

TEST(RedisUrl, AUnixSocketHasAPathAndAnOptionalDatabase) {
  const Endpoint endpoint = parsed("unix:///run/redis%20one.sock?db=2");
  EXPECT_EQ(endpoint.socket_path, "/run/redis one.sock");
  EXPECT_EQ(endpoint.host, "");
  EXPECT_EQ(endpoint.database, 2);
  EXPECT_EQ(address(endpoint), "/run/redis one.sock");
}

TEST(RedisUrl, AUnixSocketTakesUserAndPasswordToo) {
  const Endpoint endpoint = parsed("unix://user:secret@/run/redis.sock");
  EXPECT_EQ(endpoint.username, "user");
  EXPECT_EQ(endpoint.password.reveal(), "secret");
  EXPECT_EQ(endpoint.socket_path, "/run/redis.sock");
}

TEST(RedisUrl, TheConfigurationsOwnFieldsOverrideTheUrl) {
  RedisConfig config = with_url("rediss://old:stale@cache");
  config.username = "new";
  config.password = Secret{"fresh"};
  config.ca_file = "ca.pem";
  config.certificate_file = "client.pem";
  config.key_file = "client.key";
  const Result<Endpoint> endpoint = parse_endpoint(config);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->username, "new");
  EXPECT_EQ(endpoint->password.reveal(), "fresh");
  EXPECT_EQ(endpoint->ca_file, "ca.pem");
  EXPECT_EQ(endpoint->certificate_file, "client.pem");
  EXPECT_EQ(endpoint->key_file, "client.key");
}

TEST(RedisUrl, CertificatesWithoutTlsAreRefusedRatherThanIgnored) {
  RedisConfig config = with_url("redis://cache");
  config.ca_file = "ca.pem";
  EXPECT_THAT(parse_endpoint(config), FailsWith(ErrorCode::invalid_config));
}

TEST(RedisUrl, AClientCertificateNeedsItsKeyAndTheOtherWayRound) {
  RedisConfig config = with_url("rediss://cache");
  config.certificate_file = "client.pem";
  EXPECT_THAT(parse_endpoint(config), FailsWith(ErrorCode::invalid_config));
  config.certificate_file.clear();
  config.key_file = "client.key";
  EXPECT_THAT(parse_endpoint(config), FailsWith(ErrorCode::invalid_config));
}

class MalformedRedisUrl : public ::testing::TestWithParam<const char*> {};

TEST_P(MalformedRedisUrl, IsInvalidConfigAndTheMessageHoldsNoPassword) {
  const Result<Endpoint> endpoint = parse_endpoint(with_url(GetParam()));
  ASSERT_THAT(endpoint, FailsWith(ErrorCode::invalid_config));
  EXPECT_THAT(endpoint.error().message, Not(HasSubstr("hunter2")));
}

INSTANTIATE_TEST_SUITE_P(
    Each, MalformedRedisUrl,
    ::testing::Values("", "cache:6379", "redis:/cache", "http://user:hunter2@cache", "memory://", "redis://",
                      "redis://:6379", "redis://user:hunter2@", "redis://cache:", "redis://cache:0",
                      "redis://cache:65536", "redis://cache:+1", "redis://cache:6379x", "redis://cache:-1",
                      "redis://ca che", "redis://cache\r\n", "redis://user:hunter2@c%61che", "redis://cache/one",
                      "redis://cache/-1", "redis://cache/1/2", "redis://cache/99999999999", "redis://cache?db=1",
                      "redis://cache/1#fragment", "redis://user:hunter2#x@cache", "redis://[::1", "redis://[]:1",
                      "redis://[cache]", "redis://[::1]6379", "redis://user@cache", "redis://user:@cache",
                      "redis://user:hunter2%4@cache", "redis://user:hunter2%zz@cache", "redis://user%:hunter2@cache",
                      "unix://", "unix:///", "unix://host/path", "unix:///run/redis.sock?database=1",
                      "unix:///run/redis.sock?db=x", "unix:///run/re%00dis.sock",
                      "unix:///123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
                      "890123456789012345678"));

}  // namespace
}  // namespace ficha::redis
