#include "session.hpp"

#include <structmember.h>

#include <new>
#include <string>
#include <utility>

#include "text.hpp"

namespace ficha::python {
namespace {

PyTypeObject* session_type = nullptr;

const Session& session_of(PyObject* self) noexcept {
  return reinterpret_cast<SessionObject*>(self)->session;
}

void session_dealloc(PyObject* self) {
  auto* object = reinterpret_cast<SessionObject*>(self);
  Py_XDECREF(object->attributes);
  Py_XDECREF(object->protected_attributes);
  object->token.~optional();
  object->session.~Session();
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// Only the id: a repr ends in logs.
PyObject* session_repr(PyObject* self) {
  const SessionId id = session_of(self).id();
  return PyUnicode_FromFormat("<ficha.Session %s>", std::string{id.str()}.c_str());
}

template <auto Member>
PyObject* get_integer(PyObject* self, void*) {
  return PyLong_FromLongLong(static_cast<long long>((session_of(self).*Member)()));
}

template <auto Member>
PyObject* get_text(PyObject* self, void*) {
  return new_str((session_of(self).*Member)());
}

template <auto Count, auto Member>
PyObject* get_tuple(PyObject* self, void*) {
  const Session& session = session_of(self);
  const std::size_t count = (session.*Count)();
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(count));
  if (!tuple) return nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* text = new_str((session.*Member)(i));
    if (!text) {
      Py_DECREF(tuple);
      return nullptr;
    }
    PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), text);
  }
  return tuple;
}

PyObject* get_id(PyObject* self, void*) {
  const SessionId id = session_of(self).id();
  return new_str(id.str());
}

PyObject* get_anonymous(PyObject* self, void*) {
  return PyBool_FromLong(session_of(self).anonymous());
}

PyObject* get_device(PyObject* self, void*) {
  const Session& session = session_of(self);
  return Py_BuildValue("(s#s#)", session.device_address().data(),
                       static_cast<Py_ssize_t>(session.device_address().size()), session.device_user_agent().data(),
                       static_cast<Py_ssize_t>(session.device_user_agent().size()));
}

PyObject* get_token(PyObject* self, void*) {
  const auto& token = reinterpret_cast<SessionObject*>(self)->token;
  if (!token) Py_RETURN_NONE;
  return new_str(token->reveal());
}

// The ordinary attributes, and those that only adapters write.
struct Ordinary {
  static std::size_t count(const Session& session) noexcept { return session.attribute_count(); }
  static std::string_view name(const Session& session, std::size_t i) noexcept { return session.attribute_name(i); }
  static std::string_view json(const Session& session, std::size_t i) noexcept { return session.attribute_json(i); }
  static PyObject*& mapping(SessionObject& object) noexcept { return object.attributes; }
};
struct Protected {
  static std::size_t count(const Session& session) noexcept { return session.protected_count(); }
  static std::string_view name(const Session& session, std::size_t i) noexcept { return session.protected_name(i); }
  static std::string_view json(const Session& session, std::size_t i) noexcept { return session.protected_json(i); }
  static PyObject*& mapping(SessionObject& object) noexcept { return object.protected_attributes; }
};

// Calls `add(dict, name, json text)` for every attribute of the kind; the dict, or nullptr with a Python error set.
template <class Kind, class Add>
PyObject* attribute_dict(const Session& session, Add add) {
  PyObject* dict = PyDict_New();
  if (!dict) return nullptr;
  for (std::size_t i = 0; i < Kind::count(session); ++i) {
    PyObject* name = new_str(Kind::name(session, i));
    PyObject* json = name ? new_str(Kind::json(session, i)) : nullptr;
    const bool added = json && add(dict, name, json);
    Py_XDECREF(json);
    Py_XDECREF(name);
    if (!added) {
      Py_DECREF(dict);
      return nullptr;
    }
  }
  return dict;
}

// ficha._attributes.from_json: the value of (name, JSON text).
PyObject* from_json() {
  static PyObject* function = nullptr;
  if (!function) {
    PyObject* module = PyImport_ImportModule("ficha._attributes");
    if (module) function = PyObject_GetAttrString(module, "from_json");
    Py_XDECREF(module);
  }
  return function;
}

template <class Kind>
PyObject* get_mapping(PyObject* self, void*) {
  auto* object = reinterpret_cast<SessionObject*>(self);
  PyObject*& mapping = Kind::mapping(*object);
  if (!mapping) {
    PyObject* decode = from_json();
    if (!decode) return nullptr;
    PyObject* dict = attribute_dict<Kind>(object->session, [decode](PyObject* into, PyObject* name, PyObject* json) {
      PyObject* value = PyObject_CallFunctionObjArgs(decode, name, json, nullptr);
      const bool added = value && PyDict_SetItem(into, name, value) == 0;
      Py_XDECREF(value);
      return added;
    });
    if (!dict) return nullptr;
    mapping = PyDictProxy_New(dict);
    Py_DECREF(dict);
    if (!mapping) return nullptr;
  }
  return Py_NewRef(mapping);
}

