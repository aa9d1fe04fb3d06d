// A bag, a key and a value, parted by NUL: what put and take make of it is what JSON says, or an error.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "session/bag.hpp"
#include "session/record.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const ficha::Result<std::string>& bag, const nlohmann::json& before, const nlohmann::json& expected) {
  if (bag) {
    require(before.is_object() && ficha::is_json(*bag) && nlohmann::json::parse(*bag) == expected);
    return;
  }
  require(bag.error().code == (before.is_object() ? ficha::ErrorCode::too_large : ficha::ErrorCode::invalid_argument));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::size_t first = input.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : input.find('\0', first + 1);
  if (second == std::string_view::npos) return 0;
  const std::string_view object = input.substr(0, first);
  const std::string_view key = input.substr(first + 1, second - first - 1);
  const std::string_view value = input.substr(second + 1);
  if (object.size() > ficha::max_attribute_bytes || !ficha::is_json(object)) return 0;
  if (key.empty() || key.size() > ficha::max_bag_key_bytes || !ficha::is_utf8(key)) return 0;

  const auto before = nlohmann::json::parse(object);
  auto without = before;
  if (without.is_object()) without.erase(std::string{key});
  check(ficha::bag_without(object, key), before, without);
  if (!ficha::is_json(value, ficha::max_json_depth - 1)) return 0;
  auto with = before;
  if (with.is_object()) with[std::string{key}] = nlohmann::json::parse(value);
  check(ficha::bag_with(object, key, value), before, with);
  return 0;
}
