// A service for the router-parity suite: ./parity_service FICHA.TOML
//
// Its router does what routers do: it decodes, ignores case, has a second mount point, takes suffixes off, rewrites old
// paths and lets POST be overridden. It tells the interceptor what it routes by; the policy knows none of that.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "http_server.hpp"
#include "json.hpp"

namespace parity {

using namespace ficha_beast;

constexpr std::string_view mount = "/mounted";

const json labels = {
    {"secret", {"staff"}},
    {"capital", {"staff"}},
    {"account", {"customer", "staff"}},
    {"items_read", {"anonymous", "customer", "staff"}},
    {"items_write", {"staff"}},
    {"users", {"customer", "staff"}},
    {"closed", json::array()},
    {"public", {"anonymous", "customer", "staff"}},
};
// Where each handler is registered, under both mount points; what is rewritten, and what has a suffix.
const json seeds = {
    "/secret",         "/secret/7",         "/Capital/x",          "/account/x",         "/items",
    "/users",          "/users/7",          "/closed/x",           "/public/x",          "/",
    "/mounted/secret", "/mounted/secret/7", "/mounted/Capital/x",  "/mounted/account/x", "/mounted/items",
    "/mounted/users",  "/mounted/closed/x", "/mounted/public/x",   "/mounted",           "/users.json",
    "/users/7.json",   "/secret.json",      "/old/secret",         "/old/users/7",       "/mounted/old/secret",
    "/old/public/x",   "/public/x.json",    "/mounted/users.json",
};

// What the service routes by.
struct Routed {
  std::string method;
  std::string path;  // decoded, without mount point and suffix
};

bool is_below(std::string_view path, std::string_view parent) {
  return path.starts_with(parent) && (path.size() == parent.size() || path[parent.size()] == '/');
}

std::string decode(std::string_view path) {
  std::string decoded;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool escape = path[i] == '%' && i + 2 < path.size() &&
                        std::isxdigit(static_cast<unsigned char>(path[i + 1])) &&
                        std::isxdigit(static_cast<unsigned char>(path[i + 2]));
    decoded.push_back(escape ? static_cast<char>(std::stoi(std::string(path.substr(i + 1, 2)), nullptr, 16)) : path[i]);
    if (escape) i += 2;
  }
  return decoded;
}

Routed route(const Request& request) {
  Routed routed{std::string(view(request.method_string())), decode(path_of(request))};
  const std::string_view instead = view(request["X-HTTP-Method-Override"]);
  if (routed.method == "POST" && !instead.empty()) routed.method = instead;
  if (is_below(routed.path, mount)) routed.path.erase(0, mount.size());
  if (is_below(routed.path, "/old")) routed.path.erase(0, std::string_view("/old").size());
  if (routed.path.ends_with(".json")) routed.path.resize(routed.path.size() - std::string_view(".json").size());
  if (routed.path.empty()) routed.path = "/";
  return routed;
}

// The handler's label, by a router that ignores case and a slash at the end; nullopt for none.
std::optional<std::string_view> find_handler(const Routed& routed) {
  std::string path = routed.path;
  std::transform(path.begin(), path.end(), path.begin(), [](unsigned char c) { return std::tolower(c); });
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (is_below(path, "/secret")) return "secret";
  if (path == "/capital/x") return "capital";
  if (path == "/account/x") return "account";
  if (path == "/items" && routed.method == "POST") return "items_write";
  if (path == "/items" && (routed.method == "GET" || routed.method == "HEAD")) return "items_read";
  if (is_below(path, "/users")) return "users";
  if (path == "/closed/x") return "closed";
  if (path == "/" || is_below(path, "/public")) return "public";
  return std::nullopt;
}

std::string latin1_as_utf8(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) text += static_cast<char>(0xC0 | byte >> 6);
    text += byte < 0x80 ? c : static_cast<char>(0x80 | (byte & 0x3F));
  }
  return text;
}

class Service {
 public:
  explicit Service(ficha::Client client) : client_(std::move(client)) {}

  Response handle(const Request& request, const std::string& peer) {
    const RequestView seen{request, peer};
    const Routed routed = route(request);
    const ficha::Reading reading{routed.method, routed.path, true};
    ficha::HttpRequest judged = seen.request();
    judged.readings = {&reading, 1};
    const ficha::Decision decision = client_.authorize(judged);
    Response response = !decision.allowed()                 ? refuse(decision)
                        : routed.path.starts_with("/wire/") ? show(request, routed, decision.session)
                                                            : run(routed);
    add_headers(decision, response);
    if (request.method() == http::verb::head) response.body().clear();
    return response;
  }

  std::string issue(std::string principal, std::string role, std::vector<ficha::Attribute> attributes = {}) {
    const auto issued = client_.create(
        {.principal = std::move(principal), .roles = {std::move(role)}, .attributes = std::move(attributes)});
    return issued ? std::string(issued->token.reveal()) : std::string{};
  }

 private:
  // What wire.json asks. Which fields a handler gets is a C++ service's own to say.
  Response show(const Request& request, const Routed& routed, const std::optional<ficha::Session>& session) const {
    json headers = json::array();
    for (const auto& field : request) {
      if (client_.is_identity_header(view(field.name_string()))) continue;
      headers.push_back({std::string(view(field.name_string())), latin1_as_utf8(view(field.value()))});
    }
    json seen = {
        {"principal", ""}, {"note", nullptr}, {"roles", json::array()}, {"path", routed.path}, {"headers", headers}};
    if (session) {
      seen["principal"] = session->principal();
      seen["note"] = json::parse(session->attribute("note").value_or("null"));
      seen["roles"] = roles_of(*session);
    }
    return reply(http::status::ok, seen);
  }

  static Response run(const Routed& routed) {
    const auto label = find_handler(routed);
    if (!label) return refuse(404, "not_found", "There is nothing here.");
    Response response = reply(http::status::ok, {{"handler", *label}});
    response.set("X-Handler", std::string(*label));
    return response;
  }

  ficha::Client client_;
};

int run(const std::string& file) {
  auto config = ficha::load_config(file);
  if (config) {
    config->redis.url = ficha::Secret{"memory://"};
    config->prefixes = {std::string(mount)};
  }
  auto client = config ? ficha::Client::open(*std::move(config)) : std::move(config).error();
  if (!client) {
    std::cerr << client.error().message << '\n';
    return EXIT_FAILURE;
  }
  Service service{std::move(*client)};
  const json tokens = {{"customer", service.issue("carl", "customer", {{"note", R"("näme")"}})},
                       {"staff", service.issue("stella", "staff")}};
  const json wire = {{"tokens", json::object()}, {"actions", {"headers", "body"}}};
  serve(
      0, [&](const Request& request, const std::string& peer) { return service.handle(request, peer); },
      [&](std::uint16_t port) {
        const json said = {{"port", port}, {"tokens", tokens}, {"labels", labels}, {"seeds", seeds}, {"wire", wire}};
        std::cout << said.dump() << std::endl;
      });
  return EXIT_SUCCESS;
}

}  // namespace parity

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: parity_service FICHA.TOML\n";
    return 2;
  }
  return parity::run(argv[1]);
}
