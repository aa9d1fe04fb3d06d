// P11: what a session takes in Redis, against the same session stored in the ways that are common.
#include <utility>

#include "redis_bench.hpp"
#include "report.hpp"

namespace ficha::bench {
namespace {

const int session_count = scaled(100'000);

class Filling {
 public:
  explicit Filling(testing::RedisServer& server) : server_(server), context_(connect(server)) {}

  template <class StoreOne>
  void fill(StoreOne store_one) {
    server_.command({"FLUSHALL"});
    for (int i = 0; i < session_count; ++i) store_one(i);
    drain();
  }

  // As MEMORY USAGE counts them, of the keys that match.
  double bytes_per_key(const char* pattern) {
    bytes_ = 0;
    std::size_t keys = 0;
    std::string cursor = "0";
    do {
      const auto page = server_.command({"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
      for (const auto& key : page.elements[1].elements) append({"MEMORY", "USAGE", key.text, "SAMPLES", "0"});
      keys += page.elements[1].elements.size();
      cursor = page.elements[0].text;
    } while (cursor != "0");
    drain();
    if (std::cmp_not_equal(keys, session_count)) throw std::runtime_error("not all sessions were stored");
    return static_cast<double>(bytes_) / session_count;
  }

  void append(const std::vector<std::string>& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const std::string& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), words.data(), lengths.data());
    if (++pending_ == 1000) drain();
  }

 private:
  void drain() {
    for (; pending_ > 0; --pending_) {
      void* reply = nullptr;
      if (redisGetReply(context_.get(), &reply) != REDIS_OK) throw std::runtime_error("no reply");
      bytes_ += static_cast<redisReply*>(reply)->integer;
      freeReplyObject(reply);
    }
  }

  testing::RedisServer& server_;
  Context context_;
  int pending_ = 0;
  std::int64_t bytes_ = 0;  // the sum of the integers replied
};

// 32 characters, as connect-redis' session ids and Spring Session's UUIDs have.
std::string session_name(int i) {
  std::string name = std::to_string(i);
  return name.insert(0, 32 - name.size(), 'k');
}

void run(Report& report) {
  testing::RedisServer server;
  const auto store = open_store(server, /*near_cache=*/false);
  Filling filling(server);
  filling.fill([&](int i) { await(*store, store->create(usual_session(i))); });
  const double ours = filling.bytes_per_key("ficha:{????}:*");
  report.note("more in the index of a principal with one session, which none of the others has",
              filling.bytes_per_key("ficha:{????}@*"), "B");

  const auto hash = [&](const std::vector<std::string>& more) {
    filling.fill([&](int i) {
      const std::string key = "session:" + session_name(i);
      std::vector<std::string> command = {"HSET",          key,
                                          "created",       "1763700000",
                                          "expires",       "1763743200",
                                          "idle",          "1800",
                                          "authenticated", "1763700000",
                                          "level",         "0",
                                          "principal",     "customer-" + std::to_string(i),
                                          "roles",         "customer",
                                          "theme",         "\"dark\"",
                                          "locale",        "\"pt-BR\""};
      command.insert(command.end(), more.begin(), more.end());
      filling.append(command);
      filling.append({"PEXPIRE", key, "1800000"});
    });
    return filling.bytes_per_key("session:*");
  };
  const double listpack = hash({});
  const double hashtable = hash({"user_agent", std::string(65, 'u')});
  filling.fill([&](int i) {
    filling.append({"SET", "sess:" + session_name(i),
                    R"({"cookie":{"originalMaxAge":1800000,"expires":"2025-11-21T12:00:00.000Z","secure":true,)"
                    R"("httpOnly":true,"path":"/","sameSite":"lax"},"user":"customer-)" +
                        std::to_string(i) + R"(","roles":["customer"],"theme":"dark","locale":"pt-BR"})",
                    "EX", "1800"});
  });
  const double connect_redis = filling.bytes_per_key("sess:*");

  report.measured("P11a", ours / listpack, {ours, listpack}, "B");
  report.measured("P11b", ours / hashtable, {ours, hashtable}, "B");
  report.measured("P11c", ours / connect_redis, {ours, connect_redis}, "B");
}

const Benchmark registered{"P11", run};

}  // namespace
}  // namespace ficha::bench
