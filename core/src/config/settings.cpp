#include "ficha/settings.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.hpp"
#include "config/config_problem.hpp"
#include "config/config_toml.hpp"

namespace ficha {
namespace {

Error invalid(std::string_view source, std::string_view name, std::string_view what) {
  return {ErrorCode::invalid_config, std::string(source).append(": ").append(name).append(": ").append(what)};
}

// The index in "rule[2]"; nullopt for any other text.
std::optional<std::size_t> index_in(std::string_view part, std::string_view& name) {
  const std::size_t open = part.find('[');
  if (open == std::string_view::npos || open == 0 || !part.ends_with(']')) return std::nullopt;
  std::size_t index = 0;
  const char* const end = part.data() + part.size() - 1;
  const auto [last, error] = std::from_chars(part.data() + open + 1, end, index);
  if (error != std::errc{} || last != end) return std::nullopt;
  name = part.substr(0, open);
  return index;
}

// The table that `part` of a setting's name leads to, made if need be; nullptr where there cannot be one.
toml::table* descend(toml::table& table, std::string_view part) {
  std::string_view name = part;
  const auto index = index_in(part, name);
  if (!index) return table.emplace<toml::table>(name).first->second.as_table();
  toml::array* const list = table.emplace<toml::array>(name).first->second.as_array();
  if (!list || *index > list->size()) return nullptr;
  if (*index == list->size()) list->emplace_back<toml::table>();
  return list->get(*index)->as_table();
}

// A parser of TOML sees to it for files.
bool is_utf8_throughout(const SettingValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return is_utf8(*text);
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return !list || std::ranges::all_of(*list, is_utf8);
}

// Whether it could be: the key is new.
struct Insert {
  toml::table& table;
  std::string_view key;

  bool operator()(std::monostate) const { return descend(table, key) != nullptr; }
  bool operator()(const std::vector<std::string>& texts) const {
    toml::array list;
    for (const std::string& text : texts) list.push_back(text);
    return table.insert(key, std::move(list)).second;
  }
  bool operator()(const auto& value) const { return table.insert(key, value).second; }
};

// Not a key of the file: each service's own.
constexpr std::string_view prefixes_key = "prefixes";

Result<std::vector<std::string>> read_prefixes(std::span<const Setting> settings, std::string_view source) {
  const auto is_it = [](const Setting& setting) { return setting.name == prefixes_key; };
  const auto found = std::ranges::find_if(settings, is_it);
  if (found == settings.end()) return std::vector<std::string>{};
  if (std::ranges::count_if(settings, is_it) > 1) return invalid(source, prefixes_key, "is given twice");
  const auto* list = std::get_if<std::vector<std::string>>(&found->value);
  if (!list) return invalid(source, prefixes_key, "must be a list of texts");
  return *list;
}

Result<Config> add_prefixes(Result<Config> config, std::vector<std::string> prefixes, std::string_view source) {
  if (!config) return config;
  config->prefixes = std::move(prefixes);
  if (const auto problem = find_problem(*config)) return invalid(source, problem->key, problem->what);
  return config;
}

}  // namespace

Result<Config> make_config(std::span<const Setting> settings, std::string_view source) {
  auto prefixes = read_prefixes(settings, source);
  if (!prefixes) return std::move(prefixes).error();
  toml::table root;
  for (const auto& [name, value] : settings) {
    if (name == prefixes_key) continue;
    if (!is_utf8(name))
      return Error{ErrorCode::invalid_config, std::string(source) + ": a setting's name must be UTF-8"};
    if (!is_utf8_throughout(value)) return invalid(source, name, "must be UTF-8");
    toml::table* table = &root;
    std::string_view rest = name;
    for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      table = descend(*table, rest.substr(0, dot));
      if (!table) return invalid(source, name, "leads through what is no table, or a rule is missing before it");
      rest.remove_prefix(dot + 1);
    }
    if (!std::visit(Insert{*table, rest}, value)) return invalid(source, name, "is given twice");
  }
  return add_prefixes(read_config(root, source), *std::move(prefixes), source);
}

}  // namespace ficha
