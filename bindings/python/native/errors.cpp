#include "errors.hpp"

#include <pybind11/pybind11.h>

namespace ficha::python {

PyObject* new_exception(const Error& error) {
  static PyObject* make = nullptr;  // the function of ficha._errors that knows the classes
  if (!make) {
    PyObject* module = PyImport_ImportModule("ficha._errors");
    if (!module) return nullptr;
    make = PyObject_GetAttrString(module, "make_error");
    Py_DECREF(module);
    if (!make) return nullptr;
  }
  return PyObject_CallFunction(make, "is#", static_cast<int>(error.code), error.message.data(),
                               static_cast<Py_ssize_t>(error.message.size()));
}

PyObject* raise(const Error& error) {
  if (PyObject* exception = new_exception(error)) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception)), exception);
    Py_DECREF(exception);
  }
  return nullptr;
}

void throw_error(const Error& error) {
  raise(error);
  throw pybind11::error_already_set();
}

}  // namespace ficha::python
