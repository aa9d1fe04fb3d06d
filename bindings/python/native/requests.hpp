// What can be asked of a client, built from Python values; and what comes back, as Python values.
#pragma once

#include <pybind11/pybind11.h>

#include "ficha/client.hpp"

namespace ficha::python {

// One store operation, ready for Client.run() or Client.submit(). Immutable; may be used again.
struct Request {
  StoreRequest value;
};

void define_requests(pybind11::module_& module);

// Blocks until the store has answered. Touches no Python.
[[nodiscard]] Result<Outcome> run(Client& client, const StoreRequest& request);

// Session, None, int, bool, list of Session or Decision; nullptr with a Python error set.
[[nodiscard]] PyObject* to_python(Outcome outcome);

}  // namespace ficha::python
