// The near cache's place in the stream of one node.
#pragma once

#include "store/redis/cache/near_cache.hpp"

namespace ficha::redis {

class NodeObserver final : public StreamObserver {
 public:
  NodeObserver(NearCache& cache, NodeNumber node) noexcept : cache_(cache), node_(node) {}

  void on_invalidate(std::string_view key) noexcept override { cache_.invalidate(key); }
  void on_flush() noexcept override { cache_.flush(node_); }
  void on_proof(std::int64_t sent_at_ns) noexcept override { cache_.prove(node_, sent_at_ns); }
  void on_doubt() noexcept override { cache_.prove(node_, no_proof); }
  void on_disconnect() noexcept override { cache_.disconnect(node_); }

 private:
  NearCache& cache_;
  const NodeNumber node_;
};

}  // namespace ficha::redis
