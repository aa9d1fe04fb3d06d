// Any bytes as Cookie fields (a line each), against a parser that follows RFC 6265bis word by word, and takes a comma before
// another pair for a joint of two fields (RFC 9110 section 5.3).
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

bool is_pair(std::string_view text) {
  constexpr std::string_view token_chars =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string name = trim(text.substr(0, equals));
  return !name.empty() && name.find_first_not_of(token_chars) == std::string::npos;
}

// What stands between the semicolons, cut at each comma behind which a pair begins.
std::vector<std::string> split_joined(std::string_view pairs) {
  std::vector<std::string> joined;
  for (const std::string_view part : split(pairs, ',')) {
    if (joined.empty() || is_pair(part)) {
      joined.emplace_back(part);
    } else {
      joined.back().append(",").append(part);
    }
  }
  return joined;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view name = "sid";
  const std::vector<std::string_view> fields = split({reinterpret_cast<const char*>(data), size}, '\n');

  std::optional<std::string> expected;
  bool ambiguous = false;
  for (const std::string_view field : fields) {
    for (const std::string_view pairs : split(field, ';')) {
      for (const std::string& pair : split_joined(pairs)) {
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && trim(pair.substr(0, equals)) == name) {
          const std::string value = trim(pair.substr(equals + 1));
          ambiguous |= expected && *expected != value;
          expected = value;
        }
      }
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
