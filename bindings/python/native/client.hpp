// ficha._core.Client: the native half of ficha.Client.
#pragma once

#include <pybind11/pybind11.h>

namespace ficha::python {

// Defines the class, then puts the calls that run on every request (load, authorize and their try_ forms) into it as
// METH_FASTCALL, past pybind11's argument conversion.
void define_client(pybind11::module_& module);

}  // namespace ficha::python
