#include "store/redis/node/eviction.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace ficha::redis {
namespace {

// The value of `field` in INFO's lines "field:value\r\n".
std::optional<std::string_view> field_of(ReplyView info, std::string_view field) noexcept {
  if (info.type() != ReplyView::Type::string) return std::nullopt;
  for (std::string_view rest = info.text(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.size() <= field.size() || !line.starts_with(field) || line[field.size()] != ':') continue;
    const std::string_view value = line.substr(field.size() + 1);
    return value.substr(0, value.find('\r'));
  }
  return std::nullopt;
}

}  // namespace

EvictionPolicy parse_eviction_policy(ReplyView info) noexcept {
  const std::optional<std::string_view> word = field_of(info, "maxmemory_policy");
  if (!word || word->empty()) return EvictionPolicy::unknown;
  for (auto policy = EvictionPolicy::noeviction; policy != EvictionPolicy::other;
       policy = static_cast<EvictionPolicy>(static_cast<int>(policy) + 1)) {
    if (name(policy) == *word) return policy;
  }
  return EvictionPolicy::other;
}

std::optional<std::uint64_t> parse_evicted_keys(ReplyView info) noexcept {
  const std::optional<std::string_view> digits = field_of(info, "evicted_keys");
  std::uint64_t count = 0;
  if (!digits) return std::nullopt;
  const char* const first = digits->data();
  const char* const last = first + digits->size();
  const auto [end, error] = std::from_chars(first, last, count);
  if (error != std::errc{} || end != last) return std::nullopt;
  return count;
}

void Eviction::learn(ReplyView info_memory, ReplyView info_stats) noexcept {
  policy_.store(parse_eviction_policy(info_memory), std::memory_order_relaxed);
  note(parse_evicted_keys(info_stats));
}

void Eviction::note(std::optional<std::uint64_t> evicted_keys) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  evicted_keys_.store(evicted_keys ? static_cast<std::int64_t>(std::min(*evicted_keys, most)) : unknown,
                      std::memory_order_relaxed);
}

std::optional<std::string> Eviction::warning() {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  if (evicts(policy)) {
    return "maxmemory-policy " + std::string(name(policy)) +
           " lets the server take sessions, and the lists of whose they are; set it to noeviction";
  }
  const bool silent = policy == EvictionPolicy::unknown || evicted_keys_.load(std::memory_order_relaxed) == unknown;
  if (!silent || std::exchange(silence_told_, true)) return std::nullopt;
  return "the server does not say whether it evicts keys (INFO memory, INFO stats); what concerns all sessions of a "
         "principal walks its keys";
}

void Eviction::add_to(Stats& stats) const noexcept {
  stats.eviction_policy = policy_.load(std::memory_order_relaxed);
  const std::int64_t evicted = evicted_keys_.load(std::memory_order_relaxed);
  if (evicted != unknown) stats.evicted_keys = static_cast<std::uint64_t>(evicted);
}

}  // namespace ficha::redis
