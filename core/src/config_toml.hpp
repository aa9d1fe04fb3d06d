// From a parsed TOML document to a Config, wherever the document comes from.
#pragma once

#include <string_view>

#include "ficha/config.hpp"
#include "toml_library.hpp"

namespace ficha {

// `name` stands for the file in messages. Errors: invalid_config naming it, the line where there is one, and the key.
[[nodiscard]] Result<Config> read_config(const toml::table& table, std::string_view name);

}  // namespace ficha
