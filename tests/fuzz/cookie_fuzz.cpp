// Any bytes as Cookie fields (a line each), against a parser that follows RFC 6265bis word by word.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ficha/cookie.hpp"

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

std::string trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view name = "sid";
  const std::vector<std::string_view> fields = split({reinterpret_cast<const char*>(data), size}, '\n');

  std::optional<std::string> expected;
  bool ambiguous = false;
  for (const std::string_view field : fields) {
    for (const std::string_view pair : split(field, ';')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
      const std::string value = trim(pair.substr(equals + 1));
      ambiguous |= expected && *expected != value;
      expected = value;
    }
  }

  const ficha::CookieValue found = ficha::find_cookie(fields, name);
  const ficha::CookieLookup lookup = ambiguous  ? ficha::CookieLookup::ambiguous
                                     : expected ? ficha::CookieLookup::found
                                                : ficha::CookieLookup::absent;
  if (found.lookup != lookup) std::abort();
  if (lookup == ficha::CookieLookup::found && found.value != *expected) std::abort();
  return 0;
}
