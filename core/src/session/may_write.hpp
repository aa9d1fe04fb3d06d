// Which attributes this service may write: [session] may_write.
#pragma once

#include <span>
#include <string>

#include "ficha/store.hpp"

namespace ficha {

// Names, or beginnings of names followed by "*". No patterns = every name. Errors: invalid_argument naming the attribute.
[[nodiscard]] Result<void> check_may_write(std::span<const std::string> patterns, const NewSession& session);
[[nodiscard]] Result<void> check_may_write(std::span<const std::string> patterns, const Patch& patch);

// What is wrong with a pattern; nullptr if nothing is.
[[nodiscard]] const char* problem_of_pattern(std::string_view pattern) noexcept;

}  // namespace ficha
