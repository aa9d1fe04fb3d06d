// Any bytes as an Authorization field: what is found is one b64token of RFC 6750, right behind the scheme.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/bearer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  const ficha::BearerValue value = ficha::parse_authorization(field);
  if (value.lookup != ficha::BearerLookup::found) {
    if (!value.token.empty()) std::abort();
    return 0;
  }

  std::string_view characters = value.token;
  while (characters.ends_with('=')) characters.remove_suffix(1);
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
  if (characters.empty() || characters.find_first_not_of(allowed) != std::string_view::npos) std::abort();
  std::string rest(field);
  rest.erase(0, rest.find_first_not_of(" \t"));
  rest.erase(rest.find_last_not_of(" \t") + 1);
  std::string scheme = rest.substr(0, rest.size() - value.token.size());
  scheme.erase(scheme.find_last_not_of(' ') + 1);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (scheme != "bearer" || !rest.ends_with(value.token)) std::abort();
  return 0;
}
