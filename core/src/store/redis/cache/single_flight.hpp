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
#include "store/redis/node/slot_table.hpp"

namespace ficha::redis {

using LoadResult = Result<std::optional<Session>>;

class Flight;

// Which sessions are being read now. Thread rule: every function from any thread.
class SingleFlight {
 public:
  // Nobody joins a flight that is under way for `id` any more, and what it brings is not kept. Under lock(id).
  void invalidate(const SessionId& id) noexcept;

  // What invalidate(id) and Flight::invalidated() need.
  [[nodiscard]] std::unique_lock<std::mutex> lock(const SessionId& id) noexcept;

  // How many joined somebody else's flight.
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
//   Flight flight(cache.single_flight(), id, cache.placement(id));
//   if (const LoadResult* answer = co_await flight.join()) co_return LoadResult(*answer);  // somebody else's commands brought it
//   auto send = connection.send(commands);                                          // this one leads
//   auto replies = co_await send;                                                   // resumed in stream order
//   ... cache.keep(flight, token, session, freshness) ...
//   flight.complete(answer);                                                            // resumes those who joined
class Flight {
 public:
  // `placement`: where the read is routed.
  Flight(SingleFlight& flights, const SessionId& id, const Placement& placement) noexcept;
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  // A leader that never completed ends with ErrorCode::overloaded.
  ~Flight();

  class Join;
  // co_await yields the answer of a flight that is under way and valid, to be copied before the next suspension; or
  // nullptr: this one leads, complete() is due.
  [[nodiscard]] Join join() noexcept;
  // Leads whatever else is under way: for a read that must not see an older answer (fresh), and for touches.
  void lead() noexcept;

  // Once, by the leader: resumes everybody who joined, on this thread, each with the answer before its eyes.
  void complete(const LoadResult& answer) noexcept;

  [[nodiscard]] const SessionId& id() const noexcept { return id_; }
  // Under SingleFlight::lock(id()):
  [[nodiscard]] bool invalidated() const noexcept { return invalidated_; }
  [[nodiscard]] const Placement& placement() const noexcept { return placement_; }

 private:
  friend class SingleFlight;
  friend class Join;
  void list(SingleFlight::Place place) noexcept;

  SingleFlight& single_flight_;
  const SessionId id_;
  const Placement placement_;
  bool leads_ = false;
  bool invalidated_ = false;
  Flight* next_ = nullptr;       // leader: in its bucket; follower: behind the same leader
  Flight* followers_ = nullptr;  // of a leader, latest first
  std::coroutine_handle<> follower_;
  const LoadResult* result_ = nullptr;  // of a follower: its leader's
};

class Flight::Join {
 public:
  explicit Join(Flight& flight) noexcept : flight_(flight) {}
  static bool await_ready() noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) noexcept;  // false: leads
  [[nodiscard]] const LoadResult* await_resume() const noexcept { return flight_.result_; }

 private:
  Flight& flight_;
};

inline Flight::Join Flight::join() noexcept {
  return Join(*this);
}

}  // namespace ficha::redis
