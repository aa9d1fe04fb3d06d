// Threads of the connection's own.
#pragma once

#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

namespace ficha::redis {

// A thread on which every signal is blocked: the host's handlers run on the host's threads. Not joinable when the process
// has none left.
template <class Body>
[[nodiscard]] std::thread start_thread(Body body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // which the new thread inherits
  std::thread thread;
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): told by the thread, which is none
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace ficha::redis
