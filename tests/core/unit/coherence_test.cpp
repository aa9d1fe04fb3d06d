// Every order of what can happen to one session, up to a length, against the near cache; and against a cache that reads
// first and puts later, to see that the judge would notice.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "base/task.hpp"
#include "cache_fixture.hpp"
#include "coherence_model.hpp"
#include "store/redis/cache/near_cache.hpp"
#include "store/redis/keys.hpp"

namespace ficha::redis::model {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

// co_await gives whether the replies came.
class Send final : public Operation {
 public:
  Send(World& world, std::vector<Command> to_send) : world_(world), to_send_(std::move(to_send)) {}
  static bool await_ready() { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    return world_.send(*this, std::move(to_send_));
  }
  [[nodiscard]] bool await_resume() const { return ok_; }
  void finished(bool ok) override {
    ok_ = ok;
    caller_.resume();
  }

 private:
  World& world_;
  std::vector<Command> to_send_;
  std::coroutine_handle<> caller_;
  bool ok_ = false;
};

// The protocol of near_cache.hpp, as RedisStore speaks it.
class NearCacheClient final : public CachingClient {
 public:
  NearCacheClient() {
    NearCacheConfig config;
    config.max_staleness = std::chrono::milliseconds(max_staleness_ms);
    config.max_entries = 8;
    config.max_bytes = 16U << 10U;
    cache_ = *NearCache::create(config, "ficha", openssl_random(), table_);
  }

  void begin(World& world) override {
    world_ = &world;
    cache_->flush(0);
    id_ = session_id(++number_);
    token_ = "token-" + std::to_string(number_);
    key_ = session_key("ficha", id_);
  }
  void load() override { run_load(); }
  void write(Command command) override { run_write(command); }
  void touch() override { run_touch(); }
  void crowd_out() override {
    for (std::uint64_t other = 0; other < 16; ++other) {
      const SessionId id = session_id(1'000'000'000'000 + other);
      Flight flight(cache_->single_flight(), id, cache_->placement(id));
      flight.lead();
      note_proof();
      const std::string token = "other-" + std::to_string(other);
      cache_->keep(flight, token, versioned_session(id, 1, shape()), freshness(world_->now_ms(), lifetime_ms));
      flight.complete(std::optional<Session>());
    }
  }
  void on_push() override { cache_->invalidate(key_); }
  void on_null_push() override { cache_->flush(0); }
  void on_disconnect() override { cache_->disconnect(0); }
  void settle() override {}

 private:
  Detached run_load() {
    const std::int64_t begun_at = world_->frontier();
    std::optional<Session> session;
    bool touch_due = false;
    note_proof();
    if (cache_->find(token_, world_->now_ms() * ns_per_ms, false, session, touch_due)) {
      world_->hit(session->generation());
      co_return;
    }
    Flight flight(cache_->single_flight(), id_, cache_->placement(id_));
    if (const LoadResult* answer = co_await flight.join()) {
      if (*answer && answer->value()) world_->answered(answer->value()->generation(), begun_at);
      co_return;
    }
    Send send(*world_, {Command::get, Command::pttl});
    const bool ok = co_await send;
    complete(flight, send, ok, begun_at);
  }
  Detached run_write(Command command) {
    cache_->drop(id_);
    Send send(*world_, {command});
    (void)co_await send;
    cache_->drop(id_);
  }
  // PEXPIREAT … GT; when PONG says that its own push has passed, the GET that registers again.
  Detached run_touch() {
    Send touch(*world_, {Command::touch, Command::ping});
    if (!co_await touch) co_return;
    const std::int64_t begun_at = world_->frontier();
    Flight flight(cache_->single_flight(), id_, cache_->placement(id_));
    flight.lead();
    Send send(*world_, {Command::get, Command::pttl});
    const bool ok = co_await send;
    complete(flight, send, ok, begun_at);
  }

