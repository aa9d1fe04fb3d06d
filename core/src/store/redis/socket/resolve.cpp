#include "store/redis/socket/resolve.hpp"

#include <netdb.h>
#include <sys/un.h>

#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

namespace ficha::redis {
namespace {

Error unavailable(std::string message) {
  return {ErrorCode::unavailable, std::move(message)};
}

// 0, or an error of getaddrinfo().
int look_up(const Endpoint& endpoint, int flags, std::vector<Address>& addresses) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0) return error;
  for (const addrinfo* info = found; info; info = info->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    address.length = info->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return 0;
}

Address unix_address(const std::string& path) {
  Address address;
  auto* target = reinterpret_cast<sockaddr_un*>(&address.storage);
  target->sun_family = AF_UNIX;
  path.copy(target->sun_path, sizeof target->sun_path - 1);
  address.length = sizeof *target;
  return address;
}

}  // namespace

struct Resolver::Lookup {
  Wakeup done;
  std::mutex mutex;
  bool finished = false;
  int error = 0;
  std::vector<Address> addresses;

  static void run(const std::shared_ptr<Lookup>& lookup, const Endpoint& endpoint) noexcept {
    std::vector<Address> addresses;
    int error = EAI_MEMORY;
    try {
      error = look_up(endpoint, 0, addresses);
    } catch (const std::bad_alloc&) {
      addresses.clear();
    }
    const std::lock_guard lock(lookup->mutex);
    lookup->finished = true;
    lookup->error = error;
    lookup->addresses = std::move(addresses);
    lookup->done.signal();
  }
};

Result<std::vector<Address>> Resolver::resolve(const Endpoint& endpoint, SteadyTime deadline, const Wakeup& wakeup) {
  if (endpoint.host.empty()) return std::vector<Address>{unix_address(endpoint.socket_path)};
  std::vector<Address> addresses;
  if (look_up(endpoint, AI_NUMERICHOST, addresses) == 0) return addresses;

  if (!running_) {
    auto lookup = std::make_shared<Lookup>();
    if (!lookup->done.valid()) return unavailable("no descriptor left to look up " + endpoint.host);
    Endpoint target;
    target.host = endpoint.host;
    target.port = endpoint.port;
    try {
      std::thread([lookup, target] { Lookup::run(lookup, target); }).detach();
    } catch (const std::system_error&) {
      return unavailable("no thread left to look up " + endpoint.host);
    }
    running_ = std::move(lookup);
  }

  if (wait_for(running_->done.descriptor(), POLLIN, deadline, wakeup) != Wait::ready)
    return unavailable("the name server did not answer in time for " + endpoint.host);
  const std::shared_ptr<Lookup> lookup = std::move(running_);
  const std::lock_guard lock(lookup->mutex);
  if (lookup->error != 0) return unavailable("cannot look up " + endpoint.host + ": " + ::gai_strerror(lookup->error));
  return std::move(lookup->addresses);
}

}  // namespace ficha::redis
