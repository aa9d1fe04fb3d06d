// A connected stream socket, with TLS on top where the endpoint says so.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/redis/socket/resolve.hpp"
#include "store/redis/socket/socket_outcome.hpp"
#include "store/redis/socket/tls.hpp"
#include "store/redis/socket/wakeup.hpp"

namespace ficha::redis {

// Thread rule: one reader and one writer at a time; shutdown() from any thread.
class Transport {
 public:
  // A good size for read()'s buffer; with TLS it must not be smaller (RFC 8446, section 5.1: a record's plaintext).
  static constexpr std::size_t read_size = 16384;

  // Connects to the first of the endpoint's addresses that answers. Errors: unavailable.
  [[nodiscard]] static Result<Transport> open(const Endpoint& endpoint, Resolver& resolver, SteadyTime deadline,
                                              const Wakeup& wakeup);
  Transport() = default;

  // Neither blocks; either may move a part only.
  [[nodiscard]] SocketOutcome read(std::span<char> buffer) noexcept;
  [[nodiscard]] SocketOutcome write(std::string_view bytes) noexcept;

  // Both directions end, whoever is reading or writing. The descriptor stays, so that nobody meets another one's.
  void shutdown() noexcept;

  // Whether a read that moved `bytes` into a buffer of `size` may have left some that have come already.
  [[nodiscard]] bool may_have_more(std::size_t bytes, std::size_t size) const noexcept { return tls_ || bytes == size; }

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

 private:
  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace ficha::redis
