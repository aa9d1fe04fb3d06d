#include "support/redis_server.hpp"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/eventually.hpp"

namespace ficha::testing {

namespace {

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using RawReply = std::unique_ptr<redisReply, void (*)(void*)>;

// A port that nobody listens on now. Somebody may be faster, so whoever uses it tries again with another.
int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = ::bind(probe, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  ::close(probe);
  if (!bound) throw std::runtime_error("no free port on the loopback interface");
  return ntohs(address.sin_port);
}

AdminReply convert(const redisReply& raw) {
  AdminReply reply;
  switch (raw.type) {
    case REDIS_REPLY_NIL:
      break;
    case REDIS_REPLY_INTEGER:
      reply.type = AdminReply::Type::integer;
      reply.integer = raw.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.type = AdminReply::Type::array;
      for (std::size_t i = 0; i < raw.elements; ++i) reply.elements.push_back(convert(*raw.element[i]));
      break;
    default:
      reply.type = raw.type == REDIS_REPLY_ERROR ? AdminReply::Type::error : AdminReply::Type::string;
      reply.text.assign(raw.str, raw.len);
  }
  return reply;
}

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

}  // namespace

struct RedisServer::Admin {
  Context context{nullptr, redisFree};
};

RedisServer::RedisServer(RedisOptions options) : options_(std::move(options)), admin_(std::make_unique<Admin>()) {
  constexpr int attempts = 20;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    port_ = free_port();
    if (!options_.tls_certificate_file.empty()) tls_port_ = free_port();
    if (port_ != tls_port_ && spawn()) return;
  }
  throw std::runtime_error("redis-server does not start:\n" + read_file(directory_.path() / "redis.log"));
}

RedisServer::~RedisServer() {
  kill();
}

RedisServer& RedisServer::shared() {
  static RedisServer server;
  return server;
}

std::vector<std::string> RedisServer::command_line() const {
  const char* chosen = std::getenv("FICHA_TEST_REDIS_SERVER");  // NOLINT(concurrency-mt-unsafe): nobody sets it here
  std::vector<std::string> line{chosen ? chosen : "redis-server",
                                "--bind",
                                "127.0.0.1",
                                "--port",
                                std::to_string(port_),
                                "--unixsocket",
                                socket_path(),
                                "--unixsocketperm",
                                "700",
                                "--dir",
                                directory_.path().string(),
                                "--logfile",
                                "redis.log",
                                "--save",
                                "",
                                "--appendonly",
                                "no",
                                "--daemonize",
                                "no",
                                "--enable-debug-command",
                                "local"};
  if (tls_port_ != 0) {
    const std::vector<std::string> tls{"--tls-port",         std::to_string(tls_port_),
                                       "--tls-ca-cert-file", options_.tls_ca_file,
                                       "--tls-cert-file",    options_.tls_certificate_file,
                                       "--tls-key-file",     options_.tls_key_file,
                                       "--tls-auth-clients", options_.tls_client_certificate ? "yes" : "no"};
    line.insert(line.end(), tls.begin(), tls.end());
  }
  line.insert(line.end(), options_.arguments.begin(), options_.arguments.end());
  if (options_.sentinel) {
    const std::filesystem::path file = directory_.path() / "sentinel.conf";  // which it wants to write to
    std::ofstream{file};
    line.insert(line.begin() + 1, file.string());
    line.emplace_back("--sentinel");
  }
  return line;
}

// False when the server went away before it answered, which is what a taken port leads to.
bool RedisServer::spawn(Ready ready) {
  const std::vector<std::string> line = command_line();
  std::vector<char*> argv;
  for (const std::string& argument : line) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::filesystem::remove(socket_path());

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    for (const std::string& variable : options_.environment) ::putenv(const_cast<char*>(variable.c_str()));
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  bool exited = false;
  const bool up = eventually([&] {
    exited = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return exited || is(ready);
  });
  if (exited) {
    pid_ = -1;
    return false;
  }
  if (!up) kill();
  return up;
}

// Neither while it has no socket yet.
bool RedisServer::is(Ready ready) {
  if (::access(socket_path().c_str(), F_OK) != 0) return false;
  try {
    const AdminReply reply = command({"PING"});
    return reply.text.starts_with("LOADING") == (ready == Ready::loading);
  } catch (const std::runtime_error&) {
    return false;
  }
}

AdminReply RedisServer::command(const std::vector<std::string>& arguments) {
  constexpr timeval limit{10, 0};
  Context& context = admin_->context;
  if (!context) {
    context.reset(redisConnectUnixWithTimeout(socket_path().c_str(), limit));
    if (!context || context->err) {
      context.reset();
      throw std::runtime_error("no connection to the test's own redis-server");
    }
    redisSetTimeout(context.get(), limit);
  }
  std::vector<const char*> pointers;
  std::vector<std::size_t> lengths;
  for (const std::string& argument : arguments) {
    pointers.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  const int count = static_cast<int>(arguments.size());
  const RawReply raw{static_cast<redisReply*>(redisCommandArgv(context.get(), count, pointers.data(), lengths.data())),
                     freeReplyObject};
  if (!raw) {
    context.reset();
    throw std::runtime_error("no reply from the test's own redis-server to " + arguments.front());
  }
  return convert(*raw);
}

std::string RedisServer::info(std::string_view field) {
  std::istringstream lines{command({"INFO", "everything"}).text};
  const std::string start = std::string{field} + ":";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(start)) continue;
    if (line.ends_with('\r')) line.pop_back();
    return line.substr(start.size());
  }
  return {};
}

void RedisServer::pause() {
  ::kill(pid_, SIGSTOP);
}
void RedisServer::resume() {
  ::kill(pid_, SIGCONT);
}

void RedisServer::kill() {
  admin_->context.reset();
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::start() {
  if (!spawn())
    throw std::runtime_error("redis-server does not come back:\n" + read_file(directory_.path() / "redis.log"));
}

void RedisServer::start_loading() {
  if (!spawn(Ready::loading)) throw std::runtime_error("redis-server has no data that takes it time to load");
}

}  // namespace ficha::testing
