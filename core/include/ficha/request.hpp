// A request as the interceptor judges it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ficha {

struct HeaderField {
  std::string_view name;   // any case
  std::string_view value;  // raw bytes
};

// One way in which a layer may route a request, besides by the raw target.
struct Reading {
  std::string_view method = {};  // empty: the request's own
  std::string_view target = {};  // as in the request line, or text as below; empty: the request's own
  bool decoded = false;          // the target is a path that was decoded once: Django's path_info, ASGI's path, …
};

// Views into the host's buffers; read only during the call. `path` is the raw request target; its query is ignored. Of
// the headers those are looked at that judged_fields() names; several fields of one name are several entries.
struct HttpRequest {
  std::string_view method;
  std::string_view path;
  std::span<const HeaderField> headers;
  std::string_view scheme = "https";  // of the connection the service accepted
  std::string_view peer = {};         // its remote address, without port, for [trust] proxies
  // What the server, or a header, says was taken off the path: SCRIPT_NAME, root_path, a context path, X-Forwarded-Prefix.
  // "" or one of Config::prefixes; anything else is refused.
  std::string_view prefix = {};
  // By what the framework routes where that may differ: its own path, less the prefix; a suffix taken off; a method
  // overridden. At most max_readings.
  std::span<const Reading> readings = {};
};
inline constexpr std::size_t max_readings = 7;

}  // namespace ficha
