#include "client.hpp"

#include <pybind11/stl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <span>

#include "config.hpp"
#include "decision.hpp"
#include "errors.hpp"
#include "ficha/client.hpp"
#include "gil.hpp"
#include "handles.hpp"
#include "log_queue.hpp"
#include "queue.hpp"
#include "requests.hpp"
#include "session.hpp"
#include "text.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

struct ClientHandle : Counted<ClientTag> {
  ClientHandle(const Config& config, std::shared_ptr<ManualClock> manual_clock, py::object handler)
      : clock(std::move(manual_clock)), log_handler(std::move(handler)), client(open(config, log, clock.get())) {}

  static Client open(const Config& config, const std::shared_ptr<LogQueue>& log, Clock* clock) {
    Hooks hooks;
    hooks.clock = clock;
    hooks.log = [log](LogLevel level, std::string_view message) { log->push(level, message); };
    return value_or_throw(Client::open(config, std::move(hooks)));
  }

  // Hands what the core logged to the handler. With the GIL held and no Python error set.
  void deliver_log() {
    if (closed || log->empty() || log_handler.is_none()) return;
    for (const LogQueue::Record& record : log->take()) {
      PyObject* result = PyObject_CallFunction(log_handler.ptr(), "is#", static_cast<int>(record.level),
                                               record.message.data(), static_cast<Py_ssize_t>(record.message.size()));
      if (!result) PyErr_WriteUnraisable(log_handler.ptr());
      Py_XDECREF(result);
    }
  }

  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<LogQueue> log = std::make_shared<LogQueue>();
  py::object log_handler;
  std::atomic<bool> closed{false};
  Client client;
};

// --- waiting ---------------------------------------------------------------------------------------------------------

// How long a signal (Ctrl-C, a server's stop) may wait for its handler, which Python runs in the main thread alone.
constexpr std::chrono::milliseconds signal_delay{500};

// Carries the request out without the GIL: by `blocking`, unless signals would wait for too long; then by `submit`, looking
// for signals meanwhile. nullopt with a Python error set if a handler raised; the operation itself goes on.
template <class Blocking, class Submit>
std::optional<Result<Outcome>> wait_for(const ClientHandle& handle, Blocking blocking, Submit submit) {
  const bool soon = handle.client.config().redis.operation_timeout <= signal_delay;
  if (soon || ::gettid() != ::getpid()) return without_gil(blocking);
  auto queue = CompletionQueue::create();
  if (!queue) return Result<Outcome>{std::move(queue).error()};
  submit(queue.value());
  while (true) {
    auto completions = without_gil([&] { return queue.value()->wait(signal_delay); });
    if (!completions.empty()) return std::move(completions.front().result);
    if (PyErr_CheckSignals() != 0) return std::nullopt;
  }
}

// The same for a request of the store.
std::optional<Result<Outcome>> wait_for(ClientHandle& handle, const StoreRequest& request) {
  return wait_for(
      handle, [&] { return run(handle.client, request); },
      [&](const auto& queue) { handle.client.submit(queue, 0, request); });
}

// --- calls on every request ------------------------------------------------------------------------------------------

// What try_load answers when only the store knows.
PyObject* not_ready = nullptr;

// The handle in a Client object, without pybind11's casters; nullptr with a Python error set if __init__ never ran.
ClientHandle* handle_of(PyObject* self) {
  auto* instance = reinterpret_cast<py::detail::instance*>(self);
  void* handle = instance->simple_layout ? instance->simple_value_holder[0] : nullptr;
  if (!handle) PyErr_SetString(PyExc_TypeError, "ficha.Client.__init__() was not called");
  return static_cast<ClientHandle*>(handle);
}

// The positional and keyword arguments of a METH_FASTCALL | METH_KEYWORDS call.
struct Arguments {
  PyObject* const* values;
  Py_ssize_t positional;
  PyObject* names;  // tuple, or nullptr

  // Writes into `slots` by position and keyword, `required` of them at least. False with a Python error set otherwise.
  [[nodiscard]] bool unpack(const char* function, std::span<const char* const> keywords, std::size_t required,
                            std::size_t most_positional, std::span<PyObject*> slots) const {
    const auto given = static_cast<std::size_t>(positional);
    if (given > most_positional) {
      PyErr_Format(PyExc_TypeError, "%s() takes %zu positional arguments", function, most_positional);
      return false;
    }
    for (std::size_t i = 0; i < given; ++i) slots[i] = values[i];
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); ++i) {
      PyObject* name = PyTuple_GET_ITEM(names, i);
      std::size_t slot = 0;
      while (slot < keywords.size() && PyUnicode_CompareWithASCIIString(name, keywords[slot]) != 0) ++slot;
      if (slot == keywords.size() || slots[slot]) {
        PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", function, name);
        return false;
      }
      slots[slot] = values[positional + i];
    }
    for (std::size_t i = 0; i < required; ++i) {
      if (!slots[i]) {
        PyErr_Format(PyExc_TypeError, "%s() misses the argument '%s'", function, keywords[i]);
        return false;
      }
    }
    return true;
  }
};

