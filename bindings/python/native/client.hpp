// ficha._core.Client: the native half of ficha.Client.
#pragma once

#include <pybind11/pybind11.h>

namespace ficha::python {

// Defines the class, with the calls of client_calls.hpp.
void define_client(pybind11::module_& module);

}  // namespace ficha::python
