// What came of reading from a socket or writing to it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace ficha::redis {

struct SocketOutcome {
  enum class State : std::uint8_t { moved, blocked, ended };
  State state;
  std::size_t bytes = 0;  // moved
  int error = 0;          // ended: an errno, or 0 when the server closed the stream

  // From what recv(2) or send(2) returned.
  [[nodiscard]] static SocketOutcome of(std::ptrdiff_t count) noexcept {
    if (count > 0) return {State::moved, static_cast<std::size_t>(count)};
    if (count == 0) return {State::ended};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {State::blocked};
    return {State::ended, 0, errno};
  }
};

[[nodiscard]] inline std::string error_text(int error) {
  return error == 0 ? "the server closed the connection" : std::generic_category().message(error);
}

}  // namespace ficha::redis
