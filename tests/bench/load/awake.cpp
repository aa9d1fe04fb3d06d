// Preloaded into the load generator: its waits poll instead of sleeping.
//
// Waking a process that sleeps on another virtual processor costs the one that wakes it an exit to the hypervisor. A server
// that is measured on the machine of its clients pays that with its answers, the more often the faster it is; a server whose
// clients are elsewhere never does.
#include <dlfcn.h>
#include <sched.h>
#include <sys/epoll.h>

#include <chrono>

extern "C" int epoll_wait(int descriptor, epoll_event* events, int count, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  using Wait = int (*)(int, epoll_event*, int, int);
  static const auto wait = reinterpret_cast<Wait>(dlsym(RTLD_NEXT, "epoll_wait"));

  const auto deadline = Clock::now() + std::chrono::milliseconds{timeout_ms};
  while (true) {
    const int ready = wait(descriptor, events, count, 0);
    if (ready != 0 || (timeout_ms >= 0 && Clock::now() >= deadline)) return ready;
    sched_yield();  // to Redis, which has this processor as well
  }
}
