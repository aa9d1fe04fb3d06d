// Attribute values are kept as text; this is all the core wants to know about them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ficha {

inline constexpr int max_json_depth = 64;

// One JSON text (RFC 8259) that every language reads the same way: UTF-8 without byte order mark, no lone surrogates,
// no number beyond a double, nested at most `max_json_depth` deep.
[[nodiscard]] bool is_json(std::string_view text, int max_depth = max_json_depth);

// One text for all JSON texts that say the same: without blanks, members by name (of several with one name the last), the
// least escapes, numbers by their decimal value (1.0 is 1, and 1e2 is 100; digits beyond a double's count). nullopt for what
// is_json() refuses. For comparisons: numbers are written as nobody else writes them.
[[nodiscard]] std::optional<std::string> canonical_json(std::string_view text);

// `text`, which is UTF-8, as a JSON string in its shortest form.
[[nodiscard]] std::string json_quoted(std::string_view text);
// What a JSON string says; nullopt for what is none.
[[nodiscard]] std::optional<std::string> json_unquoted(std::string_view json);

}  // namespace ficha
