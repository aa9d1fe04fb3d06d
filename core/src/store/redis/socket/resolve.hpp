// Host names to addresses, with a deadline.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "store/redis/socket/url.hpp"
#include "store/redis/socket/wakeup.hpp"

namespace ficha::redis {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

// getaddrinfo(3) has no deadline: it runs on a thread of its own, which is left alone when it is late. At most one runs
// at a time; the next call waits for the same one.
class Resolver {
 public:
  // Errors: unavailable.
  [[nodiscard]] Result<std::vector<Address>> resolve(const Endpoint& endpoint, SteadyTime deadline,
                                                     const Wakeup& wakeup);

 private:
  struct Lookup;
  std::shared_ptr<Lookup> running_;
};

}  // namespace ficha::redis
