// ficha.Session: a snapshot of a session. A plain CPython type, for one is made on every request.
#pragma once

#include <Python.h>

#include <optional>

#include "ficha/session.hpp"

namespace ficha::python {

struct SessionObject {
  PyObject_HEAD PyObject* attributes;  // the read-only mapping of native values, once it was asked for
  PyObject* protected_attributes;      // the same of the protected ones
  std::optional<Token> token;
  Session session;
};

// Creates the type and adds it to the module. False with a Python error set if that fails.
[[nodiscard]] bool add_session_type(PyObject* module);

// A new object, or nullptr with a Python error set. `token` is there only for a session that was just issued.
[[nodiscard]] PyObject* new_session(Session session, std::optional<Token> token = std::nullopt) noexcept;

// The object inside, or nullptr if `object` is no Session; no Python error is set.
[[nodiscard]] SessionObject* as_session(PyObject* object) noexcept;

}  // namespace ficha::python
