// Full load for as long as FICHA_SOAK_SECONDS says (60 by default; an hour before a release), on a real server whose
// connections are cut now and then: memory, descriptors, threads and Redis' keys stay as they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "ficha/client.hpp"
#include "support/redis_server.hpp"

namespace ficha {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t population = 2'000;
constexpr int blocking_threads = 4;
constexpr std::size_t in_flight = 64;

std::chrono::seconds duration() {
  const char* const text = std::getenv("FICHA_SOAK_SECONDS");
  return text == nullptr ? 60s : std::chrono::seconds(std::atoi(text));
}

struct Usage {
  double resident_mib;
  std::size_t descriptors;
  std::size_t threads;
};

std::size_t entries_of(const char* directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

Usage usage() {
  std::ifstream status("/proc/self/status");
  double kib = 0;
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> kib;
  }
  return {kib / 1024, entries_of("/proc/self/fd"), entries_of("/proc/self/task")};
}

// The sessions that the load works on; each slot belongs to one thread at a time.
class Population {
 public:
  explicit Population(Client& client) : client_(client) {
    for (std::size_t i = 0; i < population; ++i) slots_.push_back(std::make_unique<Slot>());
    for (std::size_t i = 0; i < population; ++i) renew(i, *slots_[i]);
  }

  std::optional<std::string> token(std::size_t i) {
    const std::lock_guard lock(slots_[i]->mutex);
    if (!slots_[i]->issued) return std::nullopt;
    return std::string(slots_[i]->issued->token.reveal());
  }

  // One change of a random kind. Cut connections make some fail; only what was acknowledged counts.
  void change(std::size_t i, unsigned kind) {
    Slot& slot = *slots_[i];
    const std::lock_guard lock(slot.mutex);
    if (!slot.issued) return renew(i, slot);
    const SessionId id = slot.issued->session.id();
    if (kind < 6) {
      const auto patched = client_.patch(
          id, {.ops = {{Patch::Kind::set, "page", std::to_string(kind)}, {Patch::Kind::increment, "n", "", 1}}});
      if (!patched && patched.error().code == ErrorCode::session_gone) slot.issued.reset();
    } else if (kind < 9) {
      auto rotated = client_.rotate(id);
      // After a lost reply nobody knows the new token: the session is revoked by its principal.
      if (rotated)
        slot.issued = std::move(*rotated);
      else if (client_.revoke_principal(principal(i)))
        slot.issued.reset();
    } else {
      if (client_.revoke_principal(principal(i))) slot.issued.reset();
    }
  }

 private:
  struct Slot {
    std::mutex mutex;
    std::optional<IssuedSession> issued;
  };

  static std::string principal(std::size_t i) { return "customer-" + std::to_string(i); }

  void renew(std::size_t i, Slot& slot) {
    auto issued = client_.create({.principal = principal(i),
                                  .roles = {"customer"},
                                  .attributes = {{"theme", "\"dark\""}, {"page", "0"}},
                                  .device = {"192.0.2.1", "soak"}});
    if (issued) slot.issued = std::move(*issued);
  }

  Client& client_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

class Soak : public ::testing::Test {
 protected:
  static Client open(const testing::RedisServer& server) {
    Config config;
    config.redis.url = Secret(server.url());
    config.session.max_per_principal = 1;
    config.near_cache.max_entries = population / 2;  // so that there are evictions and misses
    Requirement customer;
    customer.roles = {"customer"};
    config.policy.rules = {{.path = "/**", .requirement = customer}};
    auto client = Client::open(std::move(config));
    if (!client) throw std::runtime_error(client.error().message);
    return std::move(*client);
  }

  void authorize_and_change(unsigned seed) {
    std::mt19937 random(seed);
    while (!stop_) {
      const std::size_t i = random() % population;
      if (const auto token = people_.token(i)) {
        const std::string cookie = client_.config().cookie.name + "=" + *token;
        const HeaderField headers[] = {{"Host", "soak.example"}, {"Cookie", cookie}};
        const Decision decision = client_.authorize({.method = "GET", .path = "/accounts", .headers = headers});
        if (decision.allowed() && decision.session->principal() != "customer-" + std::to_string(i)) ++strangers_;
        decisions_.fetch_add(1, std::memory_order_relaxed);
      }
      if (const auto dice = static_cast<unsigned>(random() % 1000); dice < 10) people_.change(i, dice);
    }
  }

  void load_asynchronously() {
    const auto queue = *CompletionQueue::create();
    std::mt19937 random(4711);
    std::size_t waiting = 0;
    while (!stop_ || waiting > 0) {
      while (!stop_ && waiting < in_flight) {
        const auto token = people_.token(random() % population);
        if (!token) continue;
        client_.submit(queue, waiting, LoadRequest{Secret(*token), {.touch = true, .fresh = random() % 8 == 0}});
        ++waiting;
      }
      waiting -= queue->wait(100ms).size();
    }
  }

  testing::RedisServer server_;
  Client client_ = open(server_);
  Population people_{client_};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> decisions_{0};
  std::atomic<std::uint64_t> strangers_{0};
};

double median_of(std::vector<Usage>::const_iterator begin, std::vector<Usage>::const_iterator end) {
  std::vector<double> values;
  std::transform(begin, end, std::back_inserter(values), [](const Usage& sample) { return sample.resident_mib; });
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

TEST_F(Soak, MemoryDescriptorsThreadsAndKeysStayAsTheyAre) {
  std::vector<std::thread> load;
  for (unsigned i = 0; i < blocking_threads; ++i) load.emplace_back([this, i] { authorize_and_change(i); });
  load.emplace_back([this] { load_asynchronously(); });

  const auto interval = std::chrono::milliseconds(duration()) / 40;
  std::vector<Usage> samples;
  for (int i = 0; i < 40; ++i) {
    std::this_thread::sleep_for(interval);
    if (i % 4 == 1) server_.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    if (i >= 10) samples.push_back(usage());
  }
  stop_ = true;
  for (std::thread& thread : load) thread.join();

  const auto quarter = static_cast<std::ptrdiff_t>(samples.size() / 4);
  const double before = median_of(samples.begin(), samples.begin() + quarter);
  const double after = median_of(samples.end() - quarter, samples.end());
  const auto [fewest, most] = std::minmax_element(
      samples.begin(), samples.end(), [](const Usage& a, const Usage& b) { return a.descriptors < b.descriptors; });
  const Stats stats = client_.stats();
  std::cout << decisions_ << " decisions, " << stats.commands << " commands, " << stats.connects << " connects; "
            << before << " MiB resident, then " << after << "; " << fewest->descriptors << " to " << most->descriptors
            << " descriptors\n";

  EXPECT_EQ(strangers_, 0U);
  EXPECT_GT(decisions_, 1000U);
  EXPECT_GT(stats.connects, 3U);
  EXPECT_LE(after, before * 1.03 + 2);
  EXPECT_LE(most->descriptors, samples.front().descriptors + 2);
  EXPECT_EQ(samples.front().threads, samples.back().threads);
  EXPECT_LE(server_.command({"DBSIZE"}).integer, static_cast<std::int64_t>(2 * population));
}

}  // namespace
}  // namespace ficha
