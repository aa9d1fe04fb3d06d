// Child processes of a test.
#pragma once

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

namespace ficha::testing {

// Runs `body` in a forked child, whose exit status says whether it returned true. The child dies with the test.
class ChildProcess {
 public:
  template <class Body>
  explicit ChildProcess(Body body) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(body() ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ~ChildProcess() { kill(); }

  // Waits for its end; whether it was a good one.
  [[nodiscard]] bool succeeded() {
    int status = 0;
    const bool reaped = pid_ > 0 && ::waitpid(std::exchange(pid_, -1), &status, 0) > 0;
    return reaped && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_;
};

}  // namespace ficha::testing
