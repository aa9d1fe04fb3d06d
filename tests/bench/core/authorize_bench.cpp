// P1: a whole authorize() on a near-cache hit, headers in, decision out, against one GET of the same session by hiredis.
#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>

#include "ficha/client.hpp"
#include "report.hpp"
#include "store/redis/keys.hpp"
#include "support/redis_server.hpp"

namespace ficha::bench {
namespace {

constexpr int rounds = 9;
constexpr std::size_t decisions_per_round = 200'000;
constexpr std::size_t gets_per_round = 3'000;

Policy usual_policy() {
  Requirement anyone;
  anyone.allow = Allow::anyone;
  Requirement customer;
  customer.roles = {"customer", "clerk"};
  Requirement clerk;
  clerk.roles = {"clerk"};
  Requirement recent = customer;
  recent.max_auth_age = std::chrono::minutes(10);
  return {.rules = {{.path = "/", .requirement = anyone},
                    {.path = "/login", .requirement = anyone},
                    {.path = "/static/**", .methods = {"GET"}, .requirement = anyone},
                    {.path = "/health", .requirement = anyone, .touch = false},
                    {.path = "/clerk/**", .requirement = clerk},
                    {.path = "/api/transfers", .methods = {"POST"}, .requirement = recent},
                    {.path = "/api/notifications", .methods = {"GET"}, .requirement = customer, .touch = false},
                    {.path = "/api/accounts/*/transactions", .methods = {"GET"}, .requirement = customer},
                    {.path = "/api/accounts/*", .methods = {"GET"}, .requirement = customer},
                    {.path = "/api/**", .requirement = customer}}};
}

void run(Report& report) {
  testing::RedisServer server;
  Config config;
  config.redis.url = Secret(server.url());
  config.policy = usual_policy();
  auto client = Client::open(config);
  if (!client) throw std::runtime_error(client.error().message);
  auto issued = client->create({.principal = "customer-1234567",
                                .roles = {"customer"},
                                .attributes = {{"theme", "\"dark\""}, {"language", "\"pt\""}},
                                .device = {"192.0.2.44", ""}});
  if (!issued) throw std::runtime_error(issued.error().message);

  const std::string cookie =
      "theme=dark; " + config.cookie.name + "=" + std::string(issued->token.reveal()) + "; lang=pt";
  const HeaderField headers[] = {
      {"Host", "bank.example.org"},
      {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
      {"Accept", "application/json"},
      {"Accept-Language", "pt-BR,pt;q=0.8,en;q=0.5"},
      {"Accept-Encoding", "gzip, deflate, br, zstd"},
      {"Sec-Fetch-Site", "same-origin"},
      {"Cookie", cookie}};
  const HttpRequest request{.method = "GET", .path = "/api/accounts/4711/transactions", .headers = headers};
  const auto decide = [&](std::size_t) {
    const Decision decision = client->authorize(request);
    if (!decision.allowed()) throw std::runtime_error("refused");
    keep(decision);
  };
  decide(0);

  const std::unique_ptr<redisContext, decltype(&redisFree)> context(redisConnect("127.0.0.1", server.port()),
                                                                    redisFree);
  const std::string key = redis::session_key(config.redis.name_space, issued->session.id());
  const auto get = [&](std::size_t) {
    const std::unique_ptr<void, decltype(&freeReplyObject)> reply(
        redisCommand(context.get(), "GET %b", key.data(), key.size()), freeReplyObject);
    if (!reply || static_cast<redisReply*>(reply.get())->type != REDIS_REPLY_STRING) throw std::runtime_error("no GET");
  };
  get(0);

  const Medians medians = interleaved(
      rounds, [&] { return nanoseconds_each(decisions_per_round, decide); },
      [&] { return nanoseconds_each(gets_per_round, get); });
  report.measured("P1", medians.theirs / medians.ours, medians, "ns");

  const std::string token(issued->token.reveal());
  std::vector<double> hits;
  for (int round = 0; round < rounds; ++round) {
    hits.push_back(nanoseconds_each(decisions_per_round, [&](std::size_t) { keep(client->try_load(token)); }));
  }
  report.note("of that, the session from the near cache", median(std::move(hits)), "ns");
}

const Benchmark registered{"P1", run};

}  // namespace
}  // namespace ficha::bench
