// The core's errors as Python exceptions.
#pragma once

#include <Python.h>

#include "ficha/result.hpp"

namespace ficha::python {

// A new exception object of the class that ficha._errors has for the code; nullptr with a Python error set if that fails.
[[nodiscard]] PyObject* new_exception(const Error& error);

// Sets the Python error; always nullptr, so that `return raise(error)` reads well.
PyObject* raise(const Error& error);

// For code called by pybind11: throws pybind11::error_already_set.
[[noreturn]] void throw_error(const Error& error);

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw_error(result.error());
  return std::move(result).value();
}

}  // namespace ficha::python
