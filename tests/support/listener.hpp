// A listening socket on a free loopback port, for servers that tests make themselves.
#pragma once

#include <string>
#include <string_view>

#include "store/redis/socket/wakeup.hpp"

namespace ficha::testing {

class Listener {
 public:
  Listener();  // throws when there is no port

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
  // A blocking socket; invalid when nobody waits.
  [[nodiscard]] redis::Descriptor accept() const;

 private:
  redis::Descriptor socket_;
  int port_ = 0;
};

// A blocking connection to a loopback port; invalid when refused.
[[nodiscard]] redis::Descriptor connect_to(int port);

// All of it, unless the peer is gone.
bool send_all(int fd, std::string_view bytes) noexcept;

}  // namespace ficha::testing
