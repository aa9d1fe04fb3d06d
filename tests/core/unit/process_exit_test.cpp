// Threads that still work while the process ends: daemon threads of Python and Java, detached ones of C++.

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "ficha/client.hpp"
#include "store/redis/socket/tls.hpp"

namespace ficha {
namespace {

// No static objects: they end before the threads of these tests.
Client* client = nullptr;
std::string* token = nullptr;

const char* outcome(bool succeeded) {
  return succeeded ? "works" : "fails";
}

// In a thread that uses the client for the first time when everything else of the process is gone.
void use_the_client_at_last() {
  std::thread([] {
    const auto loaded = client->load(*token);
    std::fprintf(stderr, "load %s, ", outcome(loaded && loaded->has_value()));
    const auto created = client->create({});
    std::fprintf(stderr, "create %s", outcome(static_cast<bool>(created)));
    if (created) return;
    const redis::Wakeup nobody_wakes;
    const auto tls = redis::TlsSession::open({}, -1, {}, nobody_wakes);
    std::fprintf(stderr, ", TLS %s", outcome(static_cast<bool>(tls)));
  }).join();
  delete client;
  delete token;
}

void open_client() {
  Config config;
  config.redis.url = Secret("memory://");
  client = new Client(Client::open(config).value());
}

// The handler is registered before anything that the use of the client registers, and so runs after all that.
[[noreturn]] void exit_with_a_client(bool host_used_openssl_first) {
  std::atexit(use_the_client_at_last);
  if (host_used_openssl_first) OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
  open_client();
  token = new std::string(client->create({}).value().token.reveal());
  std::exit(0);
}

// Threads that have used the client end while the process does: CPython ends its daemon threads so before 3.14.
[[noreturn]] void exit_while_threads_end() {
  static std::atomic<int> at_work{0};
  static std::atomic<bool> end{false};
  constexpr int many = 200;
  open_client();
  for (int i = 0; i < many; ++i) {
    std::thread([] {
      if (!client->create({})) std::_Exit(1);
      ++at_work;
      end.wait(false);
    }).detach();
  }
  while (at_work < many) std::this_thread::yield();
  delete client;
  end = true;
  end.notify_all();
  std::exit(0);
}

class ProcessExit : public testing::Test {
 protected:
  ProcessExit() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ProcessExit, LeavesEverythingToThreadsThatStillWork) {
  EXPECT_EXIT(exit_with_a_client(false), testing::ExitedWithCode(0), "^load works, create works$");
}

TEST_F(ProcessExit, LeavesWhatNeedsNoRandomnessToThemWhenTheHostLetsOpensslCleanUp) {
  EXPECT_EXIT(exit_with_a_client(true), testing::ExitedWithCode(0), "^load works, create fails, TLS fails$");
}

TEST_F(ProcessExit, DoesNotCollideWithThreadsThatEndMeanwhile) {
  for (int i = 0; i < 10; ++i) EXPECT_EXIT(exit_while_threads_end(), testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace ficha
