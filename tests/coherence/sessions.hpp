// Two ways to read sessions through a cache: ours, and one as several clients in the field have it.
#pragma once

#include <hiredis/hiredis.h>

#include <sys/socket.h>

#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "ficha/client.hpp"
#include "session/record.hpp"
#include "store/redis/keys.hpp"

namespace ficha::coherence {

class Sessions {
 public:
  virtual ~Sessions() = default;
  virtual Result<std::optional<Session>> load(std::string_view token, const SessionId& id, bool fresh) = 0;
  // An own write to `id` was acknowledged.
  virtual void written(const SessionId& id) = 0;
  [[nodiscard]] virtual std::uint64_t hits() = 0;
};

class NearCachedSessions final : public Sessions {
 public:
  explicit NearCachedSessions(Client& client) : client_(client) {}
  Result<std::optional<Session>> load(std::string_view token, const SessionId&, bool fresh) override {
    return client_.load(token, {.fresh = fresh});
  }
  void written(const SessionId&) override {}
  std::uint64_t hits() override { return client_.stats().hits; }

 private:
  Client& client_;
};

// One RESP3 connection whose reader applies invalidations in order, but hands values to the threads that wait for them,
// and these put them into the cache.
class GetThenPutSessions final : public Sessions {
 public:
  explicit GetThenPutSessions(int port) : context_(redisConnect("127.0.0.1", port), redisFree) {
    for (const char* command : {"HELLO 3", "CLIENT TRACKING ON"})
      freeReplyObject(redisCommand(context_.get(), command));
    redisSetPushCallback(context_.get(), nullptr);
    reader_ = std::thread([this] { read(); });
  }
  ~GetThenPutSessions() override {
    ::shutdown(context_->fd, SHUT_RDWR);
    reader_.join();
  }

  Result<std::optional<Session>> load(std::string_view, const SessionId& id, bool fresh) override {
    const std::string key = redis::session_key("ficha", id);
    if (!fresh) {
      const std::lock_guard lock(cache_mutex_);
      const auto cached = cache_.find(key);
      if (cached != cache_.end()) {
        ++hits_;
        return std::optional(cached->second);
      }
    }
    const std::string record = get(key);
    if (record.empty()) return std::optional<Session>();
    const auto decoded = decode_record(record, id);
    if (!decoded || !std::holds_alternative<RecordFields>(*decoded)) return std::optional<Session>();
    Session session = make_session(id, std::get<RecordFields>(*decoded), 0);
    const std::lock_guard lock(cache_mutex_);
    cache_.insert_or_assign(key, session);
    return std::optional(std::move(session));
  }
  void written(const SessionId& id) override {
    const std::lock_guard lock(cache_mutex_);
    cache_.erase(redis::session_key("ficha", id));
  }
  std::uint64_t hits() override {
    const std::lock_guard lock(cache_mutex_);
    return hits_;
  }

 private:
  std::string get(const std::string& key) {
    std::promise<std::string> promise;
    auto value = promise.get_future();
    const std::string command = "*2\r\n$3\r\nGET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
    {
      const std::lock_guard lock(send_mutex_);
      waiting_.push_back(std::move(promise));
      if (::send(context_->fd, command.data(), command.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(command.size())) {
        throw std::runtime_error("the connection broke");
      }
    }
    return value.get();
  }
  void read() {
    void* raw = nullptr;
    while (redisGetReply(context_.get(), &raw) == REDIS_OK) {
      const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(static_cast<redisReply*>(raw),
                                                                          freeReplyObject);
      if (reply->type == REDIS_REPLY_PUSH) {
        invalidate(*reply);
        continue;
      }
      const std::lock_guard lock(send_mutex_);
      waiting_.front().set_value(reply->type == REDIS_REPLY_STRING ? std::string(reply->str, reply->len) : "");
      waiting_.pop_front();
    }
  }
  void invalidate(const redisReply& push) {
    const std::lock_guard lock(cache_mutex_);
    const redisReply& keys = *push.element[1];
    if (keys.type != REDIS_REPLY_ARRAY) cache_.clear();
    for (std::size_t i = 0; i < keys.elements; ++i) cache_.erase({keys.element[i]->str, keys.element[i]->len});
  }

  const std::unique_ptr<redisContext, decltype(&redisFree)> context_;
  std::thread reader_;
  std::mutex send_mutex_;
  std::deque<std::promise<std::string>> waiting_;
  std::mutex cache_mutex_;
  std::unordered_map<std::string, Session> cache_;
  std::uint64_t hits_ = 0;
};

}  // namespace ficha::coherence
