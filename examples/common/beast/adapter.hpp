// Ficha on Boost.Beast: a request for the interceptor, and what it and the client say for the response.
#pragma once

#include <boost/beast/http.hpp>
#include <ficha/ficha.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace ficha_beast {

namespace http = boost::beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// The target's path as the client sent it: what the policy judges is what the service dispatches on. Of a target in absolute
// form that is what follows the authority; the policy refuses one whose authority is not Host.
inline std::string_view path_of(const Request& request) {
  std::string_view target = view(request.target());
  const std::size_t scheme_end = target.find("://");
  if (!target.starts_with('/') && scheme_end != std::string_view::npos) {
    const std::size_t path = target.find_first_of("/?", scheme_end + 3);
    target = path == std::string_view::npos || target[path] == '?' ? "/" : target.substr(path);
  }
  return target.substr(0, target.find('?'));
}

// Beast keeps every field, repeated ones too, with the bytes the client sent. Valid as long as the Request is.
class RequestView {
 public:
  RequestView(const Request& request, std::string_view peer) {
    for (const auto& field : request) fields_.push_back({view(field.name_string()), view(field.value())});
    seen_ = {.method = view(request.method_string()),
             .path = view(request.target()),
             .headers = fields_,
             .scheme = "http",  // of this connection; behind a proxy that ends TLS, see [trust] in ficha.toml
             .peer = peer};
  }
  RequestView(const RequestView&) = delete;
  RequestView& operator=(const RequestView&) = delete;

  [[nodiscard]] const ficha::HttpRequest& request() const { return seen_; }

 private:
  std::vector<ficha::HeaderField> fields_;
  ficha::HttpRequest seen_;
};

// Whatever the handler answered, the decision's own header fields go with it.
inline void add_headers(const ficha::Decision& decision, Response& response) {
  for (const ficha::ResponseHeader& header : decision.headers()) {
    response.insert(boost::beast::string_view{header.name.data(), header.name.size()}, header.value);
  }
}

inline void set_cookie(std::string cookie, Response& response) {
  response.set(http::field::set_cookie, cookie);
  response.set(http::field::cache_control, "no-store");
}

}  // namespace ficha_beast
