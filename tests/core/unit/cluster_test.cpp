// Random schedules of what can happen to a cluster, against the near cache and its table of slots, by the rules of their proof;
// and by rules that clients in the field have, to see that the judge would notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cache_fixture.hpp"
#include "cluster_model.hpp"
#include "store/redis/cache/near_cache.hpp"
#include "store/redis/cache/node_observer.hpp"
#include "store/redis/keys.hpp"

namespace ficha::redis::model {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

// Each is what a client does that takes it for enough.
struct Shortcuts {
  bool any_answer_proves = false;     // as one link's order would allow: TIME, a GET, a nil
  bool needs_no_map = false;          // a probe alone proves a node
  bool keeps_what_was_asked = false;  // an answer behind ASKING, as any other
  bool places_at_the_answer = false;  // an entry by the table of when its answer came, not of when it was routed
  bool believes_the_gainer = false;   // a node that says that it has the slot now is taken at its word
};

class TableClient final : public ClusterClient {
 public:
  explicit TableClient(const Shortcuts& shortcuts) : shortcuts_(shortcuts) {
    NearCacheConfig config;
    config.max_staleness = std::chrono::milliseconds(cluster_max_staleness_ms);
    config.max_entries = 8;
    config.max_bytes = 16U << 10U;
    cache_ = *NearCache::create(config, "ficha", openssl_random(), table_);
    for (int node = 0; node < cluster_nodes; ++node)
      observers_.push_back(std::make_unique<NodeObserver>(*cache_, static_cast<NodeNumber>(node)));
  }
  void begin(ClusterWorld& world) { world_ = &world; }

  void load() override {
    std::optional<Session> session;
    bool touch_due = false;
    if (cache_->find(token_, now_ns(), false, session, touch_due)) return world_->hit(session->generation());
    read(std::make_shared<Read>(*cache_, id_), owner());
  }
  void write() override {
    cache_->drop(id_);
    write_at(owner(), 0);
  }
  void probe(int node) override {
    world_->send(node, Ask::probe, [this, node](const ClusterReply* reply, std::int64_t sent_at_ms) {
      if (!reply) return;
      if (reply->kind == ClusterReply::Kind::proves || shortcuts_.any_answer_proves) return prove(node, sent_at_ms);
      probed_at_ms_[node] = never_ms;
      if (reply->kind == ClusterReply::Kind::moved) table_.renew(static_cast<NodeNumber>(node));
      note_proofs();
    });
  }
  void ask_map(int node) override {
    world_->send(node, Ask::map, [this, node, asked = changes_](const ClusterReply* reply, std::int64_t sent_at_ms) {
      if (!reply || !is_probed(node)) return;  // who may be cut off says nothing of others
      map_at_ms_[node] = sent_at_ms;
      // A map that was asked for before the table's last change knows nothing of what led to that.
      if (asked == changes_) learn(reply->node, node);
      note_proofs();
    });
  }
  void on_push(int node) override { observers_[node]->on_invalidate(key_); }
  void on_null_push(int node) override { observers_[node]->on_flush(); }
  void on_disconnect(int node) override {
    probed_at_ms_[node] = never_ms;
    observers_[node]->on_disconnect();
  }

 private:
  static constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::min() / 2;
  static constexpr int most_hops = 3;

  struct Read {
    Read(NearCache& cache, const SessionId& id) : flight(cache.single_flight(), id, cache.placement(id)) {
      flight.lead();
    }
    ~Read() { flight.complete(Error{ErrorCode::unavailable, {}}); }
    Flight flight;
    bool asked = false;
    int hops = 0;
  };

  [[nodiscard]] std::int64_t now_ns() const { return world_->now_ms() * ns_per_ms; }
  [[nodiscard]] int owner() const { return node_of(table_.word(slot_)); }
  [[nodiscard]] bool is_probed(int node) const {
    return probed_at_ms_[node] + cluster_max_staleness_ms >= world_->now_ms();
  }

