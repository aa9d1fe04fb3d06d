#include "store/redis/cache/single_flight.hpp"

#include <cstring>
#include <utility>

namespace ficha::redis {

SingleFlight::Place SingleFlight::place(const SessionId& id) noexcept {
  // Behind the route, an id is text of a SHA-256 digest: as good as random.
  std::uint64_t digest;
  std::memcpy(&digest, id.str().data() + 8, sizeof digest);
  digest = digest * 0x9E37'79B9'7F4A'7C15U >> 32U;
  Shard& shard = shards_[digest % shards_.size()];
  return {shard, shard.buckets[digest / shards_.size() % bucket_count]};
}

std::unique_lock<std::mutex> SingleFlight::lock(const SessionId& id) noexcept {
  return std::unique_lock(place(id).shard.mutex);
}

void SingleFlight::invalidate(const SessionId& id) noexcept {
  for (Flight* flight = place(id).bucket; flight != nullptr; flight = flight->next_) {
    if (flight->id_ == id) flight->invalidated_ = true;
  }
}

Flight::Flight(SingleFlight& flights, const SessionId& id, const Placement& placement) noexcept
    : single_flight_(flights), id_(id), placement_(placement) {}

Flight::~Flight() {
  if (leads_) complete(Error{ErrorCode::overloaded, {}});
}

void Flight::list(SingleFlight::Place place) noexcept {
  leads_ = true;
  next_ = std::exchange(place.bucket, this);
}

void Flight::lead() noexcept {
  const SingleFlight::Place place = single_flight_.place(id_);
  const std::lock_guard lock(place.shard.mutex);
  list(place);
}

bool Flight::Join::await_suspend(std::coroutine_handle<> caller) noexcept {
  const SingleFlight::Place place = flight_.single_flight_.place(flight_.id_);
  const std::lock_guard lock(place.shard.mutex);
  for (Flight* other = place.bucket; other != nullptr; other = other->next_) {
    if (other->id_ != flight_.id_ || other->invalidated_ || other->placement_.word != flight_.placement_.word) continue;
    flight_.follower_ = caller;
    flight_.next_ = std::exchange(other->followers_, &flight_);
    flight_.single_flight_.shared_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  flight_.list(place);
  return false;
}

void Flight::complete(const LoadResult& answer) noexcept {
  Flight* follower = nullptr;
  {
    const SingleFlight::Place place = single_flight_.place(id_);
    const std::lock_guard lock(place.shard.mutex);
    Flight** link = &place.bucket;
    while (*link != this) link = &(*link)->next_;
    *link = next_;
    leads_ = false;
    follower = std::exchange(followers_, nullptr);
  }
  while (follower != nullptr) {
    Flight* const next = follower->next_;
    follower->result_ = &answer;
    follower->follower_.resume();  // may end the follower's life
    follower = next;
  }
}

}  // namespace ficha::redis
