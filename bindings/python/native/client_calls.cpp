#include "client_calls.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "client_handle.hpp"
#include "decision.hpp"
#include "errors.hpp"
#include "queue.hpp"
#include "requests.hpp"
#include "session.hpp"
#include "text.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

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

// Where an operation is to complete, for the running event loop: ficha._completions.expect().
struct Expected {
  const QueueHandle* queue = nullptr;
  OperationId id = 0;
  py::object future;

  // False with a Python error set.
  [[nodiscard]] bool make() try {
    static PyObject* function = nullptr;
    if (!function) {
      PyObject* module = PyImport_ImportModule("ficha._completions");
      if (module) function = PyObject_GetAttrString(module, "expect");
      Py_XDECREF(module);
      if (!function) return false;
    }
    const auto made = py::reinterpret_steal<py::object>(PyObject_CallNoArgs(function));
    if (!made) return false;
    const py::tuple parts = made;
    queue = &py::cast<const QueueHandle&>(parts[0]);
    id = py::cast<OperationId>(parts[1]);
    future = parts[2];
    return true;
  } catch (py::error_already_set& error) {
    error.restore();
    return false;
  }
};

// Submits what only the store can answer while the request's views hold; the future of the answer.
template <class Asked>
PyObject* submit(ClientHandle& handle, Asked asked) {
  Expected expected;
  if (!expected.make()) return nullptr;
  handle.client.submit(expected.queue->queue, expected.id, std::move(asked));
  handle.deliver_log();
  return expected.future.release().ptr();
}

PyObject* load(ClientHandle& handle, const Arguments& arguments) {
  LoadArguments wanted;
  if (!wanted.read("load", arguments)) return nullptr;
  auto tried = handle.client.try_load(wanted.token, wanted.options);
  if (auto* known = std::get_if<std::optional<Session>>(&tried)) return new_optional_session(std::move(*known));
  auto& uncached = std::get<UncachedSession>(tried);
  auto loaded = wait_for(
      handle,
      [&]() -> Result<Outcome> {
        auto found = handle.client.load(std::move(uncached));
        if (!found) return std::move(found).error();
        return Outcome{std::move(*found)};
      },
      [&](const auto& queue) { handle.client.submit(queue, 0, std::move(uncached)); });
  if (!loaded) return nullptr;
  handle.deliver_log();
  if (!*loaded) return raise(loaded->error());
  return to_python(std::move(*loaded).value());
}

PyObject* try_load(ClientHandle& handle, const Arguments& arguments) {
  LoadArguments wanted;
  if (!wanted.read("try_load", arguments)) return nullptr;
  auto tried = handle.client.try_load(wanted.token, wanted.options);
  if (auto* known = std::get_if<std::optional<Session>>(&tried)) return new_optional_session(std::move(*known));
  return Py_NewRef(not_ready);
}

// The session or None; or a future, where only the store knows.
PyObject* load_or_future(ClientHandle& handle, const Arguments& arguments) {
  LoadArguments wanted;
  if (!wanted.read("aload", arguments)) return nullptr;
  auto tried = handle.client.try_load(wanted.token, wanted.options);
  if (auto* known = std::get_if<std::optional<Session>>(&tried)) return new_optional_session(std::move(*known));
  return submit(handle, std::get<UncachedSession>(std::move(tried)));
}

// (method, target, decoded).
[[nodiscard]] bool read_reading(PyObject* object, Reading& reading) {
  if (!PyTuple_Check(object) || PyTuple_GET_SIZE(object) != 3) {
    PyErr_SetString(PyExc_TypeError, "a reading is a tuple (method, target, decoded)");
    return false;
  }
  return read_text(PyTuple_GET_ITEM(object, 0), "method of a reading", reading.method) &&
         read_text(PyTuple_GET_ITEM(object, 1), "target of a reading", reading.target) &&
         read_flag(PyTuple_GET_ITEM(object, 2), reading.decoded);
}

// A request as the core sees it, in views into the caller's objects.
class RequestArguments {
 public:
  [[nodiscard]] bool read(const char* function, const Arguments& arguments) {
    static constexpr std::array keywords{"method", "path", "headers", "scheme", "peer", "prefix", "readings"};
    std::array<PyObject*, 7> slots{};
    return arguments.unpack(function, keywords, 3, 7, slots) && read_text(slots[0], "method", request_.method) &&
           read_text(slots[1], "path", request_.path) && read_headers(slots[2]) &&
           read_text(slots[3], "scheme", request_.scheme) && read_text(slots[4], "peer", request_.peer) &&
           read_text(slots[5], "prefix", request_.prefix) && read_readings(slots[6]);
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

  // One more than may be is enough to be refused.
  [[nodiscard]] bool read_readings(PyObject* readings) {
    if (!readings) return true;
    if (!PyList_Check(readings) && !PyTuple_Check(readings)) {
      PyErr_SetString(PyExc_TypeError, "readings must be a list or tuple of (method, target, decoded)");
      return false;
    }
    const auto count = std::min(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(readings)), readings_.size());
    PyObject** items = PySequence_Fast_ITEMS(readings);
    for (std::size_t i = 0; i < count; ++i) {
      if (!read_reading(items[i], readings_[i])) return false;
    }
    request_.readings = {readings_.data(), count};
    return true;
  }

