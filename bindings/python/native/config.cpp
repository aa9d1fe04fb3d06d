#include "config.hpp"

#include "errors.hpp"
#include "ficha/cookie.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

std::string_view name(SameSite same_site) {
  switch (same_site) {
    case SameSite::strict:
      return "Strict";
    case SameSite::none:
      return "None";
    case SameSite::lax:
      break;
  }
  return "Lax";
}

// The value of cookie `name` in one raw Cookie field; None when it is absent or ambiguous.
py::object find_cookie_value(const std::string& field, const std::string& name) {
  const std::string_view fields[] = {field};
  const CookieValue cookie = find_cookie(fields, name);
  if (cookie.lookup != CookieLookup::found) return py::none();
  return py::bytes(cookie.value.data(), cookie.value.size());
}

}  // namespace

void define_config(py::module_& module) {
  py::class_<Config>(module, "Config", "A complete, valid configuration.")
      .def_static(
          "load", [](const std::string& path) { return value_or_throw(load_config(path)); }, py::arg("path"),
          "Reads a ficha.toml.")
      .def_static(
          "parse",
          [](std::string_view text, std::string_view source) { return value_or_throw(parse_config(text, source)); },
          py::arg("text"), py::arg("source"), "The same from text; `source` stands for the file in messages.")
      .def_property_readonly("cookie_name", [](const Config& c) { return c.cookie.name; })
      .def_property_readonly("cookie_domain", [](const Config& c) { return c.cookie.domain; })
      .def_property_readonly("cookie_same_site", [](const Config& c) { return name(c.cookie.same_site); })
      .def_property_readonly("cookie_secure", [](const Config& c) { return !c.cookie.insecure_http; })
      .def_property_readonly("cookie_persistent", [](const Config& c) { return c.cookie.persistent; })
      .def_property_readonly("csrf_header", [](const Config& c) { return c.csrf.header; })
      .def_property_readonly(
          "csrf_mode",
          [](const Config& c) {
            return c.csrf.mode == CsrfMode::origin ? "origin" : c.csrf.mode == CsrfMode::token ? "token" : "off";
          })
      .def_property_readonly("idle_timeout", [](const Config& c) { return c.session.idle_timeout.count(); })
      .def_property_readonly("absolute_timeout", [](const Config& c) { return c.session.absolute_timeout.count(); })
      .def_property_readonly("rule_count", [](const Config& c) { return c.policy.rules.size(); });

  py::class_<ManualClock, std::shared_ptr<ManualClock>>(module, "ManualClock",
                                                        "A clock for tests: stands still until it is told to move.")
      .def(py::init<std::int64_t>(), py::arg("unix_milliseconds"))
      .def("advance", &ManualClock::advance, py::arg("milliseconds"));

  module.def("find_cookie", find_cookie_value, py::arg("field"), py::arg("name"),
             "The raw value of a cookie in a Cookie field; None when it is absent or ambiguous.");
}

}  // namespace ficha::python
