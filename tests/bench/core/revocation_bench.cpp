// P12: from "revoked" in one process to "refused" in another, against the bare delivery of an invalidation push. In both
// the deed is one process's, and in the other a thread that reads the socket tells a thread that watches.
#include <hiredis/hiredis.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>

#include "ficha/client.hpp"
#include "report.hpp"
#include "support/redis_server.hpp"

namespace ficha::bench {
namespace {

constexpr std::size_t revocations_per_round = 1000;
constexpr int rounds = 9;

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using RawReply = std::unique_ptr<void, decltype(&freeReplyObject)>;

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// What the two processes say to each other.
struct Shared {
  enum class Word : std::uint32_t { idle, watch_session, watch_push, watching, seen, end };
  std::atomic<Word> word{Word::idle};
  std::atomic<std::int64_t> seen_at_ns{0};
  std::array<char, Token::length> token{};

  void say(Word next) noexcept {
    word.store(next);
    word.notify_all();
  }
  // Notifications do not cross processes.
  void await(Word wanted) const noexcept {
    while (word.load() != wanted) std::this_thread::yield();
  }
};

RawReply command(const Context& context, const char* text) {
  return {redisCommand(context.get(), text), freeReplyObject};
}

Client open_client(const std::string& url) {
  Config config;
  config.redis.url = Secret(url);
  auto client = Client::open(std::move(config));
  if (!client) throw std::runtime_error(client.error().message);
  return std::move(*client);
}

// Reads a connection of its own all the time, and notes what comes.
class PushReader {
 public:
  explicit PushReader(int port) : context_(redisConnect("127.0.0.1", port), redisFree) {
    command(context_, "HELLO 3");
    command(context_, "CLIENT TRACKING ON");
    redisSetPushCallback(context_.get(), nullptr);
    thread_ = std::thread([this] {
      void* raw = nullptr;
      while (redisGetReply(context_.get(), &raw) == REDIS_OK) {
        const RawReply reply(raw, freeReplyObject);
        const bool push = static_cast<redisReply*>(raw)->type == REDIS_REPLY_PUSH;
        (push ? seen_ : armed_).store(true, std::memory_order_release);
      }
    });
  }
  ~PushReader() {
    ::shutdown(context_->fd, SHUT_RDWR);
    thread_.join();
  }
  // The next push sets seen().
  void watch() {
    constexpr std::string_view get = "*2\r\n$3\r\nGET\r\n$6\r\npushed\r\n";
    seen_ = armed_ = false;
    if (::send(context_->fd, get.data(), get.size(), 0) != static_cast<ssize_t>(get.size())) _exit(1);
    while (!armed_.load(std::memory_order_acquire)) std::this_thread::yield();
  }
  [[nodiscard]] bool seen() const noexcept { return seen_.load(std::memory_order_acquire); }

 private:
  Context context_;
  std::thread thread_;
  std::atomic<bool> armed_{false};
  std::atomic<bool> seen_{false};
};

// The other process: watches what it is told to, until it is gone.
[[noreturn]] void observe(Shared& shared, const std::string& url, int port) {
  Client client = open_client(url);
  PushReader pushes(port);
  for (;;) {
    const Shared::Word word = shared.word.load();
    if (word == Shared::Word::end) _exit(0);
    if (word != Shared::Word::watch_session && word != Shared::Word::watch_push) {
      std::this_thread::yield();
      continue;
    }
    const std::string_view token(shared.token.data(), shared.token.size());
    if (word == Shared::Word::watch_session) {
      if (!client.load(token)) _exit(1);
    } else {
      pushes.watch();
    }
    shared.say(Shared::Word::watching);
    if (word == Shared::Word::watch_session) {
      while (std::holds_alternative<std::optional<Session>>(client.try_load(token))) std::this_thread::yield();
    } else {
      while (!pushes.seen()) std::this_thread::yield();
    }
    shared.seen_at_ns = now_ns();
    shared.say(Shared::Word::seen);
  }
}

double percentile_99(std::vector<double> values) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

// Microseconds from the acknowledgement of `act` to what the other process saw; 0 if it saw it before.
template <class Act>
double once(Shared& shared, Shared::Word what, Act act) {
  shared.say(what);
  shared.await(Shared::Word::watching);
  act();
  const std::int64_t acknowledged_at = now_ns();
  shared.await(Shared::Word::seen);
  return std::max(0.0, static_cast<double>(shared.seen_at_ns.load() - acknowledged_at) / 1000.0);
}

void run(Report& report) {
  testing::RedisServer server;
  void* const page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::runtime_error("no shared page");
  auto& shared = *new (page) Shared;
  const pid_t observer = fork();
  if (observer == 0) observe(shared, server.url(), server.port());

  Client client = open_client(server.url());
  const Context context(redisConnect("127.0.0.1", server.port()), redisFree);
  std::vector<double> all_ours;
  std::vector<double> all_theirs;
  const auto revocations = [&] {
    std::vector<double> delays;
    for (std::size_t i = 0; i < revocations_per_round; ++i) {
      const auto issued = client.create({.principal = "customer-" + std::to_string(i)});
      if (!issued) throw std::runtime_error(issued.error().message);
      std::ranges::copy(issued->token.reveal(), shared.token.begin());
      delays.push_back(once(shared, Shared::Word::watch_session, [&] {
        const auto outcome = client.revoke(issued->session.id());
        if (!outcome || *outcome != RevokeOutcome::revoked) throw std::runtime_error("not revoked");
      }));
    }
    all_ours.insert(all_ours.end(), delays.begin(), delays.end());
    return percentile_99(std::move(delays));
  };
  const auto deliveries = [&] {
    std::vector<double> delays;
    for (std::size_t i = 0; i < revocations_per_round; ++i) {
      command(context, "SET pushed 1");
      delays.push_back(once(shared, Shared::Word::watch_push, [&] { command(context, "DEL pushed"); }));
    }
    all_theirs.insert(all_theirs.end(), delays.begin(), delays.end());
    return percentile_99(std::move(delays));
  };
  const Medians medians = interleaved(rounds, revocations, deliveries);
  shared.say(Shared::Word::end);
  waitpid(observer, nullptr, 0);
  munmap(page, sizeof(Shared));

  report.measured("P12", medians.ours / medians.theirs, medians, "us");
  report.note("median from acknowledged revoke to refusal", median(std::move(all_ours)), "us");
  report.note("median from acknowledged DEL to its push", median(std::move(all_theirs)), "us");
}

const Benchmark registered{"P12", run};

}  // namespace
}  // namespace ficha::bench
