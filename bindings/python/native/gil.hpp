// Waiting without the GIL, safely until the very end of the interpreter.
#pragma once

#include <Python.h>
#include <unistd.h>

#include <utility>

namespace ficha::python {

inline bool interpreter_is_finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

// Runs `work`, which must not touch Python, without the GIL. A thread that comes back when the interpreter is going away
// stays here for good: taking the GIL then would end it by unwinding through C++ frames (before CPython 3.14).
template <class Work>
auto without_gil(Work&& work) {
  PyThreadState* state = PyEval_SaveThread();
  auto result = std::forward<Work>(work)();
  while (interpreter_is_finalizing()) ::pause();
  PyEval_RestoreThread(state);
  return result;
}

}  // namespace ficha::python