// Fails only with a Python error set.
[[nodiscard]] bool read_flag(PyObject* object, bool& flag) {
  if (!object) return true;
  const int truth = PyObject_IsTrue(object);
  flag = truth != 0;
  return truth >= 0;
}

[[nodiscard]] bool read_text(PyObject* object, const char* what, std::string_view& text) {
  if (!object) return true;
  const auto bytes = raw_bytes(object);
  if (!bytes) {
    PyErr_Format(PyExc_TypeError, "%s must be bytes, or a str of characters up to U+00FF", what);
    return false;
  }
  text = *bytes;
  return true;
}

struct LoadArguments {
  std::string_view token;
  LoadOptions options;

  [[nodiscard]] bool read(const char* function, const Arguments& arguments) {
    static constexpr std::array keywords{"token", "touch", "fresh"};
    std::array<PyObject*, 3> slots{};
    if (!arguments.unpack(function, keywords, 1, 1, slots)) return false;
    // A str that is no bytes is no token either: like every malformed token, "no such session".
    if (const auto bytes = raw_bytes(slots[0])) {
      token = *bytes;
    } else if (!PyUnicode_Check(slots[0])) {
      PyErr_SetString(PyExc_TypeError, "token must be str or bytes");
      return false;
    }
    return read_flag(slots[1], options.touch) && read_flag(slots[2], options.fresh);
  }
};

PyObject* new_optional_session(std::optional<Session> session) {
  if (!session) Py_RETURN_NONE;
  return new_session(std::move(*session));
}

PyObject* load(PyObject* self, PyObject* const* values, Py_ssize_t positional, PyObject* names) try {
  ClientHandle* handle = handle_of(self);
  LoadArguments arguments;
  if (!handle || !arguments.read("load", {values, positional, names})) return nullptr;
  if (auto known = handle->client.try_load(arguments.token, arguments.options))
    return new_optional_session(std::move(*known));
  auto loaded = wait_for(*handle, LoadRequest{Secret{arguments.token}, arguments.options});
  if (!loaded) return nullptr;
  handle->deliver_log();
  if (!*loaded) return raise(loaded->error());
  return to_python(std::move(*loaded).value());
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

PyObject* try_load(PyObject* self, PyObject* const* values, Py_ssize_t positional, PyObject* names) try {
  ClientHandle* handle = handle_of(self);
  LoadArguments arguments;
  if (!handle || !arguments.read("try_load", {values, positional, names})) return nullptr;
  if (auto known = handle->client.try_load(arguments.token, arguments.options))
    return new_optional_session(std::move(*known));
  return Py_NewRef(not_ready);
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

// A request as the core sees it, in views into the caller's objects.
class RequestArguments {
 public:
  [[nodiscard]] bool read(const char* function, const Arguments& arguments) {
    static constexpr std::array keywords{"method", "path", "headers", "scheme", "peer"};
    std::array<PyObject*, 5> slots{};
    return arguments.unpack(function, keywords, 3, 5, slots) && read_text(slots[0], "method", request_.method) &&
           read_text(slots[1], "path", request_.path) && read_headers(slots[2]) &&
           read_text(slots[3], "scheme", request_.scheme) && read_text(slots[4], "peer", request_.peer);
  }

  [[nodiscard]] const HttpRequest& request() const noexcept { return request_; }

 private:
  [[nodiscard]] bool read_headers(PyObject* headers) {
    if (!PyList_Check(headers) && !PyTuple_Check(headers)) {
      PyErr_SetString(PyExc_TypeError, "headers must be a list or tuple of (name, value) pairs");
      return false;
    }
    const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(headers));
    HeaderField* fields = few_.data();
    if (count > few_.size()) {
      many_.resize(count);
      fields = many_.data();
    }
    PyObject** items = PySequence_Fast_ITEMS(headers);
    for (std::size_t i = 0; i < count; ++i) {
      PyObject* pair = items[i];
      const bool is_tuple = PyTuple_Check(pair);
      if ((!is_tuple && !PyList_Check(pair)) || PySequence_Fast_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "headers must be a list or tuple of (name, value) pairs");
        return false;
      }
      PyObject** both = PySequence_Fast_ITEMS(pair);
      if (!read_text(both[0], "header name", fields[i].name)) return false;
      if (!read_text(both[1], "header value", fields[i].value)) return false;
    }
    request_.headers = {fields, count};
    return true;
  }

  std::array<HeaderField, 32> few_;
  std::vector<HeaderField> many_;
  HttpRequest request_;
};