template <class Kind>
PyObject* json_dict(PyObject* self, PyObject*) {
  return attribute_dict<Kind>(session_of(self), [](PyObject* into, PyObject* name, PyObject* json) {
    return PyDict_SetItem(into, name, json) == 0;
  });
}

// bool Session::has_role(str), has_scope(str).
template <auto Member>
PyObject* has_text(PyObject* self, PyObject* argument) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(argument, &size);
  if (!data) return nullptr;
  return PyBool_FromLong((session_of(self).*Member)({data, static_cast<std::size_t>(size)}));
}

PyGetSetDef session_getters[] = {
    {"id", get_id, nullptr, "Public id, 24 characters; safe in logs and admin tools.", nullptr},
    {"token", get_token, nullptr,
     "The secret token, for the cookie or the Bearer client; None unless this session was just issued.", nullptr},
    {"generation", get_integer<&Session::generation>, nullptr, "Starts at 1, one more with every write.", nullptr},
    {"created_at", get_integer<&Session::created_at>, nullptr, "Unix seconds.", nullptr},
    {"expires_at", get_integer<&Session::expires_at>, nullptr, "Absolute deadline, Unix seconds.", nullptr},
    {"idle_deadline", get_integer<&Session::idle_deadline>, nullptr,
     "When the session ends if it is not used again, as known when it was read; Unix seconds.", nullptr},
    {"idle_seconds", get_integer<&Session::idle_seconds>, nullptr, "Idle timeout; 0 = none.", nullptr},
    {"authenticated_at", get_integer<&Session::authenticated_at>, nullptr,
     "When the principal last proved itself, Unix seconds; 0 = never.", nullptr},
    {"level", get_integer<&Session::level>, nullptr, "Assurance level, 0 to 3.", nullptr},
    {"principal", get_text<&Session::principal>, nullptr, "Whose session it is; '' = anonymous.", nullptr},
    {"anonymous", get_anonymous, nullptr, "Whether there is no principal.", nullptr},
    {"device", get_device, nullptr, "(address, user agent); either may be ''.", nullptr},
    {"roles", get_tuple<&Session::role_count, &Session::role>, nullptr, "Tuple of str.", nullptr},
    {"scopes", get_tuple<&Session::scope_count, &Session::scope>, nullptr, "Tuple of str.", nullptr},
    {"attributes", get_mapping<Ordinary>, nullptr, "Read-only mapping of native values.", nullptr},
    {"protected", get_mapping<Protected>, nullptr,
     "The protected attributes, read-only: identity and authority, which only adapters write; empty in a list.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef session_methods[] = {
    {"has_role", has_text<&Session::has_role>, METH_O, "Whether the session has the role."},
    {"has_scope", has_text<&Session::has_scope>, METH_O, "Whether the session has the scope."},
    {"attributes_json", json_dict<Ordinary>, METH_NOARGS, "The attributes as a new dict of JSON texts."},
    {"protected_json", json_dict<Protected>, METH_NOARGS, "The protected attributes as a new dict of JSON texts."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot session_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(session_dealloc)},
    {Py_tp_repr, reinterpret_cast<void*>(session_repr)},
    {Py_tp_getset, session_getters},
    {Py_tp_methods, session_methods},
    {Py_tp_doc, const_cast<char*>("A session as it was when it was read. Immutable; usable in any thread.")},
    {0, nullptr}};

PyType_Spec session_spec = {"ficha.Session", sizeof(SessionObject), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                            session_slots};

}  // namespace

bool add_session_type(PyObject* module) {
  session_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&session_spec));
  return session_type && PyModule_AddObjectRef(module, "Session", reinterpret_cast<PyObject*>(session_type)) == 0;
}

PyObject* new_session(Session session, std::optional<Token> token) noexcept {
  auto* object = reinterpret_cast<SessionObject*>(session_type->tp_alloc(session_type, 0));
  if (!object) return nullptr;
  object->attributes = nullptr;
  object->protected_attributes = nullptr;
  new (&object->token) std::optional<Token>(std::move(token));
  new (&object->session) Session(std::move(session));
  return reinterpret_cast<PyObject*>(object);
}

SessionObject* as_session(PyObject* object) noexcept {
  return Py_IS_TYPE(object, session_type) ? reinterpret_cast<SessionObject*>(object) : nullptr;
}

}  // namespace ficha::python
