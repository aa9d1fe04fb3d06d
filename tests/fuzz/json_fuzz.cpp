// Canonical JSON: is JSON, and its own canonical form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto canonical = ficha::canonical_json(text);
  if (canonical.has_value() != ficha::is_json(text)) std::abort();
  if (canonical && ficha::canonical_json(*canonical) != canonical) std::abort();
  return 0;
}
