#include "support/slipping_proxy.hpp"

#include <sys/socket.h>

#include <array>
#include <charconv>

namespace ficha::testing {
namespace {

// The length of the RESP3 value that `bytes` begins with; 0 while it is not whole.
std::size_t value_length(std::string_view bytes) {
  const std::size_t line = bytes.find("\r\n");
  if (line == std::string_view::npos) return 0;
  std::size_t length = line + 2;
  int count = 0;
  std::from_chars(bytes.data() + 1, bytes.data() + line, count);
  switch (bytes.front()) {
    case '$':
    case '=':
    case '!':
      if (count >= 0) length += static_cast<std::size_t>(count) + 2;
      return bytes.size() >= length ? length : 0;
    case '%':
      count *= 2;
      break;
    case '*':
    case '~':
    case '>':
      break;
    default:
      return length;
  }
  for (int i = 0; i < count; ++i) {
    const std::size_t part = value_length(bytes.substr(length));
    if (part == 0) return 0;
    length += part;
  }
  return length;
}

void carry_commands(int client, int server) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::recv(client, buffer.data(), buffer.size(), 0);
    if (count <= 0 || !send_all(server, {buffer.data(), static_cast<std::size_t>(count)})) break;
  }
  ::shutdown(server, SHUT_RDWR);
}

}  // namespace

SlippingProxy::SlippingProxy(int server_port) : server_port_(server_port), accepting_([this] { run(); }) {}

SlippingProxy::~SlippingProxy() {
  wakeup_.cancel();
  accepting_.join();
  for (const redis::Descriptor& socket : sockets_) ::shutdown(socket.get(), SHUT_RDWR);
  for (std::thread& thread : threads_) thread.join();
}

void SlippingProxy::slip_at(int place, Slip slip) noexcept {
  const std::lock_guard lock(mutex_);
  place_ = place;
  slip_ = slip;
  slipped_ = false;
}

void SlippingProxy::run() {
  const auto never = std::chrono::steady_clock::now() + std::chrono::hours{1};
  while (redis::wait_for(listener_.descriptor(), POLLIN, never, wakeup_) == redis::Wait::ready) {
    redis::Descriptor client = listener_.accept();
    redis::Descriptor server = connect_to(server_port_);
    if (!client || !server) continue;
    threads_.emplace_back(carry_commands, client.get(), server.get());
    threads_.emplace_back([this, from = server.get(), to = client.get()] { carry_replies(from, to); });
    sockets_.push_back(std::move(client));
    sockets_.push_back(std::move(server));
  }
}

void SlippingProxy::carry_replies(int server, int client) {
  std::string unsent;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::recv(server, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    unsent.append(buffer.data(), static_cast<std::size_t>(count));
    std::string passed;
    std::size_t begin = 0;
    while (const std::size_t length = value_length(std::string_view(unsent).substr(begin))) {
      passed += slip_through(std::string_view(unsent).substr(begin, length));
      begin += length;
    }
    unsent.erase(0, begin);
    if (!send_all(client, passed)) break;
  }
  ::shutdown(client, SHUT_RDWR);
}

std::string SlippingProxy::slip_through(std::string_view reply) {
  std::string passed(reply);
  if (reply.front() == '>') return passed;
  const std::lock_guard lock(mutex_);
  if (place_ < 0 || place_-- > 0) return passed;
  slipped_ = true;
  return slip_ == Slip::lost ? std::string() : passed + passed;
}

}  // namespace ficha::testing
