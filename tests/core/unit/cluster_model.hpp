// A cluster, and a client's links to its nodes, as a machine that takes one step at a time: three primaries, a replica of
// the first, and one session whose slot moves between them. Whatever can happen between a command's sending, its execution and
// the reading of its reply is a step of its own, and so is every change of the cluster. Two things are bounded in time, as in
// a real cluster: until a node has heard of a change, and until one that is cut off says that the cluster is down.
//
// The model judges every hit: what it serves must have been the session at the slot's true owner within max_staleness and
// that bound, and never what this client's own acknowledged write has replaced.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ficha::redis::model {

inline constexpr int cluster_nodes = 4;
inline constexpr int first_primary = 0;  // owns the slot in the beginning
inline constexpr int replica_node = 3;   // of first_primary
inline constexpr std::int64_t cluster_step_ms = 200;
inline constexpr std::int64_t gossip_ms = cluster_step_ms;  // until every healthy node knows of a change
inline constexpr std::int64_t cluster_max_staleness_ms = 1000;

enum class ClusterStep : std::uint8_t {
  load,       // a request of this process asks for the session
  own_write,  // … writes it
  foreign_write,
  foreign_revoke,
  begin_migration,    // slot by slot, to the node given
  migrate_key,        // MIGRATE
  abandon_migration,  // SETSLOT STABLE on both
  end_migration,      // SETSLOT NODE
  force_move,         // a newer epoch takes the slot to the node given; its keys stay behind, and nobody pushes
  atomic_move,        // the slot with its keys at once; the old owner pushes when it trims
  trim,
  fail_over,  // planned: primary and replica change their roles, and the links stay open
  isolate,    // the node given is cut off from the others, not from clients
  promote,    // the replica of a primary that has said it is down
  heal,       // the node given is back
  gossip,     // the node given hears of what has changed
  execute,    // the node given executes the next command
  receive,    // the client reads the next item of its link to the node given
  probe,      // the client asks the node given whether it may serve
  ask_map,    // … for its map
  disconnect,
  reconnect,
  pass_time,
};
inline constexpr std::size_t cluster_step_count = 23;
inline constexpr const char* cluster_step_names[cluster_step_count] = {
    "load",          "own_write",  "foreign_write", "foreign_revoke", "begin_migration", "migrate_key", "abandon",
    "end_migration", "force_move", "atomic_move",   "trim",           "fail_over",       "isolate",     "promote",
    "heal",          "gossip",     "execute",       "receive",        "probe",           "ask_map",     "disconnect",
    "reconnect",     "pass_time"};

struct Happening {
  ClusterStep step;
  int node;
};

enum class Ask : std::uint8_t { get, asking_get, write, probe, map };

struct ClusterReply {
  enum class Kind : std::uint8_t { value, moved, ask, down, proves, map };
  Kind kind;
  std::uint64_t version = 0;  // of value; 0 = no such session
  int node = 0;               // of moved, ask and map: who owns the slot
  bool by_owner = false;      // of a write: at the slot's true owner
};

class ClusterClient {
 public:
  virtual ~ClusterClient() = default;
  virtual void load() = 0;
  virtual void write() = 0;
  virtual void probe(int node) = 0;
  virtual void ask_map(int node) = 0;
  virtual void on_push(int node) = 0;       // invalidate, of the session's key
  virtual void on_null_push(int node) = 0;  // the node forgot everything
  virtual void on_disconnect(int node) = 0;
};

class ClusterWorld {
 public:
  // What came back, and when it was asked; null when the link was lost before.
  using Done = std::function<void(const ClusterReply* reply, std::int64_t sent_at_ms)>;

  explicit ClusterWorld(ClusterClient& client) : client_(client) {
    nodes_[first_primary].version = nodes_[replica_node].version = truth_ = 1;
    nodes_[replica_node].primary = false;
  }

  // False if nothing can happen by this step now.
  bool apply(const Happening& happening) {
    const bool happened = try_step(happening.step, happening.node);
    note_truth();
    return happened;
  }

