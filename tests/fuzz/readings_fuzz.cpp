// Any lines as a method, a prefix, a target, a Destination and further readings ("METHOD target", "=" before a target that
// was decoded). A request that passes passes in each of its readings alone, also with every letter's case changed; whatever
// is allowed for nobody never passes.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ficha/interceptor.hpp"
#include "http/case_folding.hpp"
#include "http/path.hpp"

namespace {

using ficha::Decision;
using ficha::HttpRequest;
using ficha::Reading;

void require(bool holds) {
  if (!holds) std::abort();
}

ficha::Interceptor make_interceptor() {
  auto config = ficha::parse_config(R"(
[cors]
origins = ["https://app.example"]
[[rule]]
path = "/closed/**"
allow = "nobody"
[[rule]]
path = "/Capital/*"
allow = "nobody"
[[rule]]
path = "/items"
methods = ["GET"]
allow = "anyone"
[[rule]]
path = "/items"
methods = ["POST", "PURGE"]
allow = "nobody"
[[rule]]
path = "/**"
methods = ["GET", "POST", "PUT", "DELETE", "COPY", "MOVE", "OPTIONS", "PURGE"]
allow = "anyone"
)",
                                    "ficha.toml");
  config->prefixes = {"/shop", "/shop/eu", "/Old"};
  return *ficha::Interceptor::compile(*config);
}

// No request here has a credential: every one is decided at once.
Decision decide(const ficha::Interceptor& interceptor, const HttpRequest& request) {
  auto admitted = interceptor.admit(request);
  require(std::holds_alternative<Decision>(admitted));
  return std::get<Decision>(admitted);
}

// The oracle: a path that begins with what is closed, in whatever case.
void check_passed(std::string_view method, std::string_view target, bool decoded) {
  ficha::CanonicalPath path;
  require(decoded ? path.parse_decoded(target) : path.parse(target));
  const std::string folded = ficha::fold_case(path.text());
  require(!ficha::is_below(folded, "/closed"));
  require(folded != "/items" || (method != "POST" && method != "PURGE"));
  const bool one_below_capital =
      ficha::is_below(folded, "/capital") && std::count(folded.begin(), folded.end(), '/') == 2;
  require(!one_below_capital);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ficha::Interceptor interceptor = make_interceptor();
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto next = [&input](char separator) {
    const std::size_t end = std::min(input.find(separator), input.size());
    const std::string_view text = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return text;
  };
  HttpRequest request{.method = next('\n'), .path = {}, .headers = {}};
  request.prefix = next('\n');
  request.path = next('\n');
  const ficha::HeaderField headers[] = {{"Host", "a.example"}, {"Destination", next('\n')}};
  request.headers = headers;
  std::vector<Reading> readings;
  while (!input.empty() && readings.size() < 9) {
    Reading reading{.method = next(' '), .target = next('\n')};
    if (reading.target.starts_with('=')) reading = {reading.method, reading.target.substr(1), true};
    readings.push_back(reading);
  }
  request.readings = readings;

  const Decision decision = decide(interceptor, request);
  (void)interceptor.explain(decision);
  if (!decision.allowed()) return 0;
  require(readings.size() <= ficha::max_readings);
  for (const Reading& reading : readings) {
    require(interceptor.is_judged(request, reading));
    HttpRequest alone = request;
    alone.readings = {&reading, 1};
    require(decide(interceptor, alone).allowed());
    if (reading.target.empty()) continue;
    const std::string_view method = reading.method.empty() ? request.method : reading.method;
    check_passed(method, reading.target, reading.decoded);
  }
  HttpRequest bare = request;
  bare.readings = {};
  require(decide(interceptor, bare).allowed());
  require(interceptor.is_judged(request, {}));
  if (request.path.starts_with("/") && request.prefix.empty() && !request.path.starts_with("/shop") &&
      !request.path.starts_with("/Old") && request.path.find('%') == std::string_view::npos) {
    check_passed(request.method, request.path, false);
  }
  return 0;
}
