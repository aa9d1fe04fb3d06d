// A configuration out of a host's own settings (a dict, an object, properties), under the names of ficha.toml.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ficha/config.hpp"

namespace ficha {

// Of the type that the file has there: durations and choices are text ("30m", "lax"); std::monostate is an empty table.
using SettingValue = std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

struct Setting {
  std::string name;  // the key with its table; rules are numbered from 0: "redis.url", "rule[2].path"
  SettingValue value;
};

// What a file with these settings gives, and Config::prefixes by the setting "prefixes"; `source` stands for its name in messages. Errors: invalid_config as parse_config,
// also for a setting given twice, and for a rule whose number is not the next one.
[[nodiscard]] Result<Config> make_config(std::span<const Setting> settings, std::string_view source);

}  // namespace ficha
