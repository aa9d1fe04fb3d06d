// A service with logins, on Ficha: ./quickstart ../ficha.toml 8080
//
// Every request is decided on by the policy in ficha.toml before a handler sees it; handlers work on the session that the
// decision carries. Passwords are the only thing here that a real service would do differently.
#include <cstdlib>
#include <iostream>
#include <map>

#include "http_server.hpp"
#include "json.hpp"

namespace quickstart {

using namespace ficha_beast;

struct User {
  std::string password;
  std::vector<std::string> roles;
};
const std::map<std::string, User, std::less<>> users{
    {"ada", {"lovelace", {"customer", "operator"}}},
    {"bob", {"builder", {"customer"}}},
};

json describe(const ficha::Session& session) {
  return {{"id", session.id().str()},
          {"name", session.principal()},
          {"roles", roles_of(session)},
          {"attributes", attributes_of(session)},
          {"device", {{"address", session.device_address()}, {"user_agent", session.device_user_agent()}}},
          {"created_at", session.created_at()},
          {"expires_at", session.expires_at()}};
}

// A member of a JSON object; "" where it is none or no text.
std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

class Service {
 public:
  explicit Service(ficha::Client client) : client_(std::move(client)) {}

  Response handle(const Request& request, const std::string& peer) {
    const RequestView seen{request, peer};
    const ficha::Decision decision = client_.authorize(seen.request());
    Response response = decision.allowed() ? dispatch(request, peer, decision) : refuse(decision);
    add_headers(decision, response);
    return response;
  }

 private:
  Response dispatch(const Request& request, const std::string& peer, const ficha::Decision& decision) {
    const std::string_view path = path_of(request);
    const http::verb method = request.method();
    constexpr std::string_view settings = "/me/settings/";

    if (method == http::verb::get && path == "/") return reply(http::status::ok, {{"hello", "see POST /login"}});
    if (method == http::verb::post && path == "/login") return log_in(request, peer, decision);
    if (!decision.session) return refuse(404, "not_found", "There is nothing here.");

    const ficha::Session& session = *decision.session;
    if (method == http::verb::get && path == "/me") return reply(http::status::ok, describe(session));
    if (method == http::verb::put && path.starts_with(settings)) {
      return put_setting(session, decode_segment(path.substr(settings.size())), request.body());
    }
    if (method == http::verb::get && path == "/me/sessions") return list_sessions(session);
    if (method == http::verb::post && path == "/logout") return log_out(session);
    if (method == http::verb::post && path == "/logout/everywhere") return log_out_everywhere(session);
    if (method == http::verb::get && path == "/metrics") return metrics();
    return refuse(404, "not_found", "There is nothing here.");
  }

  Response log_in(const Request& request, const std::string& peer, const ficha::Decision& decision) {
    const json form = json::parse(request.body(), nullptr, false);
    const auto user = users.find(text_of(form, "name"));
    if (user == users.end() || text_of(form, "password") != user->second.password) {
      return refuse(403, "wrong_password", "wrong name or password");
    }

    ficha::Login login;
    login.session.principal = user->first;
    login.session.roles = user->second.roles;
    login.session.device = {peer, std::string{view(request[http::field::user_agent])}};
    // It gets a new token; what an anonymous visitor had collected comes along.
    if (decision.session) login.current = decision.session->id();
    const auto issued = client_.login(login);
    if (!issued) return refuse(issued.error());

    Response response = reply(http::status::ok, describe(issued->session));
    set_cookie(client_.set_cookie(*issued).field(), response);
    return response;
  }

  // A name that a client chooses is a key in a bag: never the name of an attribute, which may mean something to a framework.
  Response put_setting(const ficha::Session& session, std::string key, std::string value) {
    ficha::Patch patch;
    patch.ops.push_back(
        {.kind = ficha::Patch::Kind::put, .name = "settings", .json = std::move(value), .key = std::move(key)});
    const auto generation = client_.patch(session.id(), patch);
    if (!generation) return refuse(generation.error());
    return reply(http::status::ok, {{"generation", *generation}});
  }

  Response list_sessions(const ficha::Session& session) {
    const auto sessions = client_.list(session.principal());
    if (!sessions) return refuse(sessions.error());
    json described = json::array();
    for (const ficha::Session& each : *sessions) {
      described.push_back(describe(each));
      described.back()["current"] = each.id() == session.id();
    }
    return reply(http::status::ok, described);
  }

  Response log_out(const ficha::Session& session) {
    const auto outcome = client_.revoke(session.id());
    if (!outcome) return refuse(outcome.error());  // never tell a user "logged out" when Redis has not said so
    Response response = reply(http::status::ok, {{"logged_out", 1}});
    set_cookie(client_.clear_cookie().field(), response);
    return response;
  }

  Response log_out_everywhere(const ficha::Session& session) {
    const auto revoked = client_.revoke_principal(session.principal());
    if (!revoked) return refuse(revoked.error());
    Response response = reply(http::status::ok, {{"logged_out", *revoked}});
    set_cookie(client_.clear_cookie().field(), response);
    return response;
  }

  Response metrics() {
    Response response{http::status::ok, 11};
    response.set(http::field::content_type, "text/plain; version=0.0.4");
    response.body() = ficha::prometheus_text(client_.stats());
    return response;
  }

  ficha::Client client_;
};

int run(const std::string& file, std::uint16_t port) {
  auto config = ficha::load_config(file);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return EXIT_FAILURE;
  }
  auto client = ficha::Client::open(std::move(*config));
  if (!client) {
    std::cerr << client.error().message << '\n';
    return EXIT_FAILURE;
  }
  Service service{std::move(*client)};
  serve(
      port, [&](const Request& request, const std::string& peer) { return service.handle(request, peer); },
      [](std::uint16_t at) { std::cout << "listening on http://localhost:" << at << '\n'
                                       << std::flush; });
  return EXIT_SUCCESS;
}

}  // namespace quickstart

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: quickstart FICHA.TOML PORT\n";
    return 2;
  }
  return quickstart::run(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])));
}
