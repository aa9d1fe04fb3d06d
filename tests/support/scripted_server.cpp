#include "support/scripted_server.hpp"

#include <sys/socket.h>

#include <array>

namespace ficha::testing {
namespace {

constexpr std::string_view hello =
    "%4\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n";
constexpr std::string_view time_reply = "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n";

}  // namespace

// A command is an array of bulk strings, which the reply reader reads as well.
ScriptedPeer::ScriptedPeer(redis::Descriptor socket)
    : socket_(std::move(socket)), reader_({.string_bytes = 1U << 20U}) {}

std::string ScriptedPeer::read_command() {
  for (;;) {
    if (const redis::Reply command = reader_.next()) {
      const redis::ReplyView arguments = redis::view(command);
      std::string text{arguments[0].text()};
      for (std::size_t i = 1; i < arguments.size(); ++i) {
        text += ' ';
        text += arguments[i].text();
      }
      return text;
    }
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return "";
    reader_.feed({buffer.data(), static_cast<std::size_t>(count)});
  }
}

bool ScriptedPeer::shake_hands(std::string_view more) {
  for (;;) {
    const std::string command = read_command();
    if (command.empty()) return false;
    if (command.starts_with("HELLO")) write(hello);
    if (command.starts_with("CLIENT")) write("+OK\r\n");
    if (command == "INFO memory") write("$29\r\nmaxmemory_policy:noeviction\r\n\r\n");
    if (command == "INFO stats") write("$16\r\nevicted_keys:0\r\n\r\n");
    if (command == "TIME") return write(std::string(time_reply).append(more));
  }
}

void ScriptedPeer::behave() {
  for (std::string command = read_command(); !command.empty(); command = read_command()) {
    if (command == "HELLO" || command == "TIME") {
      write(command == "HELLO" ? hello : time_reply);
      continue;
    }
    const std::string_view text = command.starts_with("ECHO ") ? std::string_view(command).substr(5) : "OK";
    std::string reply{'$'};
    reply += std::to_string(text.size());
    reply += "\r\n";
    reply += text;
    reply += "\r\n";
    write(reply);
  }
}

void ScriptedPeer::shutdown() noexcept {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)), accepting_([this] { run(); }) {}

ScriptedServer::~ScriptedServer() {
  wakeup_.cancel();
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& peer : peers_) peer->shutdown();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ScriptedServer::run() {
  const auto never = std::chrono::steady_clock::now() + std::chrono::hours{1};
  while (redis::wait_for(listener_.descriptor(), POLLIN, never, wakeup_) == redis::Wait::ready) {
    redis::Descriptor socket = listener_.accept();
    if (!socket) continue;
    auto peer = std::make_shared<ScriptedPeer>(std::move(socket));
    const std::lock_guard lock(mutex_);
    peers_.push_back(peer);
    threads_.emplace_back([this, peer, number = connections_++] {
      script_(*peer, number);
      peer->shutdown();
    });
  }
}

}  // namespace ficha::testing
