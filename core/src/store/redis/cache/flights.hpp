// Reads that are on their way: one command pair answers everybody who asks for the same session meanwhile.
#pragma once

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "ficha/result.hpp"
#include "ficha/session.hpp"

namespace ficha::redis {

using Answer = Result<std::optional<Session>>;

class Flight;

// Which sessions are being read now. Thread rule: every function from any thread.
class Flights {
 public:
  // Nobody boards a flight that is under way for `id` any more, and what it brings is not kept. Under lock(id).
  void spoil(const SessionId& id) noexcept;

  // What spoil(id) and Flight::spoiled() need.
  [[nodiscard]] std::unique_lock<std::mutex> lock(const SessionId& id) noexcept;

  // How many boarded somebody else's flight.
  [[nodiscard]] std::uint64_t shared() const noexcept { return shared_.load(std::memory_order_relaxed); }

 private:
  friend class Flight;
  static constexpr std::size_t bucket_count = 128;

  struct alignas(64) Shard {
    std::mutex mutex;
    std::array<Flight*, bucket_count> buckets{};
  };
  struct Place {
    Shard& shard;
    Flight*& bucket;
  };
  [[nodiscard]] Place place(const SessionId& id) noexcept;

  std::array<Shard, 16> shards_;
  std::atomic<std::uint64_t> shared_{0};
};

// One request's seat. Lives in the coroutine that asks, from before its commands are sent until their replies are used:
//
//   Flight flight(cache.flights(), id, cache.epoch());
//   if (const Answer* answer = co_await flight.board()) co_return Answer(*answer);  // somebody else's commands brought it
//   auto send = connection.send(commands);                                          // this one leads
//   auto replies = co_await send;                                                   // resumed in stream order
//   ... cache.keep(flight, token, session, freshness) ...
//   flight.land(answer);                                                            // resumes those who boarded
class Flight {
 public:
  Flight(Flights& flights, const SessionId& id, std::uint64_t epoch) noexcept;
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  // A leader that never landed lands with ErrorCode::overloaded.
  ~Flight();

  class Board;
  // co_await yields the answer of a flight that is under way and unspoiled, to be copied before the next suspension; or
  // nullptr: this one leads, land() is due.
  [[nodiscard]] Board board() noexcept;
  // Leads whatever else is under way: for a read that must not see an older answer (fresh), and for touches.
  void lead() noexcept;

  // Once, by the leader: resumes everybody who boarded, on this thread, each with the answer before its eyes.
  void land(const Answer& answer) noexcept;

  [[nodiscard]] const SessionId& id() const noexcept { return id_; }
  // Under Flights::lock(id()):
  [[nodiscard]] bool spoiled() const noexcept { return spoiled_; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

 private:
  friend class Flights;
  friend class Board;
  void list(Flights::Place place) noexcept;

  Flights& flights_;
  const SessionId id_;
  const std::uint64_t epoch_;
  bool leads_ = false;
  bool spoiled_ = false;
  Flight* next_ = nullptr;        // leader: in its bucket; passenger: behind the same leader
  Flight* passengers_ = nullptr;  // of a leader, latest first
  std::coroutine_handle<> passenger_;
  const Answer* answer_ = nullptr;  // of a passenger: its leader's
};

class Flight::Board {
 public:
  explicit Board(Flight& flight) noexcept : flight_(flight) {}
  static bool await_ready() noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) noexcept;  // false: leads
  [[nodiscard]] const Answer* await_resume() const noexcept { return flight_.answer_; }

 private:
  Flight& flight_;
};

inline Flight::Board Flight::board() noexcept {
  return Board(*this);
}

}  // namespace ficha::redis
