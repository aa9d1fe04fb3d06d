// One thread of one process: reads, mostly; writes, revokes and rotates now and then; judges every answer.
#pragma once

#include <atomic>
#include <random>

#include "ledger.hpp"
#include "sessions.hpp"

namespace ficha::coherence {

// What the threads of a process share.
struct Process {
  int number;
  Client& client;  // for writes
  Sessions& sessions;
  Ledger& ledger;
  std::atomic<std::int64_t> proven_ns{0};
};

inline NewSession new_session() {
  return {.principal = "alice", .attributes = {{"n", "0"}}, .idle_timeout = std::chrono::seconds(16)};
}

class Worker {
 public:
  Worker(Process& process, std::uint64_t seed) : process_(process), random_(seed) {}

  void run(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) step();
    process_.ledger.operations += operations;
  }

 private:
  void step() {
    // Skewed: a few sessions are hot in every process.
    const std::uint64_t drawn = random_() % Ledger::place_count;
    Place& place = process_.ledger.places[drawn * drawn / Ledger::place_count];
    const std::uint64_t kind = random_() % 1000;
    if (kind < 6) return write(place);
    if (kind < 8) return retire(place);
    if (kind < 40) return look_for_ghost(place);
    read(place, kind < 60);
  }

  [[nodiscard]] Observer observer() const noexcept { return {process_.number, process_.proven_ns.load()}; }

  void read(Place& place, bool fresh) {
    const Place::View view = place.view(observer());
    const std::int64_t began_ns = now_ns();
    const auto loaded = process_.sessions.load({view.token.data(), view.token.size()}, view.id, fresh);
    if (!loaded) return fail();
    if (fresh) prove(began_ns);
    if (!*loaded) {
      if (place.lasts(view.incarnation)) ++process_.ledger.losses;
      return;
    }
    if ((*loaded)->id() != view.id) ++process_.ledger.foreign_reads;
    if ((*loaded)->generation() < view.least_generation) ++process_.ledger.stale_reads;
  }

  void look_for_ghost(Place& place) {
    const Place::Retired retired = place.retired(observer());
    const auto token = Token::parse({retired.token.data(), retired.token.size()}, {});
    if (!token) return;  // none was retired here yet
    const auto loaded = process_.sessions.load(token->reveal(), token->id(), false);
    if (!loaded) return fail();
    if (*loaded && retired.gone) ++process_.ledger.ghosts;
  }

  void write(Place& place) {
    const Place::View view = place.view(observer());
    const auto generation = process_.client.patch(view.id, {.ops = {{Patch::Kind::increment, "n", "", 1}}});
    if (!generation) {
      if (generation.error().code != ErrorCode::session_gone) return fail();
      if (place.lasts(view.incarnation)) ++process_.ledger.losses;
      return;
    }
    process_.sessions.written(view.id);
    place.written(view.incarnation, *generation, process_.number);
    ++process_.ledger.writes;
  }

  void retire(Place& place) {
    const Place::View view = place.view(observer());
    if (!place.begin_retiring(view.incarnation)) return;
    if (random_() % 2 == 0) {
      auto rotated = process_.client.rotate(view.id);
      if (rotated) {
        process_.sessions.written(view.id);
        place.retire(true, process_.number, *rotated);
        ++process_.ledger.retirements;
        return;
      }
    }
    const auto revoked = process_.client.revoke(view.id);
    process_.sessions.written(view.id);
    auto next = process_.client.create(new_session());
    while (!next) next = process_.client.create(new_session());
    place.retire(revoked && *revoked == RevokeOutcome::revoked, process_.number, *next);
    ++process_.ledger.retirements;
  }

  // The link has answered a question of that moment: what was pushed before has been applied.
  void prove(std::int64_t began_ns) noexcept {
    std::int64_t proven = process_.proven_ns.load();
    while (proven < began_ns && !process_.proven_ns.compare_exchange_weak(proven, began_ns)) {
    }
  }
  void fail() noexcept {
    ++process_.ledger.errors;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // as a service would not hammer a link that is down
  }

  Process& process_;
  std::mt19937_64 random_;
};

}  // namespace ficha::coherence
