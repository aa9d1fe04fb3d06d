#include "client.hpp"

#include <pybind11/stl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "client_calls.hpp"
#include "client_handle.hpp"
#include "decision.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "queue.hpp"
#include "requests.hpp"
#include "session.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

py::object run_request(ClientHandle& self, const Request& request) {
  auto result = wait_in_thread(
      self, [&] { return run(self.client, request.value); },
      [&](const auto& queue) { self.client.submit(queue, 0, request.value); });
  if (!result) throw py::error_already_set();
  self.deliver_log();
  PyObject* value = to_python(value_or_throw(std::move(*result)));
  if (!value) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(value);
}

void submit_request(ClientHandle& self, const QueueHandle& queue, OperationId id, const Request& request) {
  self.client.submit(queue.queue, id, request.value);
  self.deliver_log();
}

Allow to_allow(std::string_view allow) {
  if (allow == "authenticated") return Allow::authenticated;
  if (allow == "anyone") return Allow::anyone;
  if (allow == "nobody") return Allow::nobody;
  throw_error({ErrorCode::invalid_argument, "allow is 'anyone', 'authenticated' or 'nobody'"});
}

py::object require(ClientHandle& self, const py::object& decision, std::string_view allow,
                   std::vector<std::string> roles, std::vector<std::string> scopes, int level,
                   std::optional<std::int64_t> max_auth_age) {
  const DecisionObject* admitted = as_decision(decision.ptr());
  if (!admitted) throw py::type_error("require() judges a ficha.Decision");
  Requirement requirement{to_allow(allow), std::move(roles), std::move(scopes), level, std::nullopt, false};
  if (max_auth_age) requirement.max_auth_age = std::chrono::seconds{*max_auth_age};
  Decision judged = self.client.require(requirement, admitted->decision);
  if (judged.allowed() || !admitted->decision.allowed()) return decision;
  PyObject* object = new_decision(std::move(judged));
  if (!object) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

// Has a decision that allows be one on `session`, or on None: what took the place of the request's, by a login or a logout.
void decide_on(ClientHandle& self, const py::object& decision, const py::object& session) {
  DecisionObject* object = as_decision(decision.ptr());
  const SessionObject* now = as_session(session.ptr());
  if (!object || (!now && !session.is_none()))
    throw py::type_error("_decide_on() takes a Decision, and a Session or None");
  const Decision& admitted = object->decision;
  if (!admitted.allowed()) return;
  Decision judged =
      self.client.require(Requirement{.allow = Allow::anyone},
                          Admitted{admitted.rule, admitted.carrier, admitted.skipped, now ? &now->session : nullptr});
  for (const ResponseHeader& header : admitted.headers()) judged.add_header(header.name, header.value);
  object->decision = std::move(judged);
  Py_CLEAR(object->session);
}

// [(handler, methods, pattern)] to [(index of the route, methods, index of the rule, line, problem)].
using RouteTuple = std::tuple<std::string, std::vector<std::string>, std::string>;
using FindingTuple = std::tuple<std::size_t, std::vector<std::string>, int, int, std::string>;

std::vector<FindingTuple> check_routes(const ClientHandle& self, const std::vector<RouteTuple>& named) {
  std::vector<Route> routes;
  routes.reserve(named.size());
  for (const auto& [handler, methods, pattern] : named) routes.push_back({handler, methods, pattern});
  std::vector<FindingTuple> findings;
  for (RouteFinding& f : self.client.check_routes(routes))
    findings.emplace_back(f.route, std::move(f.methods), f.rule, f.line, std::move(f.problem));
  return findings;
}

ResponseCookie set_cookie_of(const ClientHandle& self, const py::object& session,
                             std::optional<std::string_view> text) {
  const SessionObject* object = as_session(session.ptr());
  if (!object) throw py::type_error("set_cookie() takes a ficha.Session");
  const auto token = text ? Token::parse(*text, self.client.config().session.token_keys) : object->token;
  if (!token)
    throw_error({ErrorCode::invalid_argument, "a cookie needs the token: that of the issue, or one well formed"});
  return self.client.set_cookie(IssuedSession{*token, object->session});
}

// The public id of a token, without asking the store; None if it is malformed.
std::optional<std::string> session_id(const ClientHandle& self, std::string_view text) {
  const auto token = Token::parse(text, self.client.config().session.token_keys);
  if (!token) return std::nullopt;
  return std::string{token->id().str()};
}

py::dict stats_dict(const Stats& s) {
  py::dict d;
  d["hits"] = s.hits;
  d["misses"] = s.misses;
  d["shared_flights"] = s.shared_flights;
  d["invalidations"] = s.invalidations;
  d["flushes_disconnect"] = s.flushes_disconnect;
  d["flushes_server"] = s.flushes_server;
  d["flushes_staleness"] = s.flushes_staleness;
  d["evictions"] = s.evictions;
  d["touches_sent"] = s.touches_sent;
  d["touches_effective"] = s.touches_effective;
  d["commands"] = s.commands;
  d["connects"] = s.connects;
  d["connect_failures"] = s.connect_failures;
  d["timeouts"] = s.timeouts;
  d["in_flight"] = s.in_flight;
  d["cache_entries"] = s.cache_entries;
  d["cache_bytes"] = s.cache_bytes;
  d["round_trips"] = std::vector<std::uint64_t>(s.round_trips.begin(), s.round_trips.end());
  d["round_trip_sum_us"] = s.round_trip_sum_us;
  d["key_walks"] = s.key_walks;
  d["incomplete"] = s.incomplete;
  d["evicted_keys"] = s.evicted_keys;  // None where the server does not say
  d["eviction_policy"] = name(s.eviction_policy);
  return d;
}

void close_client(ClientHandle& self) {
  self.deliver_log();
  self.closed = true;  // the log has only that to tell from now on
  without_gil([&] {
    self.client.close();
    return 0;
  });
  self.release();
}

}  // namespace

