// TLS as a client, over a socket that somebody else owns.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "store/redis/socket/socket_outcome.hpp"
#include "store/redis/socket/url.hpp"
#include "store/redis/socket/wakeup.hpp"

struct ssl_st;
struct bio_method_st;

namespace ficha::redis {

// TLS 1.2 or newer. The server's chain is verified against ca_file or the system's authorities, its certificate against
// the host of the URL (RFC 6125; an address against the address in the certificate). There is no way to switch it off.
// Thread rule: one reader and one writer at a time.
class TlsSession {
 public:
  // Reads the files anew each time, so that renewed certificates are taken up by the next connection, and shakes hands.
  // Errors: unavailable.
  [[nodiscard]] static Result<std::unique_ptr<TlsSession>> open(const Endpoint& endpoint, int fd, SteadyTime deadline,
                                                                const Wakeup& wakeup);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Neither blocks. A buffer of one record (16 KiB) takes all that is decrypted: nothing stays behind unseen by poll(2).
  [[nodiscard]] SocketOutcome read(std::span<char> buffer) noexcept;
  [[nodiscard]] SocketOutcome write(std::string_view bytes) noexcept;

 private:
  struct Free {
    void operator()(ssl_st* ssl) const noexcept;
    void operator()(bio_method_st* method) const noexcept;
  };

  explicit TlsSession(int fd) noexcept : fd_(fd) {}
  Result<void> prepare(const Endpoint& endpoint);
  Result<void> shake_hands(SteadyTime deadline, const Wakeup& wakeup);
  [[nodiscard]] SocketOutcome outcome(int result, std::size_t bytes) noexcept;

  int fd_;
  std::mutex mutex_;  // OpenSSL's SSL object is used by one thread at a time
  std::unique_ptr<bio_method_st, Free> method_;
  std::unique_ptr<ssl_st, Free> ssl_;
};

}  // namespace ficha::redis
