#include "requests.hpp"

#include <pybind11/stl.h>

#include <type_traits>
#include <utility>

#include "decision.hpp"
#include "errors.hpp"
#include "session.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

using Names = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using DevicePair = std::optional<std::pair<std::string, std::string>>;
using Seconds = std::optional<std::int64_t>;

Device to_device(const DevicePair& device) {
  return device ? Device{device->first, device->second} : Device{};
}

std::optional<std::chrono::seconds> to_seconds(Seconds seconds) {
  return seconds ? std::optional{std::chrono::seconds{*seconds}} : std::nullopt;
}

SessionId to_id(std::string_view text) {
  const auto id = SessionId::parse(text);
  if (!id) throw_error({ErrorCode::invalid_argument, "a session id has 24 characters of base64url"});
  return *id;
}

std::vector<Attribute> to_attributes(const Pairs& pairs) {
  std::vector<Attribute> attributes;
  attributes.reserve(pairs.size());
  for (const auto& [name, json] : pairs) attributes.push_back({name, json});
  return attributes;
}

NewSession to_new_session(std::string principal, Names roles, Names scopes, const Pairs& attributes,
                          const Pairs& protected_attributes, const DevicePair& device, int level, bool authenticated,
                          Seconds idle_timeout, Seconds absolute_timeout) {
  return NewSession{.principal = std::move(principal),
                    .roles = std::move(roles),
                    .scopes = std::move(scopes),
                    .attributes = to_attributes(attributes),
                    .device = to_device(device),
                    .level = level,
                    .authenticated = authenticated,
                    .idle_timeout = to_seconds(idle_timeout),
                    .absolute_timeout = to_seconds(absolute_timeout),
                    .protected_attributes = to_attributes(protected_attributes)};
}

// (kind, name, JSON text, number, key): the text counts for set, add and put, the number for increment, the key for put and
// take.
using OpTuple = std::tuple<std::string, std::string, std::string, std::int64_t, std::string>;
using Ops = std::vector<OpTuple>;

Patch::Kind to_kind(std::string_view kind) {
  if (kind == "set") return Patch::Kind::set;
  if (kind == "add") return Patch::Kind::add;
  if (kind == "remove") return Patch::Kind::remove;
  if (kind == "increment") return Patch::Kind::increment;
  if (kind == "put") return Patch::Kind::put;
  if (kind == "take") return Patch::Kind::take;
  throw_error({ErrorCode::invalid_argument, "a patch has set, add, remove, increment, put and take"});
}

std::vector<Patch::Op> to_ops(const Ops& ops) {
  std::vector<Patch::Op> converted;
  converted.reserve(ops.size());
  for (const auto& [kind, name, json, by, key] : ops) converted.push_back({to_kind(kind), name, json, by, key});
  return converted;
}

Ops difference_of(const Pairs& before, const Pairs& after) {
  Ops ops;
  for (Patch::Op& op : value_or_throw(difference(to_attributes(before), to_attributes(after)))) {
    ops.emplace_back(op.kind == Patch::Kind::remove ? "remove" : "set", std::move(op.name), std::move(op.json), 0, "");
  }
  return ops;
}

Patch to_patch(const Ops& ops, const Ops& protected_ops, std::optional<Names> roles, std::optional<Names> scopes,
               const DevicePair& device) {
  Patch patch;
  patch.ops = to_ops(ops);
  patch.protected_ops = to_ops(protected_ops);
  patch.roles = std::move(roles);
  patch.scopes = std::move(scopes);
  if (device) patch.device = to_device(device);
  return patch;
}

PyObject* to_list(const std::vector<Session>& sessions) {
  PyObject* list = PyList_New(static_cast<Py_ssize_t>(sessions.size()));
  for (std::size_t i = 0; list && i < sessions.size(); ++i) {
    if (PyObject* session = new_session(sessions[i])) {
      PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), session);
    } else {
      Py_CLEAR(list);
    }
  }
  return list;
}

// Calls the blocking function of Client that stands for the request.
struct Runner {
  Client& client;
  auto operator()(const LoadRequest& r) const { return client.load(r.token.reveal(), r.options); }
  auto operator()(const FindRequest& r) const { return client.find(r.id); }
  auto operator()(const CreateRequest& r) const { return client.create(r.session); }
  auto operator()(const PatchRequest& r) const { return client.patch(r.id, r.patch); }
  auto operator()(const RotateRequest& r) const { return client.rotate(r.id, r.options); }
  auto operator()(const LoginRequest& r) const { return client.login(r.login); }
  auto operator()(const RevokeRequest& r) const { return client.revoke(r.id); }
  auto operator()(const RevokePrincipalRequest& r) const { return client.revoke_principal(r.principal, r.except); }
  auto operator()(const PatchPrincipalRequest& r) const { return client.patch_principal(r.principal, r.patch); }
  auto operator()(const ListRequest& r) const { return client.list(r.principal); }
};

struct Converter {
  PyObject* operator()(std::optional<Session> session) const {
    if (!session) Py_RETURN_NONE;
    return new_session(std::move(*session));
  }
  PyObject* operator()(IssuedSession issued) const {
    return new_session(std::move(issued.session), std::move(issued.token));
  }
  PyObject* operator()(std::uint64_t number) const { return PyLong_FromUnsignedLongLong(number); }
  PyObject* operator()(RevokeOutcome outcome) const { return PyBool_FromLong(outcome == RevokeOutcome::revoked); }
  PyObject* operator()(const std::vector<Session>& sessions) const { return to_list(sessions); }
  PyObject* operator()(Decision decision) const { return new_decision(std::move(decision)); }
};

}  // namespace

