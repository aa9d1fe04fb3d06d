// Loads that must ask Redis, one after the other and from many threads: against hiredis.
#include <algorithm>
#include <atomic>
#include <thread>

#include "redis_bench.hpp"
#include "report.hpp"

namespace ficha::bench {
namespace {

constexpr int rounds = 7;
constexpr std::size_t session_count = 1000;
constexpr LoadOptions from_redis{.touch = false, .fresh = true};

// Sessions, and the keys under which a plain client finds them.
struct Sessions {
  std::vector<Token> tokens;
  std::vector<std::string> keys;

  explicit Sessions(SessionStore& store) {
    for (std::size_t i = 0; i < session_count; ++i) {
      const IssuedSession issued = await(store, store.create(usual_session(static_cast<int>(i))));
      tokens.push_back(issued.token);
      keys.push_back(redis::session_key("ficha", issued.session.id()));
    }
  }
};

void get(const Context& context, const std::string& key) {
  const RawReply reply{redisCommand(context.get(), "GET %b", key.data(), key.size()), freeReplyObject};
  if (!reply) throw std::runtime_error("GET failed");
}

// Microseconds of the median call: a busy machine's outliers are nobody's.
template <class Call>
double median_microseconds(std::size_t calls, Call call) {
  std::vector<double> times;
  times.reserve(calls);
  for (std::size_t i = 0; i < calls; ++i) {
    times.push_back(nanoseconds_each(1, [&](std::size_t) { call(i % session_count); }) / 1000);
  }
  return median(std::move(times));
}

void latency(Report& report) {
  testing::RedisServer server;
  const auto store = open_store(server, /*near_cache=*/true);
  const auto plain = open_store(server, /*near_cache=*/false);
  const Sessions sessions(*store);
  const Context context = connect(server);
  constexpr std::size_t calls = 4000;

  const auto load = [&](SessionStore& from) {
    return median_microseconds(calls,
                               [&](std::size_t i) { keep(await(from, from.load(sessions.tokens[i], from_redis))); });
  };
  const auto bare = [&] { return median_microseconds(calls, [&](std::size_t i) { get(context, sessions.keys[i]); }); };

  const Medians blocking = interleaved(
      rounds, [&] { return load(*plain); }, bare);
  report.note("one load without near cache, in hiredis GETs", blocking.ours / blocking.theirs, "");
  const Medians miss = interleaved(
      rounds, [&] { return load(*store); }, bare);
  report.measured("P7a", miss.ours / miss.theirs, miss, "us");
  report.measured("P8b", miss.ours / miss.theirs, miss, "us");
}

double server_cpu_seconds(testing::RedisServer& server) {
  return std::stod(server.info("used_cpu_user_main_thread")) + std::stod(server.info("used_cpu_sys_main_thread"));
}

// What a miss costs the server, pipelined on a tracking connection: GET + PTTL, against what rueidis sends.
void server_cpu(Report& report) {
  testing::RedisServer server;
  const auto store = open_store(server, /*near_cache=*/false);
  const Sessions sessions(*store);
  constexpr std::size_t batches = 600;
  constexpr std::size_t batch = 100;

  const auto round = [&](const char* tracking, const std::vector<std::vector<const char*>>& commands) {
    const Context context = connect(server);
    redisSetPushCallback(context.get(), [](void*, void* reply) { freeReplyObject(reply); });
    for (const char* setup : {"HELLO 3", tracking}) RawReply{redisCommand(context.get(), setup), freeReplyObject};
    const double before = server_cpu_seconds(server);
    for (std::size_t i = 0; i < batches; ++i) {
      for (std::size_t k = 0; k < batch; ++k) {
        const std::string& key = sessions.keys[(i * batch + k) % session_count];
        for (const auto& words : commands) {
          std::vector<const char*> arguments = words;
          if (!arguments.back()) arguments.back() = key.c_str();
          redisAppendCommandArgv(context.get(), static_cast<int>(arguments.size()), arguments.data(), nullptr);
        }
      }
      for (std::size_t k = 0; k < batch * commands.size(); ++k) {
        void* reply = nullptr;
        if (redisGetReply(context.get(), &reply) != REDIS_OK) throw std::runtime_error("no reply");
        freeReplyObject(reply);
      }
    }
    return (server_cpu_seconds(server) - before) * 1e6 / static_cast<double>(batches * batch);
  };
  const auto ours = [&] { return round("CLIENT TRACKING ON", {{"GET", nullptr}, {"PTTL", nullptr}}); };
  const auto theirs = [&] {
    return round("CLIENT TRACKING ON OPTIN",
                 {{"CLIENT", "CACHING", "YES"}, {"MULTI"}, {"PTTL", nullptr}, {"GET", nullptr}, {"EXEC"}});
  };
  const Medians medians = interleaved(rounds, ours, theirs);
  report.measured("P7b", medians.ours / medians.theirs, medians, "us");
}

// Calls per second of `threads` that each do `each(thread)` until the time is up.
template <class Each>
double per_second(std::size_t threads, Each each) {
  constexpr std::chrono::milliseconds duration{600};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> calls{0};
  std::vector<std::thread> workers;
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      std::uint64_t own = 0;
      for (std::size_t i = t * 17; !stop.load(std::memory_order_relaxed); ++i, ++own) each(t, i % session_count);
      calls += own;
    });
  }
  std::this_thread::sleep_for(duration);
  stop = true;
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(calls.load()) / spent.count();
}

