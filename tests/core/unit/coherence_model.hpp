// A server with key tracking, one link to it, and a client with a cache, as a machine that takes one step at a time:
// whatever can happen between a command's sending, its execution and the reading of its reply is a step of its own.
// The model itself judges every answer: it must have been current at the server at some moment not before the last thing
// the client had read from the link when the request began. Any answer is taken for a proof of the link, which is more than
// a probe that only a primary answers rightly: whoever serves nothing wrong with the one does not with the other.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ficha::redis::model {

enum class Step : std::uint8_t {
  load,            // a request of this process asks for the session
  own_write,       // … writes it
  own_revoke,      // … revokes it
  own_rotate,      // … rotates it, with grace: the key stays, as kind 1
  own_touch,       // … moves its idle deadline
  foreign_write,   // another process writes, at once
  foreign_touch,   // …
  foreign_revoke,  // …
  forget,          // the server's tracking table is full: it forgets the key, with a push
  flush_all,       // FLUSHALL
  expire,          // the server deletes the key whose time has come
  execute,         // the server executes the next command that was sent
  receive,         // the client reads the next item of the stream
  disconnect,      // the link breaks; what was sent may still be executed
  reconnect,
  pass_time,  // 700 ms
  crowd_out,  // the cache evicts the session for others
};
inline constexpr std::size_t step_count = 17;
inline constexpr const char* step_names[step_count] = {
    "load",          "own_write",      "own_revoke", "own_rotate", "own_touch", "foreign_write",
    "foreign_touch", "foreign_revoke", "forget",     "flush_all",  "expire",    "execute",
    "receive",       "disconnect",     "reconnect",  "pass_time",  "crowd_out"};

inline constexpr std::int64_t step_ms = 700;
inline constexpr std::int64_t max_staleness_ms = 1000;
inline constexpr std::int64_t lifetime_ms = 1500;

enum class Command : std::uint8_t { get, pttl, write, revoke, rotate, touch, ping };

struct ModelReply {
  std::uint64_t version = 0;  // 0 = no such key
  bool superseded = false;
  std::int64_t ttl_ms = -2;
};

// Commands sent together. The client hears of it once: at the last reply, or when the link breaks.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void finished(bool ok) = 0;

  std::vector<Command> commands;
  std::vector<ModelReply> replies;
  std::int64_t sent_at_ms = 0;
};

class World;

class CachingClient {
 public:
  virtual ~CachingClient() = default;
  // A new session, and an empty cache.
  virtual void begin(World& world) = 0;
  virtual void load() = 0;
  virtual void write(Command command) = 0;
  virtual void touch() = 0;
  virtual void crowd_out() = 0;
  virtual void on_push() = 0;
  virtual void on_null_push() = 0;
  virtual void on_disconnect() = 0;
  // After every step: threads that were waiting run.
  virtual void settle() = 0;
};

class World {
 public:
  explicit World(CachingClient& client) : client_(client) { client.begin(*this); }

  // False if nothing can happen by this step now.
  bool apply(Step step) {
    const bool happened = try_step(step);
    client_.settle();
    return happened;
  }
  // Everything under way arrives, and one more request asks.
  void quiesce() {
    apply(Step::reconnect);
    while (apply(Step::execute)) {
    }
    while (apply(Step::receive)) {
    }
    apply(Step::load);
    while (apply(Step::execute)) {
    }
    while (apply(Step::receive)) {
    }
    apply(Step::disconnect);
  }

  // ---- for the client
  // False when the link is down.
  bool send(Operation& operation, std::vector<Command> commands) {
    if (!connected_) return false;
    operation.commands = std::move(commands);
    operation.replies.clear();
    operation.sent_at_ms = now_ms_;
    for (const Command command : operation.commands) sent_.push_back({command, &operation});
    under_way_.push_back(&operation);
    return true;
  }
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
  [[nodiscard]] std::int64_t proven_at_ms() const { return proven_at_ms_; }
  // What the client has read up to now, as the server's moment of the last item.
  [[nodiscard]] std::int64_t frontier() const { return frontier_; }

