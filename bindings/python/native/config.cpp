#include "config.hpp"

#include <pybind11/stl.h>

#include <utility>
#include <vector>

#include "errors.hpp"
#include "ficha/cookie.hpp"
#include "ficha/settings.hpp"
#include "text.hpp"

namespace ficha::python {
namespace {

namespace py = pybind11;

std::string_view name(CookieLookup lookup) {
  switch (lookup) {
    case CookieLookup::found:
      return "found";
    case CookieLookup::ambiguous:
      return "ambiguous";
    case CookieLookup::absent:
      break;
  }
  return "absent";
}

Config from_settings(std::vector<std::pair<std::string, SettingValue>> named) {
  std::vector<Setting> settings;
  settings.reserve(named.size());
  for (auto& setting : named) settings.push_back({std::move(setting.first), std::move(setting.second)});
  return value_or_throw(make_config(settings, "configuration"));
}

// ("found", value), ("absent", None) or ("ambiguous", None).
py::tuple find_cookie_value(const py::sequence& fields, const std::string& cookie_name) {
  std::vector<py::object> kept;  // the views below point into them
  std::vector<std::string_view> raw;
  for (const py::handle field : fields) {
    kept.push_back(py::reinterpret_borrow<py::object>(field));
    const auto bytes = raw_bytes(field.ptr());
    if (!bytes) throw py::type_error("a Cookie field is bytes, or a str of characters up to U+00FF");
    raw.push_back(*bytes);
  }
  const CookieValue cookie = find_cookie(raw, cookie_name);
  py::object value = py::none();
  if (cookie.lookup == CookieLookup::found) value = py::bytes(cookie.value.data(), cookie.value.size());
  return py::make_tuple(name(cookie.lookup), value);
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
      .def_static("from_settings", from_settings, py::arg("settings"),
                  "The same from (name, value) pairs, named as in the file: ('redis.url', ...), ('rule[0].path', ...).")
      .def(
          "with_prefixes",
          [](const Config& config, std::vector<std::string> prefixes) {
            Config changed = config;
            changed.prefixes = std::move(prefixes);
            if (auto valid = validate(changed); !valid) throw_error(valid.error());
            return changed;
          },
          py::arg("prefixes"), "A copy with what is taken off the paths of this service.")
      .def_property_readonly("prefixes", [](const Config& c) { return c.prefixes; })
      .def_property_readonly("identity_headers", [](const Config& c) { return c.trust.identity_headers; })
      .def_property_readonly("pass_credential", [](const Config& c) { return c.trust.pass_credential; })
      .def_property_readonly("cookie_name", [](const Config& c) { return c.cookie.name; })
      .def_property_readonly("cookie_domain", [](const Config& c) { return c.cookie.domain; })
      .def_property_readonly("cookie_same_site", [](const Config& c) { return name(c.cookie.same_site); })
      .def_property_readonly("cookie_secure", [](const Config& c) { return !c.cookie.insecure_http; })
      .def_property_readonly("cookie_persistent", [](const Config& c) { return c.cookie.persistent; })
      .def_property_readonly("csrf_header", [](const Config& c) { return c.csrf.header; })
      .def_property_readonly("csrf_mode", [](const Config& c) { return name(c.csrf.mode); })
      .def_property_readonly("idle_timeout", [](const Config& c) { return c.session.idle_timeout.count(); })
      .def_property_readonly("absolute_timeout", [](const Config& c) { return c.session.absolute_timeout.count(); })
      .def_property_readonly("rule_count", [](const Config& c) { return c.policy.rules.size(); });

  py::class_<ManualClock, std::shared_ptr<ManualClock>>(module, "ManualClock",
                                                        "A clock for tests: stands still until it is told to move.")
      .def(py::init<std::int64_t>(), py::arg("unix_milliseconds"))
      .def("advance", &ManualClock::advance, py::arg("milliseconds"));

  module.def("find_cookie", find_cookie_value, py::arg("fields"), py::arg("name"),
             "('found', raw value) of a cookie in all Cookie fields of a request, or ('absent' or 'ambiguous', None).");
}

}  // namespace ficha::python
