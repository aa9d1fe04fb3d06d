// The calls of ficha._core.Client that run on every request: load, authorize and their try_ and submit_ forms.
#pragma once

#include <pybind11/pybind11.h>

namespace ficha::python {

// Puts them into the class as METH_FASTCALL, past pybind11's argument conversion, and NOT_READY into the module.
void add_request_calls(pybind11::module_& module, const pybind11::object& type);

}  // namespace ficha::python