void define_client(py::module_& module) {
  py::class_<ClientHandle> type(module, "Client", "The native half of ficha.Client.");
  type.def(py::init([](const Config& config, std::shared_ptr<ManualClock> clock, py::object log_handler) {
             return std::make_unique<ClientHandle>(config, std::move(clock), std::move(log_handler));
           }),
           py::arg("config"), py::arg("clock") = nullptr, py::arg("log_handler") = py::none())
      .def("run", run_request, py::arg("request"), "Carries the request out and waits for the answer.")
      .def("submit", submit_request, py::arg("queue"), py::arg("id"), py::arg("request"),
           "Carries the request out; it completes in the queue under the id.")
      .def("_require", require, py::arg("decision"), py::arg("allow"), py::arg("roles"), py::arg("scopes"),
           py::arg("level"), py::arg("max_auth_age"))
      .def("_decide_on", decide_on, py::arg("decision"), py::arg("session"))
      .def("set_cookie", set_cookie_of, py::arg("session"), py::arg("token") = py::none(),
           "The cookie for a session just issued, or for another one with its token;\n"
           "\"Cache-Control: no-store\" is due with it.")
      .def(
          "clear_cookie", [](const ClientHandle& self) { return self.client.clear_cookie(); },
          "The cookie that ends the client's.")
      .def(
          "csrf_token",
          [](const ClientHandle& self, std::string_view token) {
            return value_or_throw(self.client.csrf_token(token));
          },
          py::arg("token"), "A value for the CSRF header of mode 'token'.")
      .def(
          "is_identity_header",
          [](const ClientHandle& self, std::string_view name) { return self.client.is_identity_header(name); },
          py::arg("name"), "Whether a client must not send this header, in any of its spellings.")
      .def_property_readonly(
          "judged_fields", [](const ClientHandle& self) { return self.client.judged_fields(); },
          "The names, in lower case, of every header field that a decision may depend on.")
      .def("_check_routes", check_routes, py::arg("routes"))
      .def("session_id", session_id, py::arg("token"),
           "The public id of a token, without asking the store; None if it is malformed.")
      .def(
          "explain",
          [](const ClientHandle& self, const py::object& decision) {
            const DecisionObject* object = as_decision(decision.ptr());
            if (!object) throw py::type_error("explain() takes a ficha.Decision");
            return self.client.explain(object->decision);
          },
          py::arg("decision"), "Why, by which rule: for tests and tools, never for clients.")
      .def(
          "stats", [](const ClientHandle& self) { return stats_dict(self.client.stats()); },
          "Counters since the client was opened.")
      .def(
          "prometheus_text",
          [](const ClientHandle& self, std::string_view prefix) {
            return prometheus_text(self.client.stats(), prefix);
          },
          py::arg("prefix") = "ficha", "The same in Prometheus' text exposition format.")
      .def("close", close_client,
           "Ends the connection and its thread; what is in flight completes with ClientClosed. Idempotent.");
  add_request_calls(module, type);
}

}  // namespace ficha::python
