#include "responses.hpp"

#include <pybind11/stl.h>

#include <string>

#include "decision.hpp"
#include "ficha/cookie.hpp"
#include "ficha/error_response.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

// SameSite as responses write it.
const char* same_site_text(SameSite same_site) noexcept {
  switch (same_site) {
    case SameSite::strict:
      return "Strict";
    case SameSite::lax:
      return "Lax";
    case SameSite::none:
      break;
  }
  return "None";
}

// Of a Decision that does not allow, or of an error's number and its own sentence.
ErrorResponse respond(const py::object& denied, const std::string& message) {
  if (const DecisionObject* object = as_decision(denied.ptr())) return respond_to(object->decision);
  if (!py::isinstance<py::int_>(denied)) throw py::type_error("respond_to() takes a ficha.Decision or an error's code");
  return respond_to(Error{static_cast<ErrorCode>(py::cast<int>(denied)), message});
}

}  // namespace

PyObject* to_tuple(std::span<const ResponseHeader> headers) {
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(headers.size()));
  for (std::size_t i = 0; tuple && i < headers.size(); ++i) {
    PyObject* pair = Py_BuildValue("(s#s#)", headers[i].name.data(), static_cast<Py_ssize_t>(headers[i].name.size()),
                                   headers[i].value.data(), static_cast<Py_ssize_t>(headers[i].value.size()));
    if (pair) {
      PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), pair);
    } else {
      Py_CLEAR(tuple);
    }
  }
  return tuple;
}

void define_responses(py::module_& module) {
  py::class_<ResponseCookie>(module, "ResponseCookie", "A cookie that a response sets; always HttpOnly.")
      .def_readonly("name", &ResponseCookie::name)
      .def_readonly("value", &ResponseCookie::value, "The token; '' to clear the cookie.")
      .def_readonly("path", &ResponseCookie::path)
      .def_readonly("domain", &ResponseCookie::domain, "'' for this host only.")
      .def_readwrite("max_age", &ResponseCookie::max_age, "Seconds; 0 clears; None: until the browser ends.")
      .def_property_readonly(
          "same_site", [](const ResponseCookie& cookie) { return same_site_text(cookie.same_site); },
          "'Strict', 'Lax' or 'None'.")
      .def_readonly("secure", &ResponseCookie::secure)
      .def("field", &ResponseCookie::field, "The value of the Set-Cookie field.");

  py::class_<ErrorResponse>(module, "ErrorResponse", "What a client is told in the place of what a handler would say.")
      .def_readonly("status", &ErrorResponse::status, "HTTP status.")
      .def_readonly("code", &ErrorResponse::code, "For programs: a verdict's name, or an error's.")
      .def_readonly("message", &ErrorResponse::message, "For people; says nothing of reasons, sessions or servers.")
      .def_property_readonly(
          "headers",
          [](const ErrorResponse& response) {
            PyObject* tuple = to_tuple(response.headers.view());
            if (!tuple) throw py::error_already_set();
            return py::reinterpret_steal<py::tuple>(tuple);
          },
          "Tuple of (name, value).")
      .def_property_readonly(
          "body", [](const ErrorResponse& response) { return py::bytes(response.body()); },
          "The same as JSON, to be sent as application/json; b'' for 204.");

  module.def("respond_to", respond, py::arg("denied"), py::arg("message") = "",
             "The answer to a Decision that does not allow, or to an error.");
}

}  // namespace ficha::python
