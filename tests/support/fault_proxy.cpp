#include "support/fault_proxy.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ficha::testing {

struct FaultProxy::Pair {
  redis::Descriptor client;
  redis::Descriptor server;
  bool dead = false;  // it lost bytes: it must not pass on any that come after them

  void end(Ending ending) {
    if (ending == Ending::reset) {
      const linger at_once{1, 0};
      ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    client.reset();
    server.reset();
  }
};

FaultProxy::FaultProxy(int server_port) : server_port_(server_port), thread_([this] { run(); }) {}

FaultProxy::~FaultProxy() {
  wakeup_.cancel();
  thread_.join();
}

void FaultProxy::cut_after(Direction direction, std::size_t bytes, Ending ending) {
  const std::lock_guard lock(mutex_);
  planned_ = Cut{direction, bytes, ending};
}

void FaultProxy::cut(Ending ending) {
  const std::lock_guard lock(mutex_);
  cut_now_ = ending;
  wake();
}

void FaultProxy::swallow(bool on) {
  const std::lock_guard lock(mutex_);
  swallow_ = on;
}

void FaultProxy::refuse(bool on) {
  const std::lock_guard lock(mutex_);
  refuse_ = on;
}

void FaultProxy::watch(std::function<void(Direction)> watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher);
}

void FaultProxy::run() {
  while (!wakeup_.cancelled()) {
    std::vector<pollfd> polled{{wakeup_.descriptor(), POLLIN, 0}, {listener_.descriptor(), POLLIN, 0}};
    for (const auto& pair : pairs_) {
      polled.push_back({pair->client.get(), POLLIN, 0});
      polled.push_back({pair->server.get(), POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), -1);
    wakeup_.drain();

    const std::lock_guard lock(mutex_);
    std::size_t i = 2;
    for (const auto& pair : pairs_) {
      const bool from_client = polled[i].revents != 0;
      const bool from_server = polled[i + 1].revents != 0;
      i += 2;
      bool open = !from_client || carry(*pair, Direction::to_server);
      if (open && from_server) open = carry(*pair, Direction::to_client);
      if (!open) pair->end(Ending::close);
    }
    if (const std::optional<Ending> ending = std::exchange(cut_now_, std::nullopt)) {
      for (const auto& pair : pairs_) pair->end(*ending);
    }
    std::erase_if(pairs_, [](const auto& pair) { return !pair->client; });
    if (polled[1].revents != 0) accept_one();
  }
}

void FaultProxy::accept_one() {
  redis::Descriptor client = listener_.accept();
  if (!client || refuse_) return;
  redis::Descriptor server = connect_to(server_port_);
  if (!server) return;
  pairs_.push_back(std::make_unique<Pair>(Pair{std::move(client), std::move(server)}));
}

// False when the connection has ended.
bool FaultProxy::carry(Pair& pair, Direction direction) {
  const bool to_server = direction == Direction::to_server;
  const int from = to_server ? pair.client.get() : pair.server.get();
  const int to = to_server ? pair.server.get() : pair.client.get();
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count <= 0) return false;
  if (watcher_) watcher_(direction);
  if (swallow_) pair.dead = true;
  if (pair.dead) return true;

  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  if (!planned_ || planned_->direction != direction) return send_all(to, bytes);
  const bool ends = bytes.size() >= planned_->bytes;
  const bool sent = send_all(to, bytes.substr(0, planned_->bytes));
  planned_->bytes -= std::min(bytes.size(), planned_->bytes);
  if (!ends) return sent;
  pair.end(planned_->ending);
  planned_.reset();
  return true;
}

}  // namespace ficha::testing
