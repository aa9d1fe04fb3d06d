// Carries out, with the C++ library, the commands that ../README.md describes.
#include <cstdlib>
#include <ficha/ficha.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace {

using nlohmann::json;
using Names = std::vector<std::string>;
using Texts = std::map<std::string, std::string>;

// What an operation answered; the operations of this program report errors by throwing them.
template <class T>
T take(ficha::Result<T> result) {
  if (!result) throw ficha::Error{std::move(result).error()};
  return *std::move(result);
}

json describe(const ficha::Session& session) {
  json roles = json::array();
  for (std::size_t i = 0; i < session.role_count(); ++i) roles.push_back(session.role(i));
  json scopes = json::array();
  for (std::size_t i = 0; i < session.scope_count(); ++i) scopes.push_back(session.scope(i));
  json attributes = json::object();
  for (std::size_t i = 0; i < session.attribute_count(); ++i) {
    attributes[std::string{session.attribute_name(i)}] = session.attribute_json(i);
  }
  return {{"id", session.id().str()},
          {"token", nullptr},
          {"principal", session.principal()},
          {"generation", session.generation()},
          {"created_at", session.created_at()},
          {"expires_at", session.expires_at()},
          {"idle_seconds", session.idle_seconds()},
          {"authenticated_at", session.authenticated_at()},
          {"level", session.level()},
          {"device", {session.device_address(), session.device_user_agent()}},
          {"roles", roles},
          {"scopes", scopes},
          {"attributes", attributes}};
}

json describe(const ficha::IssuedSession& issued) {
  json description = describe(issued.session);
  description["token"] = issued.token.reveal();
  return description;
}

json describe(const std::optional<ficha::Session>& session) {
  return session ? describe(*session) : json(nullptr);
}

json describe(const ficha::Decision& decision) {
  return {{"status", decision.status},
          {"verdict", name(decision.verdict)},
          {"reason", name(decision.reason)},
          {"session", describe(decision.session)}};
}

ficha::SessionId id_of(const json& command) {
  const auto id = ficha::SessionId::parse(command.at("id").get<std::string>());
  if (!id) throw ficha::Error{ficha::ErrorCode::invalid_argument, "no session id"};
  return *id;
}

ficha::Device device_of(const json& command) {
  const auto [address, user_agent] = command.value("device", std::pair<std::string, std::string>{});
  return {address, user_agent};
}

ficha::NewSession new_session(const json& command) {
  ficha::NewSession session;
  session.principal = command.value("principal", "");
  session.roles = command.value("roles", Names{});
  session.scopes = command.value("scopes", Names{});
  session.level = command.value("level", 0);
  session.device = device_of(command);
  for (const auto& [name, text] : command.value("attributes", Texts{})) {
    session.attributes.push_back({name, text});
  }
  return session;
}

ficha::Patch patch_of(const json& command) {
  using Kind = ficha::Patch::Kind;
  ficha::Patch patch;
  for (const auto& [name, text] : command.value("set", Texts{})) {
    patch.ops.push_back({Kind::set, name, text});
  }
  for (const auto& [name, text] : command.value("add", Texts{})) {
    patch.ops.push_back({Kind::add, name, text});
  }
  for (const auto& name : command.value("remove", Names{})) patch.ops.push_back({Kind::remove, name, ""});
  for (const auto& [name, by] : command.value("increment", std::map<std::string, std::int64_t>{})) {
    patch.ops.push_back({Kind::increment, name, "", by});
  }
  if (command.contains("roles")) patch.roles = command["roles"].get<Names>();
  if (command.contains("expected_generation")) patch.expected_generation = command["expected_generation"];
  return patch;
}

std::optional<ficha::SessionId> optional_id_of(const json& command) {
  return command.contains("id") ? std::optional{id_of(command)} : std::nullopt;
}

json authorize(ficha::Client& client, const json& command) {
  const std::string method = command.at("method"), path = command.at("path");
  const auto headers = command.at("headers").get<std::vector<std::pair<std::string, std::string>>>();
  std::vector<ficha::HeaderField> fields;
  for (const auto& [name, value] : headers) fields.push_back({name, value});
  return describe(client.authorize({.method = method, .path = path, .headers = fields}));
}

json list(ficha::Client& client, const std::string& principal) {
  json sessions = json::array();
  const auto listed = take(client.list(principal));
  for (const ficha::Session& session : listed) sessions.push_back(describe(session));
  return sessions;
}

json carry_out(ficha::Client& client, const json& command) {
  const std::string op = command.at("op"), principal = command.value("principal", ""),
                    token = command.value("token", "");
  if (op == "create") return describe(take(client.create(new_session(command))));
  if (op == "load") return describe(take(client.load(token, {.fresh = command.value("fresh", false)})));
  if (op == "patch") return take(client.patch(id_of(command), patch_of(command)));
  if (op == "rotate") {
    return describe(take(client.rotate(id_of(command), {.grace = std::chrono::seconds{command.value("grace", 0)}})));
  }
  if (op == "login") {
    ficha::Login login{.session = new_session(command), .current = {}};
    if (const auto current = token.empty() ? std::nullopt : take(client.load(token))) login.current = current->id();
    return describe(take(client.login(login)));
  }
  if (op == "revoke") return take(client.revoke(id_of(command))) == ficha::RevokeOutcome::revoked;
  if (op == "revoke_principal") return take(client.revoke_principal(principal, optional_id_of(command)));
  if (op == "patch_principal") return take(client.patch_principal(principal, patch_of(command)));
  if (op == "list") return list(client, principal);
  if (op == "authorize") return authorize(client, command);
  throw std::invalid_argument("no such operation");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: endpoint FICHA_TOML\n";
    return EXIT_FAILURE;
  }
  auto config = ficha::load_config(argv[1]);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return EXIT_FAILURE;
  }
  ficha::Client client = take(ficha::Client::open(*std::move(config)));
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      answer = {{"value", carry_out(client, json::parse(line))}};
    } catch (const ficha::Error& error) {
      answer = {{"error", {{"code", error.code}, {"name", name(error.code)}, {"status", http_status(error.code)}}}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
