// Simple case folding: what a router that ignores case may take for the same path, in whatever language it is written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ficha {

// Folding may make text longer, by half at most (U+023A has two bytes, U+2C65 three).
[[nodiscard]] constexpr std::size_t folded_bytes(std::size_t size) noexcept {
  return size + size / 2;
}

// Writes `text`, which is UTF-8, by the simple case folding of Unicode 14 (CaseFolding.txt, statuses C and S); how many
// bytes. `out` has room for folded_bytes(text.size()).
[[nodiscard]] std::size_t fold_case(std::string_view text, char* out) noexcept;
[[nodiscard]] std::string fold_case(std::string_view text);

// U+0130, U+0131, U+017F and U+212A, which some languages' rules turn into ASCII letters and others do not.
[[nodiscard]] bool has_letter_of_uncertain_case(std::string_view text) noexcept;

}  // namespace ficha
