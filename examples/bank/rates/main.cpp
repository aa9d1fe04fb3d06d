// The bank's exchange rates, in C++. Whose session it is, and what the policy says, is settled before a handler runs.
//
// FICHA_CONFIG names the ficha.toml, PORT and INSTANCE say where and as whom to serve.
#include <cstdlib>
#include <iostream>
#include <optional>

#include "http_server.hpp"
#include "json.hpp"

namespace rates {

using namespace ficha_beast;

const json rates = {
    {{"pair", "EUR/USD"}, {"rate", "1.0842"}},
    {{"pair", "EUR/GBP"}, {"rate", "0.8411"}},
    {{"pair", "EUR/CHF"}, {"rate", "0.9386"}},
    {{"pair", "EUR/JPY"}, {"rate", "163.27"}},
};
const json margins = {
    {{"pair", "EUR/USD"}, {"margin", "0.0012"}},
    {{"pair", "EUR/GBP"}, {"margin", "0.0015"}},
    {{"pair", "EUR/CHF"}, {"margin", "0.0018"}},
    {{"pair", "EUR/JPY"}, {"margin", "0.21"}},
};

// The one attribute that holds what the page's user notes. Names that users choose are keys in it, never attributes.
constexpr const char* notes = "notes";

class Service {
 public:
  Service(ficha::Client client, std::string instance) : client_(std::move(client)), instance_(std::move(instance)) {}

  Response handle(const Request& request, const std::string& peer) {
    const RequestView seen{request, peer};
    const ficha::Decision decision = client_.authorize(seen.request());
    Response response = decision.allowed() ? dispatch(request, decision) : refuse(decision);
    add_headers(decision, response);
    return response;
  }

 private:
  Response dispatch(const Request& request, const ficha::Decision& decision) {
    const std::string_view path = path_of(request);
    const http::verb method = request.method();
    constexpr std::string_view note = "/rates/session/notes/";

    if (method == http::verb::get && path == "/rates/health") {
      return reply(http::status::ok, {{"service", "rates"}, {"instance", instance_}});
    }
    if (!decision.session) return not_found();
    const ficha::Session& session = *decision.session;
    if (method == http::verb::get && path == "/rates/session") return reply(http::status::ok, describe(session));
    if (method == http::verb::get && path == "/rates/rates") return reply(http::status::ok, rates);
    if (method == http::verb::get && path == "/rates/margins") {
      const ficha::Decision trader = client_.require({.roles = {"trader"}}, decision);
      return trader.allowed() ? reply(http::status::ok, margins) : refuse(trader);
    }
    if (path.starts_with(note)) {
      const ficha::Decision owner = client_.require({.scopes = {"account"}}, decision);
      if (!owner.allowed()) return refuse(owner);
      const std::string key = decode_segment(path.substr(note.size()));
      if (method == http::verb::put) {
        return change(session, {.kind = ficha::Patch::Kind::put, .name = notes, .json = request.body(), .key = key});
      }
      if (method == http::verb::delete_) {
        return change(session, {.kind = ficha::Patch::Kind::take, .name = notes, .json = {}, .key = key});
      }
    }
    return not_found();
  }

  // One step on the live session, whatever other services do at the same time.
  Response change(const ficha::Session& session, ficha::Patch::Op op) {
    const ficha::Patch patch{.ops = {std::move(op)}};
    if (const auto generation = client_.patch(session.id(), patch); !generation) return refuse(generation.error());
    const auto changed = client_.find(session.id());
    if (!changed) return refuse(changed.error());
    if (!*changed) return refuse({ficha::ErrorCode::session_gone, "the session has ended"});
    return reply(http::status::ok, describe(**changed));
  }

  [[nodiscard]] json describe(const ficha::Session& session) const {
    return {{"service", "rates"},
            {"instance", instance_},
            {"principal", session.principal()},
            {"roles", roles_of(session)},
            {"scopes", scopes_of(session)},
            {"authenticated_at", session.authenticated_at()},
            {"notes", json::parse(session.attribute(notes).value_or("{}"))}};
  }

  static Response not_found() { return refuse(404, "not_found", "There is nothing here."); }

  ficha::Client client_;
  std::string instance_;
};

std::optional<std::string> environment(const char* name) {
  if (const char* value = std::getenv(name)) return value;
  std::cerr << name << " is not set\n";
  return std::nullopt;
}

int run() {
  const auto file = environment("FICHA_CONFIG"), port = environment("PORT"), instance = environment("INSTANCE");
  if (!file || !port || !instance) return 2;
  auto config = ficha::load_config(*file);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return EXIT_FAILURE;
  }
  auto client = ficha::Client::open(std::move(*config));
  if (!client) {
    std::cerr << client.error().message << '\n';
    return EXIT_FAILURE;
  }
  Service service{std::move(*client), *instance};
  serve(
      static_cast<std::uint16_t>(std::atoi(port->c_str())),
      [&](const Request& request, const std::string& peer) { return service.handle(request, peer); },
      [](std::uint16_t) { std::cout << "ready" << std::endl; });
  return EXIT_SUCCESS;
}

}  // namespace rates

int main() {
  return rates::run();
}
