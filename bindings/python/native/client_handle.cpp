#include "client_handle.hpp"

namespace ficha::python {

PyObject* hub_waiter() {
  static PyObject* function = nullptr;
  if (!function) {
    PyObject* module = PyImport_ImportModule("ficha._hub");
    if (module) function = PyObject_GetAttrString(module, "waiter");
    Py_XDECREF(module);
    if (!function) return nullptr;
  }
  return PyObject_CallNoArgs(function);
}

std::optional<Result<Outcome>> wait_through_hub(PyObject* waiter, CompletionQueue& queue) {
  while (true) {
    auto completions = queue.drain();
    if (!completions.empty()) return std::move(completions.front().result);
    PyObject* waited = PyObject_CallFunction(waiter, "i", queue.descriptor());
    if (!waited) return std::nullopt;
    Py_DECREF(waited);
  }
}

}  // namespace ficha::python
