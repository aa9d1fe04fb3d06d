#include "store/redis/cache/flights.hpp"

#include <cstring>
#include <utility>

namespace ficha::redis {

Flights::Place Flights::place(const SessionId& id) noexcept {
  // Behind the route, an id is text of a SHA-256 digest: as good as random.
  std::uint64_t digest;
  std::memcpy(&digest, id.str().data() + 8, sizeof digest);
  digest = digest * 0x9E37'79B9'7F4A'7C15U >> 32U;
  Shard& shard = shards_[digest % shards_.size()];
  return {shard, shard.buckets[digest / shards_.size() % bucket_count]};
}

std::unique_lock<std::mutex> Flights::lock(const SessionId& id) noexcept {
  return std::unique_lock(place(id).shard.mutex);
}

void Flights::spoil(const SessionId& id) noexcept {
  for (Flight* flight = place(id).bucket; flight != nullptr; flight = flight->next_) {
    if (flight->id_ == id) flight->spoiled_ = true;
  }
}

Flight::Flight(Flights& flights, const SessionId& id, std::uint64_t epoch) noexcept
    : flights_(flights), id_(id), epoch_(epoch) {}

Flight::~Flight() {
  if (leads_) land(Error{ErrorCode::overloaded, {}});
}

void Flight::list(Flights::Place place) noexcept {
  leads_ = true;
  next_ = std::exchange(place.bucket, this);
}

void Flight::lead() noexcept {
  const Flights::Place place = flights_.place(id_);
  const std::lock_guard lock(place.shard.mutex);
  list(place);
}

bool Flight::Board::await_suspend(std::coroutine_handle<> caller) noexcept {
  const Flights::Place place = flight_.flights_.place(flight_.id_);
  const std::lock_guard lock(place.shard.mutex);
  for (Flight* other = place.bucket; other != nullptr; other = other->next_) {
    if (other->id_ != flight_.id_ || other->spoiled_ || other->epoch_ != flight_.epoch_) continue;
    flight_.passenger_ = caller;
    flight_.next_ = std::exchange(other->passengers_, &flight_);
    flight_.flights_.shared_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  flight_.list(place);
  return false;
}

void Flight::land(const Answer& answer) noexcept {
  Flight* passenger = nullptr;
  {
    const Flights::Place place = flights_.place(id_);
    const std::lock_guard lock(place.shard.mutex);
    Flight** link = &place.bucket;
    while (*link != this) link = &(*link)->next_;
    *link = next_;
    leads_ = false;
    passenger = std::exchange(passengers_, nullptr);
  }
  while (passenger != nullptr) {
    Flight* const next = passenger->next_;
    passenger->answer_ = &answer;
    passenger->passenger_.resume();  // may end the passenger's life
    passenger = next;
  }
}

}  // namespace ficha::redis
