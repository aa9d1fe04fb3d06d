// From a parsed TOML document to a Config, wherever the document comes from.
#pragma once

#include <string_view>

#include "config/toml_library.hpp"
#include "ficha/config.hpp"

namespace ficha {

// `name` stands for the file in messages. Errors: invalid_config naming it, the line where there is one, and the key.
[[nodiscard]] Result<Config> read_config(const toml::table& table, std::string_view name);

}  // namespace ficha
