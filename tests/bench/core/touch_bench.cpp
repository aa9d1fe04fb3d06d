// P10: what keeping sessions alive costs Redis. A million requests of a hot set, shared by four processes, against the
// same million through express-session and connect-redis; and how often a session is touched.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "ficha/client.hpp"
#include "redis_bench.hpp"
#include "report.hpp"

namespace ficha::bench {
namespace {

using namespace std::chrono_literals;

constexpr int processes = 4;
constexpr int hot_sessions = 50;
const int requests = scaled(1'000'000);

Client open_client(const std::string& url, std::chrono::seconds idle_timeout) {
  Config config;
  config.redis.url = Secret(url);
  config.redis.connect_timeout = config.redis.command_timeout = 5s;
  config.redis.operation_timeout = 10s;
  config.session.idle_timeout = idle_timeout;
  Requirement authenticated;
  config.policy.rules = {{.path = "/**", .requirement = authenticated}};
  auto client = Client::open(std::move(config));
  if (!client) throw std::runtime_error(client.error().message);
  return std::move(*client);
}

std::vector<std::string> log_in(Client& client) {
  std::vector<std::string> cookies;
  for (int i = 0; i < hot_sessions; ++i) {
    const auto issued = client.create(usual_session(i));
    if (!issued) throw std::runtime_error(issued.error().message);
    cookies.push_back(client.config().cookie.name + "=" + std::string(issued->token.reveal()));
  }
  return cookies;
}

void authorize(Client& client, const std::string& cookie) {
  const HeaderField headers[] = {{"Host", "bank.example.org"}, {"Cookie", cookie}};
  const Decision decision = client.authorize({.method = "GET", .path = "/api/accounts", .headers = headers});
  if (!decision.allowed()) throw std::runtime_error("refused: " + std::string(name(decision.reason)));
}

// Runs `work(n)` in that many children at once; throws if one fails.
template <class Work>
void in_processes(Work work) {
  for (int n = 0; n < processes; ++n) {
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child != 0) continue;
    try {
      work(n);
      _exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "P10: %s\n", error.what());
      _exit(1);
    }
  }
  for (int n = 0; n < processes; ++n) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) throw std::runtime_error("a process of the benchmark failed");
  }
}

// Commands that clients sent since CONFIG RESETSTAT, without this benchmark's own.
double commands_sent(testing::RedisServer& server) {
  const std::string stats = server.command({"INFO", "commandstats"}).text;
  std::int64_t sum = 0;
  for (std::size_t at = 0; (at = stats.find("cmdstat_", at)) != std::string::npos; ++at) {
    const std::string_view line = std::string_view(stats).substr(at, stats.find('\n', at) - at);
    if (line.starts_with("cmdstat_config") || line.starts_with("cmdstat_info")) continue;
    const std::size_t calls = line.find("calls=") + 6;
    std::int64_t count = 0;
    std::from_chars(line.data() + calls, line.data() + line.size(), count);
    sum += count;
  }
  return static_cast<double>(sum);
}

double our_commands(testing::RedisServer& server) {
  Client client = open_client(server.url(), 30min);
  const std::vector<std::string> cookies = log_in(client);
  client.close();
  server.command({"CONFIG", "RESETSTAT"});
  in_processes([&](int) {
    Client own = open_client(server.url(), 30min);
    for (int i = 0; i < requests / processes; ++i) authorize(own, cookies[static_cast<std::size_t>(i % hot_sessions)]);
  });
  return commands_sent(server);
}

// nullopt where the peer is not installed.
std::optional<double> express_session_commands(testing::RedisServer& server) {
  const char* peers = std::getenv("FICHA_BENCH_PEERS");
  if (peers == nullptr) return std::nullopt;
  server.command({"FLUSHALL"});
  server.command({"CONFIG", "RESETSTAT"});
  const std::string command = "node '" + std::string(peers) + "/express-session/requests.mjs' " +
                              std::to_string(server.port()) + " " + std::to_string(hot_sessions) + " " +
                              std::to_string(requests);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("express-session's requests failed");
  return commands_sent(server);
}

std::int64_t server_milliseconds(testing::RedisServer& server) {
  const auto time = server.command({"TIME"});
  return std::stoll(time.elements[0].text) * 1000 + std::stoll(time.elements[1].text) / 1000;
}

// Touches that moved a deadline, per session and quantum, while four processes ask for every session all the time.
double touches_per_quantum(testing::RedisServer& server) {
  constexpr std::chrono::seconds idle_timeout = 16s;
  constexpr std::int64_t quantum_ms = 1000;
  server.command({"FLUSHALL"});
  Client client = open_client(server.url(), idle_timeout);
  const std::vector<std::string> cookies = log_in(client);
  client.close();

  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::runtime_error("mmap");
  auto* effective = new (page) std::atomic<std::uint64_t>{0};
  const std::int64_t begin_ms = server_milliseconds(server);
  in_processes([&](int) {
    Client own = open_client(server.url(), idle_timeout);
    const auto end = std::chrono::steady_clock::now() + 6s;
    while (std::chrono::steady_clock::now() < end) {
      for (const std::string& cookie : cookies) authorize(own, cookie);
      usleep(1000);  // leaves the two cores time for the touches
    }
    own.close();
    effective->fetch_add(own.stats().touches_effective);
  });
  const std::int64_t quanta = server_milliseconds(server) / quantum_ms - begin_ms / quantum_ms + 1;
  const double touches = static_cast<double>(effective->load());
  munmap(page, 4096);
  return touches / static_cast<double>(quanta * hot_sessions);
}

void run(Report& report) {
  testing::RedisServer server;
  const double ours = our_commands(server);
  if (const std::optional<double> theirs = express_session_commands(server)) {
    report.measured("P10a", ours / *theirs, {ours, *theirs}, "commands");
  } else {
    report.not_measured("P10a", "express-session is not installed: run it by tests/bench/run");
  }
  const double touches = touches_per_quantum(server);
  report.measured("P10b", touches, {touches, 1}, "touches");
}

const Benchmark registered{"P10", run};

}  // namespace
}  // namespace ficha::bench