Result<Outcome> run(Client& client, const StoreRequest& request) {
  return std::visit(
      [&](const auto& r) -> Result<Outcome> {
        auto result = Runner{client}(r);
        if (!result) return std::move(result).error();
        return Outcome{std::move(result).value()};
      },
      request);
}

PyObject* to_python(Outcome outcome) {
  return std::visit(Converter{}, std::move(outcome));
}

void define_requests(py::module_& module) {
  const py::class_<Request> request(module, "Request", "One store operation, for Client.run() or Client.submit().");
  module.def("difference", difference_of, py::arg("before"), py::arg("after"),
             "The ops that lead from the attributes before, as (name, JSON text), to those after.");
  module.def(
      "load_request",
      [](std::string_view token, bool touch, bool fresh) {
        return Request{LoadRequest{Secret{token}, LoadOptions{touch, fresh}}};
      },
      py::arg("token"), py::arg("touch"), py::arg("fresh"));
  module.def(
      "find_request", [](std::string_view id) { return Request{FindRequest{to_id(id)}}; }, py::arg("id"));
  module.def(
      "create_request",
      [](std::string principal, Names roles, Names scopes, const Pairs& attributes, const Pairs& protected_attributes,
         const DevicePair& device, int level, bool authenticated, Seconds idle_timeout, Seconds absolute_timeout) {
        return Request{CreateRequest{to_new_session(std::move(principal), std::move(roles), std::move(scopes),
                                                    attributes, protected_attributes, device, level, authenticated,
                                                    idle_timeout, absolute_timeout)}};
      },
      py::arg("principal"), py::arg("roles"), py::arg("scopes"), py::arg("attributes"), py::arg("protected_attributes"),
      py::arg("device"), py::arg("level"), py::arg("authenticated"), py::arg("idle_timeout"),
      py::arg("absolute_timeout"));
  module.def(
      "login_request",
      [](std::optional<std::string_view> current, bool keep_attributes, std::string principal, Names roles,
         Names scopes, const Pairs& attributes, const Pairs& protected_attributes, const DevicePair& device, int level,
         bool authenticated, Seconds idle_timeout, Seconds absolute_timeout) {
        return Request{LoginRequest{
            Login{to_new_session(std::move(principal), std::move(roles), std::move(scopes), attributes,
                                 protected_attributes, device, level, authenticated, idle_timeout, absolute_timeout),
                  current ? std::optional(to_id(*current)) : std::nullopt, keep_attributes}}};
      },
      py::arg("current"), py::arg("keep_attributes"), py::arg("principal"), py::arg("roles"), py::arg("scopes"),
      py::arg("attributes"), py::arg("protected_attributes"), py::arg("device"), py::arg("level"),
      py::arg("authenticated"), py::arg("idle_timeout"), py::arg("absolute_timeout"));
  module.def(
      "patch_request",
      [](std::string_view id, const Ops& ops, const Ops& protected_ops, std::optional<Names> roles,
         std::optional<Names> scopes, const DevicePair& device, std::optional<std::uint64_t> expected_generation,
         Seconds idle_timeout, Seconds absolute_timeout) {
        Patch patch = to_patch(ops, protected_ops, std::move(roles), std::move(scopes), device);
        patch.expected_generation = expected_generation;
        patch.idle_timeout = to_seconds(idle_timeout);
        patch.absolute_timeout = to_seconds(absolute_timeout);
        return Request{PatchRequest{to_id(id), std::move(patch)}};
      },
      py::arg("id"), py::arg("ops"), py::arg("protected_ops"), py::arg("roles"), py::arg("scopes"), py::arg("device"),
      py::arg("expected_generation"), py::arg("idle_timeout"), py::arg("absolute_timeout"));
  module.def(
      "patch_principal_request",
      [](std::string principal, const Ops& ops, const Ops& protected_ops, std::optional<Names> roles,
         std::optional<Names> scopes, const DevicePair& device) {
        return Request{PatchPrincipalRequest{
            std::move(principal), to_patch(ops, protected_ops, std::move(roles), std::move(scopes), device)}};
      },
      py::arg("principal"), py::arg("ops"), py::arg("protected_ops"), py::arg("roles"), py::arg("scopes"),
      py::arg("device"));
  module.def(
      "rotate_request",
      [](std::string_view id, std::int64_t grace) {
        return Request{RotateRequest{to_id(id), RotateOptions{std::chrono::seconds{grace}}}};
      },
      py::arg("id"), py::arg("grace"));
  module.def(
      "revoke_request", [](std::string_view id) { return Request{RevokeRequest{to_id(id)}}; }, py::arg("id"));
  module.def(
      "revoke_principal_request",
      [](std::string principal, std::optional<std::string> except) {
        return Request{
            RevokePrincipalRequest{std::move(principal), except ? std::optional{to_id(*except)} : std::nullopt}};
      },
      py::arg("principal"), py::arg("except_id"));
  module.def(
      "list_request", [](std::string principal) { return Request{ListRequest{std::move(principal)}}; },
      py::arg("principal"));
}

}  // namespace ficha::python