  void read(std::shared_ptr<Read> read, int node) {
    const Ask ask = read->asked ? Ask::asking_get : Ask::get;
    world_->send(node, ask, [this, read, node](const ClusterReply* reply, std::int64_t sent_at_ms) {
      if (!reply) return;
      if (shortcuts_.any_answer_proves) prove(node, sent_at_ms);
      switch (reply->kind) {
        case ClusterReply::Kind::value:
          if (reply->version == 0)
            cache_->drop(id_);
          else
            keep(*read, reply->version, sent_at_ms);
          return;
        case ClusterReply::Kind::ask:
          read->asked = true;
          if (++read->hops < most_hops) this->read(read, reply->node);
          return;
        case ClusterReply::Kind::moved:
          moved(node, reply->node);
          read->asked = false;
          if (++read->hops < most_hops) this->read(read, reply->node);
          return;
        default:
          down(node);
      }
    });
  }
  void keep(Read& read, std::uint64_t version, std::int64_t sent_at_ms) {
    const Session session = versioned_session(id_, version, {.expires_at = 1'000'000'000, .idle_seconds = 1});
    const Freshness freshness{sent_at_ms * ns_per_ms, 1'000'000, now_ns(), world_->now_ms()};
    if (read.asked && !shortcuts_.keeps_what_was_asked) return;
    if (!gain_is_confirmed_ && !shortcuts_.believes_the_gainer) return;
    if (shortcuts_.places_at_the_answer) {
      Flight now(cache_->single_flight(), id_, cache_->placement(id_));
      now.lead();
      cache_->keep(now, token_, session, freshness);
      return;
    }
    cache_->keep(read.flight, token_, session, freshness);
  }
  void write_at(int node, int hops) {
    world_->send(node, Ask::write, [this, node, hops](const ClusterReply* reply, std::int64_t) {
      if (!reply) return cache_->drop(id_);
      if (reply->kind == ClusterReply::Kind::moved) {
        moved(node, reply->node);
        if (hops + 1 < most_hops) write_at(reply->node, hops + 1);
        return;
      }
      if (reply->kind == ClusterReply::Kind::down) down(node);
      cache_->drop(id_);
      if (reply->by_owner) world_->acknowledge(reply->version);
    });
  }

  // A loss is believed from anybody at once; a gain counts when another than the gainer says so.
  void learn(int says, int teller) {
    if (says != owner()) {
      table_.assign(slot_, static_cast<NodeNumber>(says));
      gain_is_confirmed_ = says != teller;
      ++changes_;
    } else if (says != teller) {
      gain_is_confirmed_ = true;
    }
  }
  void moved(int node, int to) {
    if (node == owner()) learn(to, node);
  }
  void down(int node) {
    probed_at_ms_[node] = never_ms;
    note_proofs();
  }
  void prove(int node, std::int64_t sent_at_ms) {
    probed_at_ms_[node] = sent_at_ms;
    note_proofs();
  }
  // The older of a node's last probe and the last map of another.
  void note_proofs() {
    for (int node = 0; node < cluster_nodes; ++node) {
      std::int64_t map_ms = never_ms;
      for (int other = 0; other < cluster_nodes; ++other)
        if (other != node) map_ms = std::max(map_ms, map_at_ms_[other]);
      const std::int64_t at_ms = shortcuts_.needs_no_map ? probed_at_ms_[node] : std::min(probed_at_ms_[node], map_ms);
      table_.prove(static_cast<NodeNumber>(node), at_ms == never_ms ? no_proof : at_ms * ns_per_ms);
    }
  }

  const Shortcuts shortcuts_;
  ClusterWorld* world_ = nullptr;
  SlotTable table_{hash_slots};
  std::unique_ptr<NearCache> cache_;
  std::vector<std::unique_ptr<NodeObserver>> observers_;
  const SessionId id_ = session_id(1);
  const std::string token_ = "token";
  const std::string key_ = session_key("ficha", id_);
  const std::uint16_t slot_ = slot_of_route(id_.route());
  bool gain_is_confirmed_ = true;
  std::uint64_t changes_ = 0;  // of the slot's owner in the table
  std::array<std::int64_t, cluster_nodes> probed_at_ms_{never_ms, never_ms, never_ms, never_ms};
  std::array<std::int64_t, cluster_nodes> map_at_ms_{never_ms, never_ms, never_ms, never_ms};
};

// A schedule: requests and links that go on, time that passes, anything now and then, and through all of it a story of the
// cluster in which two things have to come together. For a while at a time some links stand still, and some kind of question
// is not asked.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed), story_(stories()[seed % stories().size()]) {
    const int taker = 1 + below(2);
    haste_ = below(100);
    for (Happening& happening : story_)
      if (happening.node == some_other) happening.node = taker;
  }

  void add_next(std::vector<Happening>& next) {
    if (below(40) == 0) change_mood();
    if (told_ > 0 && below(100) < haste_) return tell(next);
    const int kind = below(100);
    if (kind < 30) {
      next.push_back({ClusterStep::load, 0});
    } else if (kind < 50) {
      at_each_node(ClusterStep::execute, next);
    } else if (kind < 70) {
      at_each_node(ClusterStep::receive, next);
    } else if (kind < 76) {
      if (muted_ != ClusterStep::probe) at_each_node(ClusterStep::probe, next);
    } else if (kind < 82) {
      if (muted_ != ClusterStep::ask_map) at_each_node(ClusterStep::ask_map, next);
    } else if (kind < 90) {
      next.push_back({ClusterStep::pass_time, 0});
    } else if (kind < 97) {
      tell(next);
    } else {
      next.push_back({static_cast<ClusterStep>(below(cluster_step_count)), below(cluster_nodes)});
    }
  }

 private:
  static constexpr int some_other = -1;

