#include "session/bag.hpp"

#include <optional>
#include <vector>

#include "base/json.hpp"
#include "session/record.hpp"

namespace ficha {
namespace {

constexpr std::string_view white_space = " \t\r\n";

struct Member {
  std::string_view key;   // a JSON string
  std::string_view text;  // key, colon and value
};

std::size_t skip_white_space(std::string_view json, std::size_t at) {
  return std::min(json.find_first_not_of(white_space, at), json.size());
}

// Behind the string that begins at `at`.
std::size_t skip_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

// The comma or bracket that ends the value before or at which `at` is.
std::size_t end_of_value(std::string_view json, std::size_t at) {
  for (int depth = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '"') {
      at = skip_string(json, at) - 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == '}')) {
      return at;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return json.size();
}

// nullopt if `json` is no object. No more members than one too many.
std::optional<std::vector<Member>> members_of(std::string_view json) {
  std::size_t at = skip_white_space(json, 0);
  if (at == json.size() || json[at] != '{') return std::nullopt;
  at = skip_white_space(json, at + 1);
  std::vector<Member> members;
  while (at < json.size() && json[at] == '"' && members.size() <= max_bag_keys) {
    const std::size_t key_end = skip_string(json, at);
    const std::size_t end = end_of_value(json, key_end);
    const std::size_t last = json.find_last_not_of(white_space, end - 1);
    members.push_back({json.substr(at, key_end - at), json.substr(at, last + 1 - at)});
    at = skip_white_space(json, end + 1);
  }
  return members;
}

bool same_key(std::string_view json, std::string_view quoted, std::string_view key) {
  if (json == quoted) return true;
  return json.find('\\') != std::string_view::npos && json_unquoted(json) == key;
}

Error too_many_keys() {
  return {ErrorCode::too_large, ": a bag holds at most 256 keys"};
}

// With `member` in the place of those with this key; without them, if it is empty.
Result<std::string> replace(std::string_view object, std::string_view key, std::string_view member) {
  const auto members = members_of(object);
  if (!members) return Error{ErrorCode::invalid_argument, " is no JSON object to put into or take from"};
  if (members->size() > max_bag_keys) return too_many_keys();
  const std::string quoted = json_quoted(key);
  std::vector<std::string_view> kept;
  bool found = false;
  for (const Member& old : *members) {
    const bool same = same_key(old.key, quoted, key);
    if (!same) kept.push_back(old.text);
    if (same && !found && !member.empty()) kept.push_back(member);
    found |= same;
  }
  if (!found && member.empty()) return std::string{object};
  if (!found) kept.push_back(member);
  if (kept.size() > max_bag_keys) return too_many_keys();
  std::string bag = "{";
  for (const std::string_view text : kept) bag.append(bag.size() == 1 ? "" : ",").append(text);
  bag += '}';
  if (bag.size() > max_attribute_bytes) return Error{ErrorCode::too_large, ": a value is at most 64 KiB"};
  return bag;
}

}  // namespace

Result<std::string> bag_with(std::string_view object, std::string_view key, std::string_view json) {
  return replace(object, key, json_quoted(key).append(":").append(json));
}

Result<std::string> bag_without(std::string_view object, std::string_view key) {
  return replace(object, key, {});
}

}  // namespace ficha
