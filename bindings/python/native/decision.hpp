// ficha.Decision: whether a request may pass. A plain CPython type, for one is made on every request.
#pragma once

#include <Python.h>

#include "ficha/interceptor.hpp"

namespace ficha::python {

struct DecisionObject {
  PyObject_HEAD PyObject* session;  // the Session object, once it was asked for
  PyObject* credential;             // what an adapter has put there, or nullptr
  Decision decision;
};

// Creates the type and adds it to the module. False with a Python error set if that fails.
[[nodiscard]] bool add_decision_type(PyObject* module);

// A new object, or nullptr with a Python error set.
[[nodiscard]] PyObject* new_decision(Decision decision) noexcept;

// The object inside, or nullptr if `object` is no Decision; no Python error is set.
[[nodiscard]] DecisionObject* as_decision(PyObject* object) noexcept;

}  // namespace ficha::python
