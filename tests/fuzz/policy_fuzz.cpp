// Any bytes as a ficha.toml: an error that says where, or a configuration that compiles and decides.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ficha/interceptor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("file:") != std::string_view::npos) return 0;  // would read this machine's files
  const auto config = ficha::parse_config(text, "ficha.toml");
  if (!config) {
    const ficha::Error& error = config.error();
    if (error.code != ficha::ErrorCode::invalid_config || !error.message.starts_with("ficha.toml:")) std::abort();
    return 0;
  }
  const auto interceptor = ficha::Interceptor::compile(*config);
  if (!interceptor) std::abort();
  const std::array<ficha::HeaderField, 2> headers = {{{"Cookie", "__Host-ficha=x"}, {"Origin", "https://a.example"}}};
  for (const std::string_view path : {"/", "/a", "/a/b", "/transfers/7", "//"}) {
    (void)interceptor->admit({.method = "POST", .path = path, .headers = headers});
    const ficha::Route routes[] = {{"a", {"GET"}, "/a/*"}, {"a", {}, std::string(path)}};
    (void)interceptor->check_routes(routes);
  }
  return 0;
}