  void answered(std::uint64_t version, std::int64_t begun_at) { judge(version, begun_at, "an answer"); }
  void hit(std::uint64_t version) {
    ++hits_;
    judge(version, frontier_, "a hit");
    const Life& life = lives_[version];
    if (life.ended_at_ms + max_staleness_ms < now_ms_) fail("a hit older than max staleness");
    if (proven_at_ms_ == 0 || proven_at_ms_ + max_staleness_ms < now_ms_) fail("a hit without proof of the link");
    if (version == version_ && now_ms_ >= expires_ms_) fail("a hit after the deadline");
  }

  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] std::uint64_t hits() const { return hits_; }

 private:
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max() / 2;

  // When a version stopped being what a reader at the server would see.
  struct Life {
    std::int64_t ended_at = forever;  // moment
    std::int64_t ended_at_ms = forever;
  };
  struct Sent {
    Command command;
    Operation* operation;  // null when nobody waits for the reply any more
  };
  struct Item {
    enum class Kind : std::uint8_t { reply, push, null_push };
    Kind kind;
    Operation* operation;
    ModelReply reply;
    std::int64_t moment;
  };

  bool try_step(Step step) {
    switch (step) {
      case Step::load:
        client_.load();
        return true;
      case Step::own_write:
        client_.write(Command::write);
        return true;
      case Step::own_revoke:
        client_.write(Command::revoke);
        return true;
      case Step::own_rotate:
        client_.write(Command::rotate);
        return true;
      case Step::own_touch:
        client_.touch();
        return true;
      case Step::foreign_write:
        return live() && (++moment_, change(version_ + 1), true);
      case Step::foreign_touch:
        return live() && (++moment_, extend());
      case Step::foreign_revoke:
        return exists() && (++moment_, change(0), true);
      case Step::forget:
        return tracked_ && (++moment_, invalidate(), true);
      case Step::flush_all:
        return flush_all();
      case Step::expire:
        return version_ != 0 && now_ms_ >= expires_ms_ && (++moment_, change(0), true);
      case Step::execute:
        return execute();
      case Step::receive:
        return receive();
      case Step::disconnect:
        return disconnect();
      case Step::reconnect:
        return !connected_ && (connected_ = true);
      case Step::pass_time:
        now_ms_ += step_ms;
        return true;
      case Step::crowd_out:
        client_.crowd_out();
        return true;
    }
    return false;
  }

  // ---- the server
  [[nodiscard]] bool exists() const { return version_ != 0 && now_ms_ < expires_ms_; }
  [[nodiscard]] bool live() const { return exists() && !superseded_; }

  void invalidate() {
    if (!tracked_) return;
    tracked_ = false;
    stream_.push_back({Item::Kind::push, nullptr, {}, moment_});
  }
  // To another version, or 0: gone.
  void change(std::uint64_t version) {
    end_life();
    if (version != 0) {
      lives_.resize(version + 1);
      newest_ = version;
    }
    version_ = version;
    invalidate();
  }
  void end_life() {
    if (version_ == 0 || superseded_) return;
    lives_[version_] = {moment_, std::min(now_ms_, expires_ms_)};
  }
  bool extend() {
    if (expires_ms_ >= now_ms_ + lifetime_ms) return false;
    expires_ms_ = now_ms_ + lifetime_ms;
    invalidate();
    return true;
  }
  bool flush_all() {
    ++moment_;
    end_life();
    version_ = 0;
    tracked_ = false;
    if (connected_) stream_.push_back({Item::Kind::null_push, nullptr, {}, moment_});
    return true;
  }
  bool execute() {
    if (sent_.empty()) return false;
    const Sent sent = sent_.front();
    sent_.pop_front();
    ++moment_;
    // A client's own pushes come after the reply to its command.
    ModelReply reply;
    std::deque<Item> before;
    before.swap(stream_);
    const bool expired = version_ != 0 && now_ms_ >= expires_ms_;
    if (expired) change(0);
    switch (sent.command) {
      case Command::get:
        reply = {version_, superseded_, 0};
        tracked_ = tracked_ || sent.operation != nullptr;
        break;
      case Command::pttl:
        reply.ttl_ms = version_ == 0 ? -2 : expires_ms_ - now_ms_;
        tracked_ = tracked_ || sent.operation != nullptr;
        break;
      case Command::write:
        if (live()) change(version_ + 1);
        break;
      case Command::revoke:
        if (exists()) change(0);
        break;
      case Command::rotate:
        if (live()) {
          end_life();
          superseded_ = true;
          invalidate();
        }
        break;
      case Command::touch:
        if (exists()) extend();
        break;
      case Command::ping:
        break;
    }
    if (sent.operation != nullptr) before.push_back({Item::Kind::reply, sent.operation, reply, moment_});
    before.insert(before.end(), stream_.begin(), stream_.end());
    stream_.swap(before);
    return true;
  }

  // ---- the link
  bool receive() {
    if (stream_.empty() || !connected_) return false;
    const Item item = stream_.front();
    stream_.pop_front();
    frontier_ = item.moment;
    switch (item.kind) {
      case Item::Kind::push:
        client_.on_push();
        break;
      case Item::Kind::null_push:
        client_.on_null_push();
        break;
      case Item::Kind::reply:
        item.operation->replies.push_back(item.reply);
        if (item.operation->replies.size() < item.operation->commands.size()) break;
        proven_at_ms_ = item.operation->sent_at_ms;
        std::erase(under_way_, item.operation);
        item.operation->finished(true);
        break;
    }
    return true;
  }
  bool disconnect() {
    if (!connected_) return false;
    connected_ = false;
    tracked_ = false;
    proven_at_ms_ = 0;
    stream_.clear();
    for (Sent& sent : sent_) sent.operation = nullptr;
    client_.on_disconnect();
    std::vector<Operation*> failed;
    failed.swap(under_way_);
    for (Operation* operation : failed) operation->finished(false);
    return true;
  }

  // ---- the judge
  void judge(std::uint64_t version, std::int64_t since, const char* what) {
    if (version > newest_ || lives_[version].ended_at <= since)
      fail(std::string(what) + " of a version that had ended");
  }
  void fail(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  CachingClient& client_;
  std::int64_t now_ms_ = 1'000'000;
  std::int64_t moment_ = 0;
  std::uint64_t version_ = 1;
  std::uint64_t newest_ = 1;
  bool superseded_ = false;
  bool tracked_ = false;
  std::int64_t expires_ms_ = now_ms_ + lifetime_ms;
  std::vector<Life> lives_ = std::vector<Life>(2);
  bool connected_ = true;
  std::int64_t proven_at_ms_ = now_ms_;
  std::int64_t frontier_ = 0;
  std::deque<Sent> sent_;
  std::deque<Item> stream_;
  std::vector<Operation*> under_way_;
  std::uint64_t hits_ = 0;
  std::string violation_;
};

}  // namespace ficha::redis::model
