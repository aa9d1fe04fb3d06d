#include "store/redis/socket/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace ficha::redis {
namespace {

// 0, or an errno.
int connect_socket(int fd, const Address& address, SteadyTime deadline, const Wakeup& wakeup) noexcept {
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  switch (wait_for(fd, POLLOUT, deadline, wakeup)) {
    case Wait::timed_out:
      return ETIMEDOUT;
    case Wait::cancelled:
      return ECANCELED;
    case Wait::ready:
      break;
  }
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

// A dead peer needs no keep-alive to be found: an unanswered probe runs into its deadline.
void send_at_once(int fd) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<Transport> Transport::open(const Endpoint& endpoint, Resolver& resolver, SteadyTime deadline,
                                  const Wakeup& wakeup) {
  Result<std::vector<Address>> addresses = resolver.resolve(endpoint, deadline, wakeup);
  if (!addresses) return addresses.error();

  int error = EADDRNOTAVAIL;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const Address& candidate = (*addresses)[i];
    Descriptor fd{::socket(candidate.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) {
      error = errno;
      continue;
    }
    // Each of the addresses left gets its share of the time left.
    const SteadyTime now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<std::int64_t>(addresses->size() - i);
    error = connect_socket(fd.get(), candidate, now + share, wakeup);
    if (error != 0) continue;
    if (candidate.storage.ss_family != AF_UNIX) send_at_once(fd.get());
    Transport transport;
    transport.socket_ = std::move(fd);
    if (!endpoint.tls) return transport;
    Result<std::unique_ptr<TlsSession>> tls = TlsSession::open(endpoint, transport.descriptor(), deadline, wakeup);
    if (!tls) return tls.error();
    transport.tls_ = *std::move(tls);
    return transport;
  }
  return Error{ErrorCode::unavailable, "cannot connect: " + error_text(error)};
}

SocketOutcome Transport::read(std::span<char> buffer) noexcept {
  if (tls_) return tls_->read(buffer);
  return SocketOutcome::of(::recv(socket_.get(), buffer.data(), buffer.size(), 0));
}

SocketOutcome Transport::write(std::string_view bytes) noexcept {
  if (tls_) return tls_->write(bytes);
  return SocketOutcome::of(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void Transport::shutdown() noexcept {
  if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace ficha::redis
