// What a response tells the client: the session's cookie, and the answer in the place of a handler's.
#pragma once

#include <pybind11/pybind11.h>

#include <span>

#include "ficha/decision.hpp"

namespace ficha::python {

// Tuple of (name, value); nullptr with a Python error set.
[[nodiscard]] PyObject* to_tuple(std::span<const ResponseHeader> headers);

// The classes ResponseCookie and ErrorResponse, and what makes the latter.
void define_responses(pybind11::module_& module);

}  // namespace ficha::python