  // ---- for the client
  void send(int node, Ask ask, Done done) {
    Node& to = nodes_[node];
    if (!to.connected) return done(nullptr, now_ms_);
    to.sent.push_back({ask, now_ms_, std::move(done)});
  }
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
  // An own write of that version is known to have happened: what was before it is over. Unless several nodes have yet to hear
  // who owns the slot: together they lead everybody back to an owner that still answers with what it had.
  void acknowledge(std::uint64_t version) {
    int behind = 0;
    for (const Node& node : nodes_) behind += node.health == Health::ok && node.view != owner_;
    if (behind > 1) return;
    for (std::uint64_t before = 1; before < version; ++before)
      if (lives_[before].ended_at_ms != forever) lives_[before].ended_by_us = true;
  }
  void hit(std::uint64_t version) {
    ++hits_;
    const Life& life = lives_[version];
    if (life.ended_by_us) fail("a hit of what an own write has replaced");
    if (life.ended_at_ms + cluster_max_staleness_ms + gossip_ms < now_ms_)
      fail("a hit older than max staleness and gossip");
  }

  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] std::uint64_t hits() const { return hits_; }

 private:
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max() / 2;
  enum class Health : std::uint8_t { ok, isolated, down };

  struct Sent {
    Ask ask;
    std::int64_t at_ms;
    Done done;
  };
  struct Item {
    enum class Kind : std::uint8_t { reply, push, null_push };
    Kind kind;
    ClusterReply reply{};
    std::int64_t sent_at_ms = 0;
    Done done;
  };
  struct Node {
    Health health = Health::ok;
    bool primary = true;
    int view = first_primary;   // who owns the slot, as far as it knows
    std::uint64_t version = 0;  // of the session; 0 = none
    bool tracked = false;       // for this client
    bool connected = true;
    std::deque<Sent> sent;
    std::deque<Item> stream;
  };
  struct Life {
    std::int64_t ended_at_ms = forever;
    bool ended_by_us = false;
  };

  bool try_step(ClusterStep step, int node) {
    Node& at = nodes_[node];
    switch (step) {
      case ClusterStep::load:
        client_.load();
        return true;
      case ClusterStep::own_write:
        client_.write();
        return true;
      case ClusterStep::foreign_write:
        return is_served() && (change(owner_, ++newest_), true);
      case ClusterStep::foreign_revoke:
        return is_served() && nodes_[owner_].version != 0 && (change(owner_, 0), true);
      case ClusterStep::begin_migration:
        if (migrating_to_ >= 0 || !may_take(node)) return false;
        migrating_to_ = node;
        return true;
      case ClusterStep::migrate_key:
        return migrating_to_ >= 0 && nodes_[owner_].version != 0 && (move_key(), true);
      case ClusterStep::abandon_migration:
        return migrating_to_ >= 0 && (migrating_to_ = -1, true);
      case ClusterStep::end_migration:
        return end_migration();
      case ClusterStep::force_move:
        if (!may_take(node) || now_ms_ <= forced_at_ms_ + cluster_max_staleness_ms + gossip_ms) return false;
        nodes_[node].view = owner_ = node;
        migrating_to_ = -1;
        forced_at_ms_ = now_ms_;
        return true;
      case ClusterStep::atomic_move:
        return atomic_move(node);
      case ClusterStep::trim:
        return trim(at, node);
      case ClusterStep::fail_over:
        return nodes_[first_primary].health == Health::ok && exchange_roles();
      case ClusterStep::isolate:
        if (at.health != Health::ok || !is_majority_without(node)) return false;
        at.health = Health::isolated;
        if (migrating_to_ == node || owner_ == node) migrating_to_ = -1;
        return true;
      case ClusterStep::promote:
        return nodes_[first_primary].health == Health::down && exchange_roles();
      case ClusterStep::heal:
        return heal(at);
      case ClusterStep::gossip:
        return at.health == Health::ok && at.view != owner_ && (hear(at), true);
      case ClusterStep::execute:
        return execute(at, node);
      case ClusterStep::receive:
        return receive(at, node);
      case ClusterStep::probe:
        client_.probe(node);
        return true;
      case ClusterStep::ask_map:
        client_.ask_map(node);
        return true;
      case ClusterStep::disconnect:
        return disconnect(at, node);
      case ClusterStep::reconnect:
        return !at.connected && (at.connected = true);
      case ClusterStep::pass_time:
        for (Node& each : nodes_) {
          if (each.health == Health::isolated) each.health = Health::down;
          if (each.health == Health::ok) hear(each);
        }
        now_ms_ += cluster_step_ms;
        return true;
    }
    return false;
  }

  // ---- the cluster
  [[nodiscard]] bool is_served() const { return nodes_[owner_].health == Health::ok && migrating_to_ < 0; }
  [[nodiscard]] bool may_take(int node) const {
    return node != owner_ && nodes_[node].primary && nodes_[node].health == Health::ok &&
           nodes_[owner_].health == Health::ok;
  }
  [[nodiscard]] bool is_majority_without(int node) const {
    int others = 0;
    for (int i = 0; i < cluster_nodes; ++i) others += i != node && nodes_[i].primary && nodes_[i].health == Health::ok;
    return others >= 2;
  }
  // At a primary, and at its replica where that follows.
  void change(int node, std::uint64_t version) {
    change_at(nodes_[node], version);
    if (const int follower = follower_of(node); follower >= 0) change_at(nodes_[follower], version);
  }
  void change_at(Node& node, std::uint64_t version) {
    node.version = version;
    push(node, Item::Kind::push);
  }
  void push(Node& node, Item::Kind kind) {
    const bool due = node.connected && (node.tracked || kind == Item::Kind::null_push);
    node.tracked = false;
    if (due) node.stream.push_back({kind, {}, 0, {}});
  }
  [[nodiscard]] int follower_of(int node) const {
    const int other = node == first_primary ? replica_node : node == replica_node ? first_primary : -1;
    if (other < 0 || nodes_[other].primary || nodes_[other].health != Health::ok) return -1;
    return nodes_[node].health == Health::ok ? other : -1;
  }
  void move_key() {
    change(migrating_to_, nodes_[owner_].version);
    change(owner_, 0);
  }
  bool end_migration() {
    if (migrating_to_ < 0 || nodes_[owner_].version != 0) return false;
    const int old = std::exchange(owner_, std::exchange(migrating_to_, -1));
    nodes_[old].view = nodes_[owner_].view = owner_;
    return true;
  }
  bool atomic_move(int node) {
    if (migrating_to_ >= 0 || !may_take(node)) return false;
    change(node, nodes_[owner_].version);
    nodes_[owner_].view = nodes_[node].view = node;
    owner_ = node;
    return true;
  }
  bool trim(Node& at, int node) {
    if (node == owner_ || at.view == node || at.version == 0 || follower_of(owner_) == node) return false;
    change(node, 0);
    return true;
  }
  bool exchange_roles() {
    Node& old = nodes_[first_primary];
    Node& next = nodes_[replica_node];
    if (!old.primary || next.health != Health::ok) return false;
    old.primary = false;
    next.primary = true;
    if (owner_ == first_primary) {
      owner_ = replica_node;
      next.view = replica_node;
      if (old.health == Health::ok) old.view = replica_node;
      migrating_to_ = -1;
    }
    return true;
  }
  bool heal(Node& at) {
    if (at.health == Health::ok) return false;
    at.health = Health::ok;
    hear(at);
    if (!at.primary) {  // a full synchronization
      at.version = nodes_[replica_node].version;
      push(at, Item::Kind::null_push);
    }
    return true;
  }
  // A primary that hears that it has lost the slot deletes what it had of it, and says nothing.
  void hear(Node& at) {
    const int node = static_cast<int>(&at - nodes_.data());
    if (at.view == node && owner_ != node && at.primary) {
      at.version = 0;
      at.tracked = false;
    }
    at.view = owner_;
  }

  // ---- the links
  [[nodiscard]] ClusterReply answer(Node& at, int node, Ask ask) {
    if (ask == Ask::map) return {ClusterReply::Kind::map, 0, at.view};
    if (at.health == Health::down) return {ClusterReply::Kind::down};
    if (ask == Ask::probe) {
      if (at.primary) return {ClusterReply::Kind::proves};
      return {ClusterReply::Kind::moved, 0, node == first_primary ? replica_node : first_primary};
    }
    const bool imported = ask == Ask::asking_get && migrating_to_ == node;
    if (!imported && (!at.primary || at.view != node)) return {ClusterReply::Kind::moved, 0, at.view};
    if (ask == Ask::write) {
      if (node == owner_ && migrating_to_ >= 0 && at.version == 0) return {ClusterReply::Kind::ask, 0, migrating_to_};
      change(node, ++newest_);
      return {ClusterReply::Kind::value, newest_, node, node == owner_};
    }
    if (!imported && node == owner_ && migrating_to_ >= 0 && at.version == 0)
      return {ClusterReply::Kind::ask, 0, migrating_to_};
    at.tracked = true;
    return {ClusterReply::Kind::value, at.version};
  }
  bool execute(Node& at, int node) {
    if (at.sent.empty()) return false;
    Sent sent = std::move(at.sent.front());
    at.sent.pop_front();
    std::deque<Item> before;
    before.swap(at.stream);
    const ClusterReply reply = answer(at, node, sent.ask);
    before.push_back({Item::Kind::reply, reply, sent.at_ms, std::move(sent.done)});
    for (Item& own : at.stream) before.push_back(std::move(own));  // a client's own pushes come after its reply
    at.stream.swap(before);
    return true;
  }
  bool receive(Node& at, int node) {
    if (at.stream.empty()) return false;
    const Item item = std::move(at.stream.front());
    at.stream.pop_front();
    if (item.kind == Item::Kind::push) client_.on_push(node);
    if (item.kind == Item::Kind::null_push) client_.on_null_push(node);
    if (item.kind == Item::Kind::reply) item.done(&item.reply, item.sent_at_ms);
    return true;
  }
  bool disconnect(Node& at, int node) {
    if (!at.connected) return false;
    at.connected = at.tracked = false;
    std::vector<Done> lost;
    for (Item& item : at.stream)
      if (item.kind == Item::Kind::reply) lost.push_back(std::move(item.done));
    for (Sent& sent : at.sent) lost.push_back(std::move(sent.done));
    at.stream.clear();
    at.sent.clear();
    client_.on_disconnect(node);
    for (const Done& done : lost) done(nullptr, now_ms_);
    return true;
  }

  // ---- the judge
  // The session is what the slot's owner has, or during a migration the node that has the key.
  void note_truth() {
    const bool elsewhere = migrating_to_ >= 0 && nodes_[owner_].version == 0;
    const std::uint64_t now = nodes_[elsewhere ? migrating_to_ : owner_].version;
    lives_.resize(newest_ + 1);
    if (now == truth_) return;
    if (truth_ != 0) lives_[truth_].ended_at_ms = now_ms_;
    if (now != 0) lives_[now] = {};  // also one that a failover has brought back
    truth_ = now;
  }
  void fail(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  ClusterClient& client_;
  std::int64_t now_ms_ = 1'000'000;
  std::array<Node, cluster_nodes> nodes_;
  int owner_ = first_primary;  // by the newest configuration
  int migrating_to_ = -1;
  std::int64_t forced_at_ms_ = -forever;
  std::uint64_t newest_ = 1;
  std::uint64_t truth_ = 0;
  std::vector<Life> lives_ = std::vector<Life>(2);
  std::uint64_t hits_ = 0;
  std::string violation_;
};

}  // namespace ficha::redis::model