  void complete(Flight& flight, const Send& send, bool ok, std::int64_t begun_at) {
    if (!ok) {
      flight.complete(Error{ErrorCode::unavailable, {}});
      return;
    }
    note_proof();
    const ModelReply& value = send.replies[0];
    if (value.version == 0) {
      flight.complete(std::optional<Session>());
      return;
    }
    if (value.superseded) {  // the answer is another session, its successor
      const Session successor = versioned_session(session_id(999'999'999'999), value.version, shape());
      EXPECT_FALSE(cache_->keep(flight, token_, successor, freshness(send.sent_at_ms, send.replies[1].ttl_ms)));
      flight.complete(std::optional<Session>());
      return;
    }
    const Session session = versioned_session(id_, value.version, shape());
    cache_->keep(flight, token_, session, freshness(send.sent_at_ms, send.replies[1].ttl_ms));
    world_->answered(session.generation(), begun_at);
    flight.complete(std::optional(session));
  }

  void note_proof() {
    const std::int64_t at_ms = world_->proven_at_ms();
    cache_->prove(0, at_ms == 0 ? no_proof : at_ms * ns_per_ms);
  }

  [[nodiscard]] Freshness freshness(std::int64_t sent_at_ms, std::int64_t ttl_ms) const {
    return {.sent_at_ns = sent_at_ms * ns_per_ms,
            .remaining_ms = ttl_ms,
            .now_ns = world_->now_ms() * ns_per_ms,
            .server_ms = world_->now_ms()};
  }
  static SessionShape shape() { return {.expires_at = 1'000'000'000, .idle_seconds = 1}; }

  World* world_ = nullptr;
  SlotTable table_;
  std::unique_ptr<NearCache> cache_;
  std::uint64_t number_ = 0;
  SessionId id_ = session_id(0);
  std::string token_;
  std::string key_;
};

// What several clients in the field do: the thread that waited puts what it was given, whatever was pushed meanwhile.
class GetThenPutClient final : public CachingClient {
 public:
  void begin(World& world) override {
    world_ = &world;
    reads_.clear();
    cached_.reset();
    to_put_.reset();
  }
  void load() override {
    const bool proven = world_->proven_at_ms() != 0 && world_->now_ms() - world_->proven_at_ms() <= max_staleness_ms;
    if (proven && cached_ && world_->now_ms() < cached_->deadline_ms) {
      world_->hit(cached_->version);
      return;
    }
    auto read = std::make_unique<Read>(*this, world_->frontier());
    if (world_->send(*read, {Command::get, Command::pttl})) reads_.push_back(std::move(read));
  }
  void write(Command command) override {
    cached_.reset();
    auto read = std::make_unique<Read>(*this, world_->frontier());
    if (world_->send(*read, {command})) reads_.push_back(std::move(read));
  }
  void touch() override { write(Command::touch); }
  void crowd_out() override { cached_.reset(); }
  void on_push() override { cached_.reset(); }
  void on_null_push() override { cached_.reset(); }
  void on_disconnect() override { cached_.reset(); }
  void settle() override {
    // The thread woken in the step before this one runs now.
    if (to_put_) cached_ = to_put_;
    to_put_ = std::exchange(woken_, std::nullopt);
  }

 private:
  struct Cached {
    std::uint64_t version;
    std::int64_t deadline_ms;
  };
  struct Read final : Operation {
    Read(GetThenPutClient& the_owner, std::int64_t moment) : owner(the_owner), begun_at(moment) {}
    void finished(bool ok) override {
      if (!ok || commands[0] != Command::get || replies[0].version == 0 || replies[0].superseded) return;
      owner.world_->answered(replies[0].version, begun_at);
      owner.woken_ = Cached{replies[0].version, sent_at_ms + replies[1].ttl_ms};
    }
    GetThenPutClient& owner;
    std::int64_t begun_at;
  };

  World* world_ = nullptr;
  std::vector<std::unique_ptr<Read>> reads_;
  std::optional<Cached> cached_;
  std::optional<Cached> woken_;
  std::optional<Cached> to_put_;
};

using Sequence = std::vector<Step>;

std::string describe(const Sequence& sequence) {
  std::string text;
  for (const Step step : sequence) text += std::string(" ") + step_names[static_cast<std::size_t>(step)];
  return text;
}

struct Tally {
  std::uint64_t sequences = 0;
  std::uint64_t hits = 0;
  std::uint64_t violations = 0;
  std::string first;  // the first violation and how it came about
};

void count(const World& world, const Sequence& sequence, Tally& tally) {
  ++tally.sequences;
  tally.hits += world.hits();
  if (world.violation().empty()) return;
  ++tally.violations;
  if (tally.first.empty()) tally.first = world.violation() + ":" + describe(sequence);
}

// Runs one sequence. Where a step could not happen, says at which place: longer sequences that begin so are not new.
std::optional<std::size_t> run(CachingClient& client, const Sequence& sequence, Tally& tally) {
  World world(client);
  std::optional<std::size_t> idle;
  for (std::size_t i = 0; i < sequence.size() && !idle; ++i) {
    if (!world.apply(sequence[i])) idle = i;
  }
  world.quiesce();
  if (!idle) count(world, sequence, tally);
  return idle;
}

// All sequences of `depth` steps behind `prefix`.
void run_all(CachingClient& client, const Sequence& prefix, std::size_t depth, Tally& tally) {
  Sequence sequence = prefix;
  sequence.resize(prefix.size() + depth, Step{});
  const auto increment = [&](std::size_t place) {
    for (std::size_t i = place + 1; i < sequence.size(); ++i) sequence[i] = Step{};
    for (;; --place) {
      const auto next = static_cast<std::size_t>(sequence[place]) + 1;
      if (next < step_count) {
        sequence[place] = static_cast<Step>(next);
        return true;
      }
      sequence[place] = Step{};
      if (place == prefix.size()) return false;
    }
  };
  for (bool more = true; more;) {
    const auto idle = run(client, sequence, tally);
    more = increment(idle.value_or(sequence.size() - 1));
  }
}

Step random_step(std::mt19937_64& random) {
  // Mostly what moves the link, or little would arrive; seldom what ends the session, or little would happen.
  constexpr std::array usual = {Step::load,    Step::load,    Step::execute,  Step::execute,
                                Step::receive, Step::receive, Step::reconnect};
  constexpr std::array writes = {Step::own_write, Step::own_touch, Step::foreign_write, Step::foreign_touch,
                                 Step::forget,    Step::pass_time, Step::disconnect,    Step::crowd_out};
  constexpr std::array ends = {Step::own_revoke, Step::own_rotate, Step::foreign_revoke, Step::flush_all, Step::expire};
  const std::uint64_t kind = random() % 100;
  if (kind < 2) return ends[random() % ends.size()];
  return kind < 25 ? writes[random() % writes.size()] : usual[random() % usual.size()];
}

std::size_t exhaustive_depth() {
  const char* const depth = std::getenv("FICHA_COHERENCE_DEPTH");  // NOLINT(concurrency-mt-unsafe)
  return depth == nullptr ? 4 : static_cast<std::size_t>(std::atoi(depth));
}

const std::array<Sequence, 6> beginnings = {{
    {},
    {Step::load},
    {Step::load, Step::execute},
    {Step::load, Step::execute, Step::execute},
    {Step::load, Step::execute, Step::execute, Step::receive},
    {Step::load, Step::execute, Step::execute, Step::receive, Step::receive},
}};

TEST(Coherence, NoOrderOfEventsMakesTheNearCacheServeWhatHadEnded) {
  NearCacheClient client;
  Tally tally;
  for (const Sequence& beginning : beginnings) run_all(client, beginning, exhaustive_depth(), tally);
  EXPECT_EQ(tally.violations, 0U) << tally.first;
  EXPECT_GT(tally.hits, tally.sequences / 20) << "the cache was hardly used";
  RecordProperty("sequences", std::to_string(tally.sequences));
  RecordProperty("hits", std::to_string(tally.hits));
}

TEST(Coherence, NorDoesAnyLongRandomOne) {
  NearCacheClient client;
  Tally tally;
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    World world(client);
    Sequence happened;
    for (int step = 0; step < 60; ++step) {
      const Step next = random_step(random);
      if (world.apply(next)) happened.push_back(next);
    }
    world.quiesce();
    count(world, happened, tally);
  }
  EXPECT_EQ(tally.violations, 0U) << tally.first;
  EXPECT_GT(tally.hits, 5'000U);
}

TEST(Coherence, TheJudgeCatchesACacheThatReadsFirstAndPutsLater) {
  GetThenPutClient client;
  Tally tally;
  for (const Sequence& beginning : beginnings) run_all(client, beginning, 3, tally);
  EXPECT_GT(tally.violations, 100U);
  EXPECT_GT(tally.hits, 0U);
}

}  // namespace
}  // namespace ficha::redis::model
