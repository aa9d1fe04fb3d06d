// A real redis-server, started for a test on a free loopback port, and gone with the test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.hpp"

namespace ficha::testing {

// One node of a reply to a test's own command.
struct AdminReply {
  enum class Type : std::uint8_t { nil, string, integer, error, array };
  Type type = Type::nil;
  std::string text;  // of string, status and error
  std::int64_t integer = 0;
  std::vector<AdminReply> elements;  // of array, set and map
};

struct RedisOptions {
  // After the defaults, so that they override them: {"--maxmemory", "10mb"}.
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // besides the test's own: {"NAME=value"}
  // With all of these, TLS is served on tls_port() as well.
  std::string tls_ca_file;
  std::string tls_certificate_file;
  std::string tls_key_file;
  bool tls_client_certificate = false;  // demanded
  bool sentinel = false;                // a Sentinel that watches nothing
};

// Runs the program named by the environment variable FICHA_TEST_REDIS_SERVER (a Valkey, say), or redis-server. Keeps
// nothing on disk unless the arguments say so. Dies with the thread that made it.
class RedisServer {
 public:
  // Returns when the server answers; throws when it cannot be made to.
  explicit RedisServer(RedisOptions options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // One for all tests of the program that leave it as they found it, but for its data: begin with FLUSHALL.
  [[nodiscard]] static RedisServer& shared();

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] int tls_port() const noexcept { return tls_port_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] std::string socket_path() const { return (directory_.path() / "redis.sock").string(); }
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_.path(); }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string tls_url() const { return "rediss://127.0.0.1:" + std::to_string(tls_port_); }
  [[nodiscard]] std::string unix_url() const { return "unix://" + socket_path(); }

  // Through a connection of the fixture's own, over the Unix socket. Throws when there is no reply within 10 s; an error
  // reply is a reply.
  AdminReply command(const std::vector<std::string>& arguments);
  // INFO's field of that name; "" where there is none.
  std::string info(std::string_view field);

  void pause();   // SIGSTOP
  void resume();  // SIGCONT
  void kill();    // SIGKILL; nothing is saved
  void start();   // again on the same ports, after kill()
  // The same, but returns while the server is still loading its data.
  void start_loading();
  void restart() {
    kill();
    start();
  }

 private:
  struct Admin;
  enum class Ready : std::uint8_t { loading, loaded };
  bool spawn(Ready ready = Ready::loaded);
  bool is(Ready ready);
  std::vector<std::string> command_line() const;

  RedisOptions options_;
  TempDir directory_;
  int port_ = 0;
  int tls_port_ = 0;
  pid_t pid_ = -1;
  std::unique_ptr<Admin> admin_;
};

}  // namespace ficha::testing