PyObject* authorize(PyObject* self, PyObject* const* values, Py_ssize_t positional, PyObject* names) try {
  ClientHandle* handle = handle_of(self);
  RequestArguments arguments;
  if (!handle || !arguments.read("authorize", {values, positional, names})) return nullptr;
  if (auto decision = handle->client.try_authorize(arguments.request())) return new_decision(std::move(*decision));
  auto decided = wait_for(
      *handle, [&] { return Result<Outcome>{handle->client.authorize(arguments.request())}; },
      [&](const auto& queue) { handle->client.submit(queue, 0, arguments.request()); });
  if (!decided) return nullptr;
  handle->deliver_log();
  if (!*decided) return raise(decided->error());
  return to_python(std::move(*decided).value());
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

PyObject* try_authorize(PyObject* self, PyObject* const* values, Py_ssize_t positional, PyObject* names) try {
  ClientHandle* handle = handle_of(self);
  RequestArguments arguments;
  if (!handle || !arguments.read("try_authorize", {values, positional, names})) return nullptr;
  if (auto decision = handle->client.try_authorize(arguments.request())) return new_decision(std::move(*decision));
  Py_RETURN_NONE;
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

// submit_authorize(queue, id, method, path, headers, scheme, peer)
PyObject* submit_authorize(PyObject* self, PyObject* const* values, Py_ssize_t positional, PyObject* names) try {
  ClientHandle* handle = handle_of(self);
  if (!handle) return nullptr;
  if (positional < 2) {
    PyErr_SetString(PyExc_TypeError, "submit_authorize() takes a queue, an id and a request");
    return nullptr;
  }
  const auto& queue = py::cast<const QueueHandle&>(py::handle(values[0]));
  const auto id = py::cast<OperationId>(py::handle(values[1]));
  RequestArguments arguments;
  if (!arguments.read("submit_authorize", {values + 2, positional - 2, names})) return nullptr;
  handle->client.submit(queue.queue, id, arguments.request());
  handle->deliver_log();
  Py_RETURN_NONE;
} catch (const py::cast_error&) {
  PyErr_SetString(PyExc_TypeError, "submit_authorize() takes a queue, an id and a request");
  return nullptr;
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

template <auto Function>
constexpr PyCFunction fastcall() {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Function));
}

constexpr int fast = METH_FASTCALL | METH_KEYWORDS;
std::array methods{
    PyMethodDef{"load", fastcall<load>(), fast,
                "load($self, token, *, touch=True, fresh=False)\n--\n\n"
                "The live session of a token, or None: unknown, expired and revoked look alike.\n\n"
                "``touch=False`` does not extend the idle timeout (polling); ``fresh=True`` asks Redis whatever the\n"
                "near cache holds. Raises the store's errors."},
    PyMethodDef{"try_load", fastcall<try_load>(), fast,
                "try_load($self, token, *, touch=True, fresh=False)\n--\n\n"
                "As load(), if that needs no waiting; NOT_READY otherwise."},
    PyMethodDef{
        "authorize", fastcall<authorize>(), fast,
        "authorize($self, method, path, headers, scheme='https', peer='')\n--\n\n"
        "Whether the request may pass. Never raises for the store: what cannot be found out is 'unavailable'.\n\n"
        "``path`` is the raw request target; ``headers`` a list or tuple of (name, value), in str or bytes."},
    PyMethodDef{"try_authorize", fastcall<try_authorize>(), fast,
                "try_authorize($self, method, path, headers, scheme='https', peer='')\n--\n\n"
                "As authorize(), if that needs no waiting; None otherwise."},
    PyMethodDef{"submit_authorize", fastcall<submit_authorize>(), fast,
                "submit_authorize($self, queue, id, method, path, headers, scheme='https', peer='', /)\n--\n\n"
                "authorize() that completes in the queue under the id."}};

void add_fast_methods(const py::object& type) {
  for (PyMethodDef& method : methods) {
    PyObject* descriptor = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &method);
    if (!descriptor) throw py::error_already_set();
    type.attr(method.ml_name) = py::reinterpret_steal<py::object>(descriptor);
  }
}

// --- everything else -------------------------------------------------------------------------------------------------

py::object run_request(ClientHandle& self, const Request& request) {
  auto result = wait_for(self, request.value);
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
  PyObject* object = new_decision(self.client.require(requirement, admitted->decision));
  if (!object) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

std::string set_cookie_of(const ClientHandle& self, const py::object& session, std::optional<std::string_view> text) {
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
  not_ready = PyUnicode_InternFromString("NOT_READY");
  if (!not_ready || PyModule_AddObjectRef(module.ptr(), "NOT_READY", not_ready) < 0) throw py::error_already_set();

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
      .def("set_cookie", set_cookie_of, py::arg("session"), py::arg("token") = py::none(),
           "The value of the Set-Cookie field for a session just issued, or for another one with its token;\n"
           "\"Cache-Control: no-store\" is due with it.")
      .def(
          "clear_cookie", [](const ClientHandle& self) { return self.client.clear_cookie(); },
          "The value of the Set-Cookie field that ends the cookie.")
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
  add_fast_methods(type);
}

}  // namespace ficha::python
