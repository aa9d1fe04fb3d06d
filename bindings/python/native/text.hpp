// Python strings and bytes as the raw bytes of a request, and back.
#pragma once

#include <Python.h>

#include <optional>
#include <string_view>

namespace ficha::python {

// The bytes of a `bytes`, or of a `str` whose characters stand for one byte each, as WSGI hands header fields over
// (PEP 3333). A view into the object. nullopt for anything else, without a Python error.
inline std::optional<std::string_view> raw_bytes(PyObject* object) noexcept {
  if (PyBytes_Check(object)) {
    return std::string_view{PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
  }
  if (PyUnicode_Check(object) && PyUnicode_KIND(object) == PyUnicode_1BYTE_KIND) {
    return std::string_view{static_cast<const char*>(PyUnicode_DATA(object)),
                            static_cast<std::size_t>(PyUnicode_GET_LENGTH(object))};
  }
  return std::nullopt;
}

inline PyObject* new_str(std::string_view utf8) noexcept {
  return PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "strict");
}

}  // namespace ficha::python
