// ficha._core.Config and ManualClock, and the search for a cookie.
#pragma once

#include <pybind11/pybind11.h>

namespace ficha::python {

void define_config(pybind11::module_& module);

}  // namespace ficha::python
