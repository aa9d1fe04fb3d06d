// Where a configuration's bytes come from: files, and the environment where the file asks for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ficha/result.hpp"
#include "ficha/secret.hpp"

namespace ficha {

// The whole file. Errors: invalid_config, if it cannot be read or is longer than `max_bytes`; the message begins with
// the path.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// The secret that `text` stands for: "env:NAME" an environment variable, "file:PATH" a file without its last line break
// (at most 64 KiB), anything else itself. Errors: invalid_config, for a variable that is not set or empty, a file that
// cannot be read or is empty.
[[nodiscard]] Result<Secret> resolve_secret(std::string_view text);

}  // namespace ficha
