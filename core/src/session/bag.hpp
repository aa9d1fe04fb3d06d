// Bags: attributes that are JSON objects, of which one key is changed and every other member keeps its bytes. The scripts do
// the same (store/redis/scripts/_bag.lua).
#pragma once

#include <string>
#include <string_view>

#include "ficha/result.hpp"

namespace ficha {

inline constexpr std::size_t max_bag_keys = 256;
inline constexpr std::size_t max_bag_key_bytes = 256;

// `object`, which is JSON, with the member `key` in the place of the first that has this key, or at the end. Errors:
// invalid_argument for another value than an object, too_large; the message is to follow the attribute's name.
[[nodiscard]] Result<std::string> bag_with(std::string_view object, std::string_view key, std::string_view json);
// As it is, if it has no such key.
[[nodiscard]] Result<std::string> bag_without(std::string_view object, std::string_view key);

}  // namespace ficha
