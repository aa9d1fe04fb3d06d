// The module ficha._core.

#include <pybind11/pybind11.h>

#include "client.hpp"
#include "config.hpp"
#include "decision.hpp"
#include "ficha/result.hpp"
#include "handles.hpp"
#include "queue.hpp"
#include "requests.hpp"
#include "responses.hpp"
#include "session.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

// {number: (name, HTTP status)}.
py::dict error_table() {
  py::dict table;
  for (int number = 0; number <= static_cast<int>(last_error_code); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (name(code) != "unknown") table[py::int_(number)] = py::make_tuple(name(code), http_status(code));
  }
  return table;
}

py::dict live_handles() {
  py::dict counts;
  counts["clients"] = Counted<ClientTag>::alive();
  counts["queues"] = Counted<QueueTag>::alive();
  return counts;
}

// Objects of one interpreter must not reach another: types and interned objects are kept once per process. CPython before
// 3.12 does not ask a module about it, and later ones do so only for isolated interpreters.
constexpr const char* no_subinterpreters =
    "ficha does not work in a subinterpreter; under mod_wsgi set WSGIApplicationGroup %{GLOBAL}";

bool in_main_interpreter() {
  return PyInterpreterState_Get() == PyInterpreterState_Main();
}

}  // namespace
}  // namespace ficha::python

PYBIND11_MODULE(_core_of_main, module) {
  using namespace ficha::python;
  if (!in_main_interpreter()) throw pybind11::import_error(no_subinterpreters);
  module.doc() = "Ficha's core. Use it through the package ficha.";
  if (!add_session_type(module.ptr()) || !add_decision_type(module.ptr())) throw pybind11::error_already_set();
  define_config(module);
  define_requests(module);
  define_responses(module);
  define_queue(module);
  define_client(module);
  module.def("error_table", error_table, "{code: (name, HTTP status)} of every error.");
  module.def("live_handles", live_handles, "How many native objects that own something are alive.");
}

// CPython runs this in the interpreter that imports, or (from 3.13) in the main one and only the above in the other. Before
// 3.12, pybind11 would wait for a lock for ever in another.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (ficha::python::in_main_interpreter()) return PyInit__core_of_main();
  PyErr_SetString(PyExc_ImportError, ficha::python::no_subinterpreters);
  return nullptr;
}
