// What text may be: well-formed UTF-8 (RFC 3629), free of control characters (Unicode category Cc).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ficha {

// False for overlong forms, surrogates, code points above U+10FFFF and truncated sequences.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Well-formed UTF-8 without U+0000–U+001F and U+007F–U+009F.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;

// `text` as plain text of at most `max_bytes`: "?" for every byte that is not well-formed and for every control character,
// cut between two characters.
[[nodiscard]] std::string to_plain_text(std::string_view text, std::size_t max_bytes);

}  // namespace ficha
