#include "support/server_clock.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

namespace ficha::testing {

ServerClock::ServerClock() : path_((directory_.path() / "clock").string()) {
  const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool sized = file >= 0 && ::ftruncate(file, sizeof *ahead_ms_) == 0;
  void* const memory =
      sized ? ::mmap(nullptr, sizeof *ahead_ms_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  if (file >= 0) ::close(file);
  if (memory == MAP_FAILED) throw std::runtime_error("no shared file for a server's clock");
  ahead_ms_ = static_cast<std::atomic<std::int64_t>*>(memory);
}

ServerClock::~ServerClock() {
  ::munmap(ahead_ms_, sizeof *ahead_ms_);
}

std::vector<std::string> ServerClock::environment() const {
  return {"LD_PRELOAD=" FICHA_SERVER_CLOCK_PRELOAD, "FICHA_SERVER_CLOCK=" + path_};
}

}  // namespace ficha::testing
