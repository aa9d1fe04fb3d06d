// What text may be: well-formed UTF-8 (RFC 3629), free of control characters (Unicode category Cc).
#pragma once

#include <string_view>

namespace ficha {

// False for overlong forms, surrogates, code points above U+10FFFF and truncated sequences.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Well-formed UTF-8 without U+0000–U+001F and U+007F–U+009F.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;

}  // namespace ficha
