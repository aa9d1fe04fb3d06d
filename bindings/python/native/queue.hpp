// ficha._core.CompletionQueue: where submitted operations complete.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "ficha/client.hpp"
#include "handles.hpp"

namespace ficha::python {

struct QueueHandle : Counted<QueueTag> {
  std::shared_ptr<CompletionQueue> queue;
};

void define_queue(pybind11::module_& module);

}  // namespace ficha::python