  std::array<HeaderField, 32> few_;
  std::array<Reading, max_readings + 1> readings_;
  std::vector<HeaderField> many_;
  HttpRequest request_;
};

PyObject* authorize(ClientHandle& handle, const Arguments& arguments) {
  RequestArguments asked;
  if (!asked.read("authorize", arguments)) return nullptr;
  auto tried = handle.client.try_authorize(asked.request());
  if (auto* decision = std::get_if<Decision>(&tried)) return new_decision(std::move(*decision));
  auto& undecided = std::get<UndecidedRequest>(tried);
  auto decided = wait_for(
      handle, [&] { return Result<Outcome>{handle.client.authorize(std::move(undecided))}; },
      [&](const auto& queue) { handle.client.submit(queue, 0, std::move(undecided)); });
  if (!decided) return nullptr;
  handle.deliver_log();
  if (!*decided) return raise(decided->error());
  return to_python(std::move(*decided).value());
}

PyObject* try_authorize(ClientHandle& handle, const Arguments& arguments) {
  RequestArguments asked;
  if (!asked.read("try_authorize", arguments)) return nullptr;
  auto tried = handle.client.try_authorize(asked.request());
  if (auto* decision = std::get_if<Decision>(&tried)) return new_decision(std::move(*decision));
  Py_RETURN_NONE;
}

// The decision; or a future, where only the store knows.
PyObject* authorize_or_future(ClientHandle& handle, const Arguments& arguments) {
  RequestArguments asked;
  if (!asked.read("aauthorize", arguments)) return nullptr;
  auto tried = handle.client.try_authorize(asked.request());
  if (auto* decision = std::get_if<Decision>(&tried)) return new_decision(std::move(*decision));
  return submit(handle, std::get<UndecidedRequest>(std::move(tried)));
}

// is_judged(request, reading): `request` is a tuple of authorize()'s arguments.
PyObject* is_judged(ClientHandle& handle, const Arguments& arguments) {
  static constexpr std::array keywords{"request", "reading"};
  std::array<PyObject*, 2> slots{};
  if (!arguments.unpack("is_judged", keywords, 2, 2, slots)) return nullptr;
  if (!PyTuple_Check(slots[0])) {
    PyErr_SetString(PyExc_TypeError, "request is a tuple of authorize()'s arguments");
    return nullptr;
  }
  RequestArguments asked;
  Reading routed;
  const Arguments of_request{PySequence_Fast_ITEMS(slots[0]), PyTuple_GET_SIZE(slots[0]), nullptr};
  if (!asked.read("is_judged", of_request) || !read_reading(slots[1], routed)) return nullptr;
  return PyBool_FromLong(handle.client.is_judged(asked.request(), routed));
}

// What CPython calls: Function with the client, whose exceptions end here.
template <PyObject* (*Function)(ClientHandle&, const Arguments&)>
PyObject* call(PyObject* self, PyObject* const* values, Py_ssize_t positional, PyObject* names) try {
  ClientHandle* handle = handle_of(self);
  return handle ? Function(*handle, {values, positional, names}) : nullptr;
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

template <PyObject* (*Function)(ClientHandle&, const Arguments&)>
constexpr PyCFunction fastcall() {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call<Function>));
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
        "authorize($self, method, path, headers, scheme='https', peer='', prefix='', readings=())\n--\n\n"
        "Whether the request may pass. Never raises for the store: what cannot be found out is 'unavailable'.\n\n"
        "``path`` is the raw request target; ``headers`` a list or tuple of (name, value), in str or bytes. ``prefix`` "
        "is\n"
        "what the server says was taken off the path, ``readings`` by what else the framework routes, each a tuple\n"
        "(method, target, decoded): '' is the request's own. The request passes only if every reading does."},
    PyMethodDef{"try_authorize", fastcall<try_authorize>(), fast,
                "try_authorize($self, method, path, headers, scheme='https', peer='', prefix='', readings=())\n--\n\n"
                "As authorize(), if that needs no waiting; None otherwise."},
    PyMethodDef{"is_judged", fastcall<is_judged>(), fast,
                "is_judged($self, request, reading)\n--\n\n"
                "Whether authorize(*request) judges the reading, however it is written."},
    PyMethodDef{"_aload", fastcall<load_or_future>(), fast,
                "_aload($self, token, *, touch=True, fresh=False)\n--\n\n"
                "As try_load(), but a future of the running loop where only the store knows."},
    PyMethodDef{"_aauthorize", fastcall<authorize_or_future>(), fast,
                "_aauthorize($self, method, path, headers, scheme='https', peer='', prefix='', readings=())\n--\n\n"
                "As try_authorize(), but a future of the running loop where only the store knows."}};

}  // namespace

void add_request_calls(py::module_& module, const py::object& type) {
  not_ready = PyUnicode_InternFromString("NOT_READY");
  if (!not_ready || PyModule_AddObjectRef(module.ptr(), "NOT_READY", not_ready) < 0) throw py::error_already_set();
  for (PyMethodDef& method : methods) {
    PyObject* descriptor = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &method);
    if (!descriptor) throw py::error_already_set();
    type.attr(method.ml_name) = py::reinterpret_steal<py::object>(descriptor);
  }
}

}  // namespace ficha::python
