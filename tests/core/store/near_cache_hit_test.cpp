// What a request costs that the near cache answers: no allocation, no system call.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "core/store/redis_store_fixture.hpp"
#include "ficha/client.hpp"
#include "support/allocations.hpp"
#include "support/tried.hpp"

namespace ficha::testing {
namespace {

class NearCacheHitTest : public ::testing::Test {
 protected:
  NearCacheHitTest() { server.command({"FLUSHALL"}); }

  Config config() const {
    Config config = config_for(server);
    config.near_cache.enabled = true;
    Requirement customer;
    customer.roles = {"customer"};
    config.policy.rules = {{.path = "/accounts/*", .methods = {"GET"}, .requirement = customer}};
    return config;
  }
  Client open() const {
    auto client = Client::open(config());
    if (!client) throw std::runtime_error("open: " + client.error().message);
    return std::move(*client);
  }
  // A session that `client` has cached, as the value of a Cookie header.
  static std::string cookie_of(Client& client) {
    const auto issued = client.create({.principal = "alice",
                                       .roles = {"customer"},
                                       .attributes = {{"theme", "\"dark\""}, {"language", "\"pt\""}},
                                       .device = {"192.0.2.1", "Mozilla/5.0"}});
    if (!issued) throw std::runtime_error("create: " + issued.error().message);
    return std::string(client.config().cookie.name) + "=" + std::string(issued->token.reveal());
  }
  static std::array<HeaderField, 3> headers_with(const std::string& cookie) {
    return {{{"Host", "example.org"}, {"Cookie", cookie}, {"Accept", "*/*"}}};
  }

  RedisServer& server = RedisServer::shared();
};

TEST_F(NearCacheHitTest, AnAuthorizedHitAllocatesNothing) {
  Client client = open();
  const std::string cookie = cookie_of(client);
  const auto headers = headers_with(cookie);
  const HttpRequest request{.method = "GET", .path = "/accounts/1", .headers = headers};
  ASSERT_TRUE(client.authorize(request).allowed());
  ASSERT_TRUE(answer(client.try_authorize(request))) << "the first request left no entry";

  const std::uint64_t hits = client.stats().hits;
  const std::size_t allocations = allocation_count();
  int allowed = 0;
  for (int i = 0; i < 1000; ++i) allowed += client.authorize(request).allowed() ? 1 : 0;
  EXPECT_EQ(allocation_count(), allocations);
  EXPECT_EQ(allowed, 1000);
  EXPECT_EQ(client.stats().hits, hits + 1000);
}

// A sanitizer's run-time makes system calls of its own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// From here on, this thread's first system call other than exit_group kills the process.
bool forbid_system_calls() {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs `child` in a process of its own; its wait status.
template <class Child>
int status_of(Child child) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(child());
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST_F(NearCacheHitTest, AnAuthorizedHitMakesNoSystemCall) {
  const int status = status_of([this] {
    Client client = open();
    const std::string cookie = cookie_of(client);
    const auto headers = headers_with(cookie);
    const HttpRequest request{.method = "GET", .path = "/accounts/1", .headers = headers};
    if (!client.authorize(request).allowed() || !answer(client.try_authorize(request))) return 2;
    if (!forbid_system_calls()) return 3;
    int allowed = 0;
    for (int i = 0; i < 1000; ++i) allowed += client.authorize(request).allowed() ? 1 : 0;
    ::_exit(allowed == 1000 ? 0 : 4);  // closing the client would make system calls
  });
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(NearCacheHitTest, AMissWouldBeCaughtMakingOne) {
  const int status = status_of([this] {
    Client client = open();
    const std::string cookie = cookie_of(client);
    const auto headers = headers_with(cookie);
    if (!forbid_system_calls()) return 3;
    return client.authorize({.method = "GET", .path = "/accounts/1", .headers = headers}).allowed() ? 0 : 1;
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

#endif

}  // namespace
}  // namespace ficha::testing