  static const std::vector<std::vector<Happening>>& stories() {
    using enum ClusterStep;
    static const std::vector<std::vector<Happening>> all = {
        {},
        {{begin_migration, some_other}, {migrate_key, 0}, {load, 0}, {end_migration, 0}, {foreign_write, 0}},
        {{begin_migration, some_other},
         {migrate_key, 0},
         {receive, 0},
         {load, 0},
         {execute, 0},
         {receive, 0},
         {execute, some_other},
         {receive, some_other},
         {abandon_migration, 0},
         {foreign_write, 0}},
        {{force_move, some_other},
         {gossip, 1},
         {gossip, 2},
         {gossip, 3},
         {ask_map, some_other},
         {execute, some_other},
         {receive, some_other},
         {own_write, 0},
         {execute, some_other},
         {receive, some_other},
         {ask_map, 0},
         {execute, 0},
         {receive, 0},
         {load, 0},
         {execute, 0},
         {receive, 0},
         {load, 0}},
        {{force_move, some_other}, {foreign_write, 0}, {gossip, 0}},
        {{atomic_move, some_other}, {foreign_write, 0}, {foreign_revoke, 0}, {trim, 0}},
        {{fail_over, 0}, {foreign_write, 0}, {foreign_revoke, 0}},
        {{isolate, 0}, {load, 0}, {pass_time, 0}, {promote, 0}, {foreign_write, 0}, {heal, 0}},
    };
    return all;
  }
  // A link that a story wants to go on does so with all that is on it.
  void tell(std::vector<Happening>& next) {
    if (told_ == story_.size()) return;
    const Happening happening = story_[told_++];
    const bool link = happening.step == ClusterStep::execute || happening.step == ClusterStep::receive;
    next.insert(next.end(), link ? 8 : 1, happening);
  }
  int below(std::size_t bound) { return static_cast<int>(random_() % bound); }
  void at_each_node(ClusterStep step, std::vector<Happening>& next) {
    const int first = below(cluster_nodes);
    for (int i = 0; i < cluster_nodes; ++i) {
      const int node = (first + i) % cluster_nodes;
      if (node != still_) next.push_back({step, node});
    }
  }
  void change_mood() {
    constexpr std::array kinds = {ClusterStep::load, ClusterStep::ask_map, ClusterStep::ask_map, ClusterStep::probe};
    muted_ = kinds[static_cast<std::size_t>(below(kinds.size()))];
    still_ = below(3 * cluster_nodes);
  }

  std::mt19937_64 random_;
  std::vector<Happening> story_;
  std::size_t told_ = 0;
  int haste_ = 0;                          // how often in a hundred nothing else happens in between
  ClusterStep muted_ = ClusterStep::load;  // none
  int still_ = cluster_nodes;              // none
};

std::string describe(const std::vector<Happening>& happened) {
  std::string text;
  for (const auto& [step, node] : happened)
    text.append(" ")
        .append(cluster_step_names[static_cast<std::size_t>(step)])
        .append("@")
        .append(std::to_string(node));
  return text;
}

struct Outcome {
  std::uint64_t hits = 0;
  std::string violation;  // and how it came about
};

// So many schedules by these rules, until one is violated; the seed of each is its number.
Outcome run(const Shortcuts& shortcuts, std::uint64_t schedules) {
  Outcome outcome;
  for (std::uint64_t seed = 0; seed < schedules; ++seed) {
    Schedule schedule(seed);
    TableClient client(shortcuts);
    ClusterWorld world(client);
    client.begin(world);
    std::vector<Happening> happened;
    std::vector<Happening> next;
    for (int step = 0; step < 300 && world.violation().empty(); ++step) {
      next.clear();
      schedule.add_next(next);
      for (const Happening& happening : next)
        if (world.apply(happening)) happened.push_back(happening);
    }
    outcome.hits += world.hits();
    if (world.violation().empty()) continue;
    outcome.violation = "seed " + std::to_string(seed) + ", " + world.violation() + ":" + describe(happened);
    break;
  }
  return outcome;
}

std::uint64_t schedule_count() {
  const char* const wanted = std::getenv("FICHA_CLUSTER_SCHEDULES");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 2'000 : std::strtoull(wanted, nullptr, 10);
}

TEST(ClusterModel, NoScheduleMakesTheNearCacheServeWhatHasEnded) {
  const Outcome outcome = run({}, schedule_count());
  EXPECT_EQ(outcome.violation, "");
  EXPECT_GT(outcome.hits, schedule_count()) << "the cache was hardly used";
  RecordProperty("hits", std::to_string(outcome.hits));
}

TEST(ClusterModel, TheJudgeCatchesEachShortcut) {
  const std::pair<const char*, Shortcuts> each[] = {
      {"any answer proves, as on one link", {.any_answer_proves = true, .needs_no_map = true}},
      {"no map is needed", {.needs_no_map = true}},
      {"what was asked is kept", {.keeps_what_was_asked = true}},
      {"placed at the answer", {.places_at_the_answer = true}},
      {"the gainer is believed", {.believes_the_gainer = true}},
  };
  for (const auto& [name, shortcuts] : each) EXPECT_NE(run(shortcuts, schedule_count()).violation, "") << name;
}

}  // namespace
}  // namespace ficha::redis::model
