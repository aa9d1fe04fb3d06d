// A connected stream socket, with TLS on top where the endpoint says so.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "redis/resolve.hpp"
#include "redis/wakeup.hpp"

namespace ficha::redis {

// Thread rule: one reader and one writer at a time; shutdown() from any thread.
class Transport {
 public:
  enum class State : std::uint8_t { moved, blocked, ended };
  struct Outcome {
    State state;
    std::size_t bytes = 0;  // moved
    int error = 0;          // ended: an errno, or 0 when the server closed the stream
  };

  // How long a read that may block does so at most, so that its caller can look up.
  static constexpr std::chrono::milliseconds patience{20};

  // Connects to the first of the endpoint's addresses that answers. Errors: unavailable.
  [[nodiscard]] static Result<Transport> open(const Endpoint& endpoint, Resolver& resolver, SteadyTime deadline,
                                              const Wakeup& wakeup);
  Transport() = default;

  enum class Reading : std::uint8_t { now, patiently };
  [[nodiscard]] Outcome read(std::span<char> buffer, Reading reading) noexcept;
  // Never blocks; may write a part only.
  [[nodiscard]] Outcome write(std::string_view bytes) noexcept;

  // Both directions end, whoever is reading or writing. The descriptor stays, so that nobody meets another one's.
  void shutdown() noexcept;

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

 private:
  Descriptor socket_;
};

// "the server closed the connection", or what errno says.
[[nodiscard]] std::string describe(const Transport::Outcome& ended);

}  // namespace ficha::redis
