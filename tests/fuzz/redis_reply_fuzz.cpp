// The reply path against a hostile server: bytes cut at any place, any type, any depth, any length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/redis/node/eviction.hpp"
#include "store/redis/node/handshake.hpp"
#include "store/redis/wire/reply.hpp"

namespace {

using ficha::redis::Reply;
using ficha::redis::ReplyView;

std::size_t visit(ReplyView reply) {
  std::size_t seen = reply.text().size() + static_cast<std::size_t>(reply.integer() != 0);
  for (std::size_t i = 0; i < reply.size(); ++i) seen += visit(reply[i]);
  return seen;
}

}  // namespace

// The first byte says how many bytes arrive at a time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = std::size_t{data[0]} + 1;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);

  const ficha::redis::ReplyLimits limits{.string_bytes = 256, .depth = 4, .elements = 64, .total_bytes = 1024};
  ficha::redis::ReplyReader reader(limits);
  while (!bytes.empty() && !reader.failed()) {
    reader.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (const Reply reply = reader.next()) {
      const ReplyView root = ficha::redis::view(reply);
      if (visit(root) > limits.total_bytes + limits.elements) __builtin_trap();
      (void)ficha::redis::parse_time(root);
      (void)ficha::redis::parse_evicted_keys(root);
      if (name(ficha::redis::parse_eviction_policy(root)).empty()) __builtin_trap();
    }
  }
  return 0;
}
