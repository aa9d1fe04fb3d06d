#include "decision.hpp"

#include <new>
#include <string>
#include <utility>

#include "responses.hpp"
#include "session.hpp"
#include "text.hpp"

namespace ficha::python {
namespace {

PyTypeObject* decision_type = nullptr;

const Decision& decision_of(PyObject* self) noexcept {
  return reinterpret_cast<DecisionObject*>(self)->decision;
}

void decision_dealloc(PyObject* self) {
  auto* object = reinterpret_cast<DecisionObject*>(self);
  Py_XDECREF(object->session);
  Py_XDECREF(object->credential);
  object->decision.~Decision();
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* decision_repr(PyObject* self) {
  const std::string verdict{name(decision_of(self).verdict)};
  return PyUnicode_FromFormat("<ficha.Decision %s %d>", verdict.c_str(), decision_of(self).status);
}

PyObject* get_allowed(PyObject* self, void*) {
  return PyBool_FromLong(decision_of(self).allowed());
}
PyObject* get_verdict(PyObject* self, void*) {
  return new_str(name(decision_of(self).verdict));
}
PyObject* get_reason(PyObject* self, void*) {
  return new_str(name(decision_of(self).reason));
}
PyObject* get_carrier(PyObject* self, void*) {
  return new_str(name(decision_of(self).carrier));
}
PyObject* get_status(PyObject* self, void*) {
  return PyLong_FromLong(decision_of(self).status);
}
PyObject* get_rule(PyObject* self, void*) {
  return PyLong_FromLong(decision_of(self).rule);
}

PyObject* get_session(PyObject* self, void*) try {
  auto* object = reinterpret_cast<DecisionObject*>(self);
  if (!object->decision.session) Py_RETURN_NONE;
  if (!object->session) object->session = new_session(*object->decision.session);
  return Py_XNewRef(object->session);
} catch (const std::bad_alloc&) {
  return PyErr_NoMemory();
}

PyObject* get_headers(PyObject* self, void*) {
  return to_tuple(decision_of(self).headers());
}

PyObject* get_credential(PyObject* self, void*) {
  PyObject* credential = reinterpret_cast<DecisionObject*>(self)->credential;
  return Py_NewRef(credential ? credential : Py_None);
}

int set_credential(PyObject* self, PyObject* value, void*) {
  Py_XSETREF(reinterpret_cast<DecisionObject*>(self)->credential, Py_XNewRef(value));
  return 0;
}

PyGetSetDef decision_getters[] = {
    {"allowed", get_allowed, nullptr, "Whether the request may pass.", nullptr},
    {"verdict", get_verdict, nullptr,
     "'allow', 'unauthenticated', 'reauthenticate', 'forbidden', 'bad_request', 'unavailable', 'method_not_allowed' "
     "or\n"
     "'preflight', which the host answers like a denial: with status and headers, and no body.",
     nullptr},
    {"reason", get_reason, nullptr, "Why, in snake_case; for logs and tests, never for clients.", nullptr},
    {"status", get_status, nullptr, "HTTP status of what is not allow, 204 for a preflight; 200 for allow.", nullptr},
    {"rule", get_rule, nullptr, "Index of the rule that matched; -1 = none.", nullptr},
    {"carrier", get_carrier, nullptr, "Where the token came from: 'none', 'cookie' or 'bearer'.", nullptr},
    {"session", get_session, nullptr, "The Session, or None.", nullptr},
    {"headers", get_headers, nullptr, "Tuple of (name, value) to add to the response, whatever the handler does.",
     nullptr},
    {"credential", get_credential, set_credential,
     "What the caller proved itself with, for calls to other services; None unless an adapter has kept it.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot decision_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(decision_dealloc)},
                                {Py_tp_repr, reinterpret_cast<void*>(decision_repr)},
                                {Py_tp_getset, decision_getters},
                                {Py_tp_doc, const_cast<char*>("Whether a request may pass: a value, not an error.")},
                                {0, nullptr}};

PyType_Spec decision_spec = {"ficha.Decision", sizeof(DecisionObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                             decision_slots};

}  // namespace

bool add_decision_type(PyObject* module) {
  decision_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&decision_spec));
  return decision_type && PyModule_AddObjectRef(module, "Decision", reinterpret_cast<PyObject*>(decision_type)) == 0;
}

PyObject* new_decision(Decision decision) noexcept {
  auto* object = reinterpret_cast<DecisionObject*>(decision_type->tp_alloc(decision_type, 0));
  if (!object) return nullptr;
  object->session = nullptr;
  object->credential = nullptr;
  new (&object->decision) Decision(std::move(decision));
  return reinterpret_cast<PyObject*>(object);
}

DecisionObject* as_decision(PyObject* object) noexcept {
  return Py_IS_TYPE(object, decision_type) ? reinterpret_cast<DecisionObject*>(object) : nullptr;
}

}  // namespace ficha::python