void blocking_threads(Report& report) {
  constexpr std::size_t threads = 64;
  testing::RedisServer server;
  const auto store = open_store(server, /*near_cache=*/true);
  const Sessions sessions(*store);
  std::vector<Context> contexts;
  for (std::size_t t = 0; t < threads; ++t) contexts.push_back(connect(server));

  const auto ours = [&] {
    return per_second(
        threads, [&](std::size_t, std::size_t i) { keep(await(*store, store->load(sessions.tokens[i], from_redis))); });
  };
  const auto theirs = [&] {
    return per_second(threads, [&](std::size_t t, std::size_t i) { get(contexts[t], sessions.keys[i]); });
  };
  const Medians medians = interleaved(rounds, ours, theirs);
  report.measured("P8a", medians.ours / medians.theirs, medians, "/s");
}

// Keeps a number of loads in flight: each that lands starts the next.
class Flood {
 public:
  Flood(SessionStore& store, const Sessions& sessions, std::size_t loads)
      : store_(store), sessions_(sessions), remaining_(static_cast<std::int64_t>(loads)), unfinished_(loads) {}

  double per_second(std::size_t in_flight) {
    const std::size_t loads = unfinished_;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < in_flight; ++i) run(i);
    store_.wait(done_);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    return static_cast<double>(loads) / spent.count();
  }

 private:
  Detached run(std::size_t i) {
    while (remaining_.fetch_sub(1) > 0) {
      auto load = store_.load(sessions_.tokens[i % session_count], from_redis);
      keep(co_await load);
      i += 257;
      if (unfinished_.fetch_sub(1) == 1) done_.finish();
    }
  }

  SessionStore& store_;
  const Sessions& sessions_;
  std::atomic<std::int64_t> remaining_;
  std::atomic<std::size_t> unfinished_;
  Waiter done_;
};

double redis_benchmark_per_second(const testing::RedisServer& server, const std::string& key) {
  const std::string line = "redis-benchmark -p " + std::to_string(server.port()) +
                           " -c 1 -P 256 -n 400000 --csv GET '" + key + "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(line.c_str(), "r"), pclose};
  std::string output;
  char buffer[512];
  while (pipe && fgets(buffer, sizeof buffer, pipe.get())) output += buffer;
  // "GET …","1980198.00","0.120",…
  const std::size_t row = output.rfind("\"GET ");
  const std::size_t value = row == std::string::npos ? row : output.find("\",\"", row);
  return value == std::string::npos ? 0 : std::stod(output.substr(value + 3));
}

void asynchronous(Report& report) {
  testing::RedisServer server;
  const auto store = open_store(server, /*near_cache=*/true);
  const Sessions sessions(*store);
  if (redis_benchmark_per_second(server, sessions.keys[0]) == 0) {
    report.not_measured("P9a", "no redis-benchmark on this machine");
    return;
  }
  const auto ours = [&] { return Flood(*store, sessions, 200'000).per_second(256); };
  const auto theirs = [&] { return redis_benchmark_per_second(server, sessions.keys[0]); };
  const Medians medians = interleaved(5, ours, theirs);
  report.measured("P9a", medians.ours / medians.theirs, medians, "/s");
}

const Benchmark registered[] = {
    {"LOAD", latency}, {"P7b", server_cpu}, {"P8a", blocking_threads}, {"P9a", asynchronous}};

}  // namespace
}  // namespace ficha::bench
