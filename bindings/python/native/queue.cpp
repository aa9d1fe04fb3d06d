#include "queue.hpp"

#include "errors.hpp"
#include "requests.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

// [(id, value or exception), …]; the exceptions are objects, not raised.
py::list to_list(std::vector<Completion> completions) {
  py::list list;
  for (Completion& completion : completions) {
    PyObject* value =
        completion.result ? to_python(std::move(completion.result).value()) : new_exception(completion.result.error());
    if (!value) throw py::error_already_set();
    list.append(py::make_tuple(completion.id, py::reinterpret_steal<py::object>(value)));
  }
  return list;
}

}  // namespace

void define_queue(py::module_& module) {
  py::class_<QueueHandle, std::unique_ptr<QueueHandle>>(module, "CompletionQueue",
                                                        "Where submitted operations complete.")
      .def(py::init([] {
        auto handle = std::make_unique<QueueHandle>();
        handle->queue = value_or_throw(CompletionQueue::create());
        return handle;
      }))
      .def(
          "fileno", [](const QueueHandle& self) { return self.queue->descriptor(); },
          "Readable while completions wait; never read or write it.")
      .def(
          "drain", [](const QueueHandle& self) { return to_list(self.queue->drain()); },
          "Takes everything that waits: [(id, value or exception), …]. Never blocks.");
}

}  // namespace ficha::python
