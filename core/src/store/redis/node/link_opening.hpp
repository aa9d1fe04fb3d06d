// Making a link: a socket, TLS, the handshake. Blocks; for a thread of the connection's own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "store/redis/node/connection.hpp"
#include "store/redis/node/handshake.hpp"
#include "store/redis/socket/transport.hpp"
#include "store/redis/wire/reply.hpp"

namespace ficha::redis {

// A link that has answered its handshake, and nothing else yet.
struct OpenLink {
  Transport transport;
  std::unique_ptr<ReplyReader> replies;  // may hold what came right behind the handshake
  std::int64_t sent_at = 0;              // Clock::monotonic_nanoseconds when the handshake was sent
  std::int64_t server_milliseconds = 0;  // what the server said of the time then
  ServerFacts server;
  Reply memory_info;  // of INFO, or why it was refused
  Reply stats_info;
};

// Within connect_timeout from now, or until the wake-up is cancelled.
// Errors: as judge_handshake.
[[nodiscard]] Result<OpenLink> open_link(const ConnectionSettings& settings, Clock& clock, Resolver& resolver,
                                         const Wakeup& wakeup);

// A link made on a thread of its own, while another is still in use.
class TrialLink {
 public:
  // `owner` is signalled when the trial is over. Both outlive this object.
  TrialLink(const ConnectionSettings& settings, Clock& clock, const Wakeup& owner);
  // Cancels a trial that is not over.
  ~TrialLink();
  TrialLink(const TrialLink&) = delete;
  TrialLink& operator=(const TrialLink&) = delete;

  [[nodiscard]] bool over() const noexcept { return over_.load(std::memory_order_acquire); }
  // Once, when it is over.
  [[nodiscard]] Result<OpenLink> take() noexcept { return std::move(link_); }

 private:
  Wakeup cancel_;
  Resolver resolver_;
  Result<OpenLink> link_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace ficha::redis
