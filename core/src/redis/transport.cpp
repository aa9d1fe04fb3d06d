#include "redis/transport.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include <system_error>

namespace ficha::redis {
namespace {

std::string error_text(int error) {
  return std::generic_category().message(error);
}

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

// The socket blocks only in a patient read; everything else says MSG_DONTWAIT. A dead peer needs no keep-alive to be
// found: an unanswered probe runs into its deadline.
void configure(int fd, bool tcp) noexcept {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const timeval patience{0, static_cast<suseconds_t>(std::chrono::microseconds(Transport::patience).count())};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  if (tcp) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Transport::Outcome outcome(ssize_t count) noexcept {
  if (count > 0) return {Transport::State::moved, static_cast<std::size_t>(count)};
  if (count == 0) return {Transport::State::ended};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {Transport::State::blocked};
  return {Transport::State::ended, 0, errno};
}

}  // namespace

Result<Transport> Transport::open(const Endpoint& endpoint, Resolver& resolver, SteadyTime deadline,
                                  const Wakeup& wakeup) {
  if (endpoint.tls) return Error{ErrorCode::unavailable, "TLS is not supported by this build"};
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
    configure(fd.get(), candidate.storage.ss_family != AF_UNIX);
    Transport transport;
    transport.socket_ = std::move(fd);
    return transport;
  }
  return Error{ErrorCode::unavailable, "cannot connect: " + error_text(error)};
}

Transport::Outcome Transport::read(std::span<char> buffer, Reading reading) noexcept {
  const int flags = reading == Reading::patiently ? 0 : MSG_DONTWAIT;
  return outcome(::recv(socket_.get(), buffer.data(), buffer.size(), flags));
}

Transport::Outcome Transport::write(std::string_view bytes) noexcept {
  return outcome(::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void Transport::shutdown() noexcept {
  if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
}

std::string describe(const Transport::Outcome& ended) {
  return ended.error == 0 ? "the server closed the connection" : error_text(ended.error);
}

}  // namespace ficha::redis
