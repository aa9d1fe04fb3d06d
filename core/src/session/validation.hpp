// What Client checks before a store sees it. Errors: invalid_argument for a value outside its rule, too_large for one
// beyond its size. Messages name the field and the rule, never a value.
#pragma once

#include <string_view>

#include "ficha/store.hpp"

namespace ficha {

inline constexpr std::size_t max_principal_bytes = 256;
inline constexpr std::size_t max_attribute_name_bytes = 64;
inline constexpr std::size_t max_list_items = 256;  // of roles, and of scopes
inline constexpr std::size_t max_list_item_bytes = 128;
inline constexpr std::size_t max_device_bytes = 512;
inline constexpr std::size_t max_patch_ops = 512;
inline constexpr std::chrono::seconds max_absolute_timeout = std::chrono::days{400};
inline constexpr std::chrono::seconds max_grace{30};

// A client may call itself anything, and must be able to log in all the same: what no record can hold is replaced by "?",
// what exceeds max_device_bytes is cut.
void make_storable(Device& device);

[[nodiscard]] Result<void> validate_principal(std::string_view principal, bool allow_empty);
[[nodiscard]] Result<void> validate(const NewSession& session);
[[nodiscard]] Result<void> validate(const Patch& patch);
[[nodiscard]] Result<void> validate(const RotateOptions& options);

}  // namespace ficha
