#include "session/may_write.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "session/validation.hpp"

namespace ficha {
namespace {

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return name == pattern;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

Result<void> check(std::span<const std::string> patterns, const std::string& name) {
  if (patterns.empty()) return {};
  if (std::ranges::any_of(patterns, [&](std::string_view pattern) { return matches(pattern, name); })) return {};
  return Error{ErrorCode::invalid_argument, "attribute \"" + name + "\": not among those that may_write names"};
}

template <class Named>
Result<void> check_all(std::span<const std::string> patterns, const std::vector<Named>& changes) {
  for (const Named& change : changes) {
    if (auto permitted = check(patterns, change.name); !permitted) return permitted;
  }
  return {};
}

}  // namespace

Result<void> check_may_write(std::span<const std::string> patterns, const NewSession& session) {
  return check_all(patterns, session.attributes);
}

Result<void> check_may_write(std::span<const std::string> patterns, const Patch& patch) {
  return check_all(patterns, patch.ops);
}

const char* problem_of_pattern(std::string_view pattern) noexcept {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    if (pattern.empty()) return nullptr;
  }
  if (pattern.empty() || pattern.size() > max_attribute_name_bytes || !is_plain_text(pattern)) {
    return "must be names of attributes, 1 to 64 bytes of UTF-8 without control characters";
  }
  if (pattern.find('*') != std::string_view::npos) return "may have \"*\" at the end of a name only";
  return nullptr;
}

}  // namespace ficha
