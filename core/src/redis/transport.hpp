// A connected stream socket, with TLS on top where the endpoint says so.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "redis/resolve.hpp"
#include "redis/socket_outcome.hpp"
#include "redis/tls.hpp"
#include "redis/wakeup.hpp"

namespace ficha::redis {

// Thread rule: one reader and one writer at a time; shutdown() from any thread.
class Transport {
 public:
  // How long a read that may block does so at most, so that its caller can look up.
  static constexpr std::chrono::milliseconds patience{20};

  // A good size for read()'s buffer; with TLS it must not be smaller (RFC 8446, section 5.1: a record's plaintext).
  static constexpr std::size_t read_size = 16384;

  // Connects to the first of the endpoint's addresses that answers. Errors: unavailable.
  [[nodiscard]] static Result<Transport> open(const Endpoint& endpoint, Resolver& resolver, SteadyTime deadline,
                                              const Wakeup& wakeup);
  Transport() = default;

  enum class Reading : std::uint8_t { now, patiently };
  [[nodiscard]] SocketOutcome read(std::span<char> buffer, Reading reading) noexcept;
  // Never blocks; may write a part only.
  [[nodiscard]] SocketOutcome write(std::string_view bytes) noexcept;

  // Both directions end, whoever is reading or writing. The descriptor stays, so that nobody meets another one's.
  void shutdown() noexcept;

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

 private:
  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace ficha::redis
