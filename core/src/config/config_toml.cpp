#include "config/config_toml.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "base/ascii.hpp"
#include "config/config_problem.hpp"
#include "config/secret_source.hpp"

namespace ficha {
namespace {

constexpr std::size_t max_text_bytes = 1U << 20U;

// One file while it is read: where its keys are, and the first thing that is wrong with it.
class Document {
 public:
  explicit Document(std::string_view name) : name_(name) {}

  // What did not come from a file has no line.
  void remember(const std::string& key, const toml::source_region& source) {
    if (source.begin) lines_[key] = source.begin.line;
  }

  // The line of the key, or of what encloses it: a default may be at odds with what the file says.
  void fail(std::string_view key, std::string_view what) {
    if (error_) return;
    std::string text = name_;
    for (std::string_view place = key; !place.empty(); place = place.substr(0, parent_length(place))) {
      const auto line = lines_.find(place);
      if (line == lines_.end()) continue;
      text.append(":").append(std::to_string(line->second));
      break;
    }
    text.append(": ").append(key).append(": ").append(what);
    error_ = Error{ErrorCode::invalid_config, std::move(text)};
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  static std::size_t parent_length(std::string_view key) {
    const std::size_t dot = key.rfind('.');
    return dot == std::string_view::npos ? 0 : dot;
  }

  std::string name_;
  std::map<std::string, toml::source_index, std::less<>> lines_;
  std::optional<Error> error_;
};

// Levenshtein distance, for suggestions.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string unknown_key(std::string_view key, const std::vector<std::string_view>& known) {
  constexpr std::size_t farthest = 3;
  std::string what = "there is no such key";
  std::size_t nearest = std::min(farthest, (key.size() + 1) / 2) + 1;
  std::string_view suggestion;
  for (const std::string_view candidate : known) {
    const std::size_t distance =
        key.size() > candidate.size() + farthest ? farthest + 1 : edit_distance(key, candidate);
    if (distance < nearest) {
      nearest = distance;
      suggestion = candidate;
    }
  }
  if (!suggestion.empty()) what.append("; did you mean \"").append(suggestion).append("\"?");
  return what;
}

using Milliseconds = std::chrono::milliseconds;

constexpr std::string_view duration_rule =
    "must be a whole number with its unit, as text: \"500ms\", \"30s\", \"30m\", \"12h\" or \"7d\"";

std::optional<Milliseconds> parse_duration(std::string_view text) {
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const auto digits = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  constexpr std::size_t most_digits = 10;
  if (digits == 0 || digits > most_digits) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text.substr(0, digits)) number = number * 10 + (c - '0');
  for (const auto& [unit, milliseconds] : units) {
    if (text.substr(digits) == unit) return Milliseconds(number * milliseconds);
  }
  return std::nullopt;
}

// One table of the file. Every key it may have is read, present or not; finish() reports what is left over.
class Section {
 public:
  Section(Document& document, const toml::table& table, std::string path)
      : document_(document), table_(table), path_(std::move(path)) {
    document_.remember(path_, table.source());
    for (const auto& [key, value] : table) document_.remember(full(key.str()), key.source());
  }

  void read(std::string_view key, std::string& out) {
    if (const auto* node = find(key))
      assign(key, node->value_exact<std::string>(), out, "must be text in quotation marks");
  }
  void read(std::string_view key, bool& out) {
    if (const auto* node = find(key)) assign(key, node->value_exact<bool>(), out, "must be true or false");
  }
  void read(std::string_view key, std::size_t& out) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < 0) return fail(key, "must be a whole number, 0 or more");
    out = static_cast<std::size_t>(*value);
  }
  void read(std::string_view key, int& out) {
    std::size_t value = 0;
    read(key, value);
    if (find(key) != nullptr) out = static_cast<int>(std::min<std::size_t>(value, std::numeric_limits<int>::max()));
  }
  void read(std::string_view key, Milliseconds& out) {
    if (const auto* node = find(key)) assign(key, duration(*node), out, duration_rule);
  }
  void read(std::string_view key, std::chrono::seconds& out) {
    Milliseconds value{};
    read(key, value);
    if (find(key) == nullptr) return;
    if (value % std::chrono::seconds(1) != Milliseconds(0)) return fail(key, "must be whole seconds");
    out = std::chrono::duration_cast<std::chrono::seconds>(value);
  }
  void read(std::string_view key, std::optional<std::chrono::seconds>& out) {
    if (find(key) != nullptr) read(key, out.emplace());
  }
  void read(std::string_view key, std::vector<std::string>& out) {
    for_each_text(key, [&](std::string_view text) { out.emplace_back(text); });
  }
  void read(std::string_view key, Secret& out) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto* text = node->as_string();
    if (text == nullptr) return fail(key, "must be text in quotation marks");
    read_secret(key, text->get(), out);
  }
  void read(std::string_view key, TokenKeys& out) {
    for_each_text(key, [&](std::string_view text) { read_secret(key, text, out.emplace_back()); });
  }
  template <class Choice>
  void read(std::string_view key, Choice& out, std::initializer_list<std::pair<std::string_view, Choice>> choices) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto text = node->value_exact<std::string_view>();
    std::string rule = "must be one of";
    for (const auto& [word, choice] : choices) {
      if (text == word) {
        out = choice;
        return;
      }
      rule.append(word == choices.begin()->first ? " \"" : ", \"").append(word).append("\"");
    }
    fail(key, rule);
  }

  // The key's node; nullptr where the file does not have it.
  const toml::node* find(std::string_view key) {
    known_.push_back(key);
    return table_.get(key);
  }
  void fail(std::string_view key, std::string_view what) { document_.fail(full(key), what); }

  void finish() {
    for (const auto& [key, value] : table_) {
      if (std::find(known_.begin(), known_.end(), key.str()) == known_.end())
        fail(key.str(), unknown_key(key.str(), known_));
    }
  }

 private:
  std::string full(std::string_view key) const { return (path_.empty() ? path_ : path_ + ".") + std::string(key); }

  template <class Value>
  void assign(std::string_view key, std::optional<Value> value, Value& out, std::string_view rule) {
    if (!value) return fail(key, rule);
    out = *std::move(value);
  }

  static std::optional<Milliseconds> duration(const toml::node& node) {
    const auto text = node.value_exact<std::string_view>();
    return text ? parse_duration(*text) : std::nullopt;
  }

  template <class Use>
  void for_each_text(std::string_view key, Use use) {
    const auto* node = find(key);
    if (node == nullptr) return;
    constexpr std::string_view rule =
        "must be a list of texts, such as [\"one\", \"two\"]; leave it out instead of empty";
    const auto* list = node->as_array();
    if (list == nullptr || list->empty()) return fail(key, rule);
    for (const auto& element : *list) {
      const auto* text = element.as_string();
      if (text == nullptr) return fail(key, rule);
      use(std::string_view(text->get()));
    }
  }

  void read_secret(std::string_view key, std::string_view text, Secret& out) {
    Result<Secret> secret = resolve_secret(text);
    if (!secret) return fail(key, secret.error().message);
    out = *std::move(secret);
  }

  Document& document_;
  const toml::table& table_;
  std::string path_;
  std::vector<std::string_view> known_;
};

void read_section(Section& section, RedisConfig& redis) {
  section.read("url", redis.url);
  section.read("namespace", redis.name_space);
  section.read("username", redis.username);
  section.read("password", redis.password);
  section.read("ca_file", redis.ca_file);
  section.read("certificate_file", redis.certificate_file);
  section.read("key_file", redis.key_file);
  section.read("connect_timeout", redis.connect_timeout);
  section.read("command_timeout", redis.command_timeout);
  section.read("operation_timeout", redis.operation_timeout);
  section.read("max_in_flight", redis.max_in_flight);
}

void read_section(Section& section, NearCacheConfig& cache) {
  section.read("enabled", cache.enabled);
  section.read("max_staleness", cache.max_staleness);
  section.read("max_entries", cache.max_entries);
  section.read("max_bytes", cache.max_bytes);
}

void read_section(Section& section, SessionConfig& session) {
  section.read("idle_timeout", session.idle_timeout);
  section.read("absolute_timeout", session.absolute_timeout);
  section.read("max_per_principal", session.max_per_principal);
  section.read("on_limit", session.on_limit, {{"evict_oldest", OnLimit::evict_oldest}, {"refuse", OnLimit::refuse}});
  section.read("writes", session.writes, {{"all", Writes::all}, {"add-only", Writes::add_only}});
  section.read("may_write", session.may_write);
  section.read("token_keys", session.token_keys);
}

void read_section(Section& section, CookieConfig& cookie) {
  section.read("name", cookie.name);
  section.read("same_site", cookie.same_site,
               {{name(SameSite::strict), SameSite::strict},
                {name(SameSite::lax), SameSite::lax},
                {name(SameSite::none), SameSite::none}});
  section.read("domain", cookie.domain);
  section.read("persistent", cookie.persistent);
  section.read("insecure_http", cookie.insecure_http);
}

void read_section(Section& section, CsrfConfig& csrf) {
  section.read("mode", csrf.mode,
               {{name(CsrfMode::origin), CsrfMode::origin},
                {name(CsrfMode::token), CsrfMode::token},
                {name(CsrfMode::off), CsrfMode::off}});
  section.read("trusted_origins", csrf.trusted_origins);
  section.read("header", csrf.header);
}

void read_section(Section& section, CorsConfig& cors) {
  section.read("origins", cors.origins);
  section.read("headers", cors.headers);
  section.read("max_age", cors.max_age);
  section.read("credentials", cors.credentials);
}

void read_section(Section& section, TrustConfig& trust) {
  section.read("proxies", trust.proxies);
  section.read("identity_headers", trust.identity_headers);
  section.read("pass_credential", trust.pass_credential);
}

void read_section(Section& section, Rule& rule) {
  section.read("path", rule.path);
  if (section.find("path") == nullptr) section.fail("path", "is missing: every rule needs one");
  section.read("methods", rule.methods);
  Requirement& requirement = rule.requirement;
  section.read("allow", requirement.allow,
               {{"anyone", Allow::anyone}, {"authenticated", Allow::authenticated}, {"nobody", Allow::nobody}});
  section.read("roles", requirement.roles);
  section.read("scopes", requirement.scopes);
  section.read("level", requirement.level);
  section.read("max_auth_age", requirement.max_auth_age);
  section.read("fresh", requirement.fresh);
  section.read("touch", rule.touch);
}

template <class Part>
void read_table(Document& document, Section& root, std::string_view key, Part& part) {
  const toml::node* node = root.find(key);
  if (node == nullptr) return;
  const toml::table* table = node->as_table();
  if (table == nullptr) return root.fail(key, "must be a table, headed [" + std::string(key) + "]");
  Section section(document, *table, std::string(key));
  read_section(section, part);
  section.finish();
}

void read_rules(Document& document, Section& root, std::vector<Rule>& rules) {
  constexpr std::string_view key = "rule";
  const toml::node* node = root.find(key);
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  if (list == nullptr || !list->is_homogeneous<toml::table>())
    return root.fail(key, "must be tables, each headed [[rule]]");
  for (const toml::node& element : *list) {
    const toml::table& table = *element.as_table();
    Section section(document, table, "rule[" + std::to_string(rules.size()) + "]");
    Rule& rule = rules.emplace_back();
    rule.line = static_cast<int>(table.source().begin.line);
    read_section(section, rule);
    section.finish();
  }
}

}  // namespace

// Every value is read by the type its member has.
Result<Config> read_config(const toml::table& table, std::string_view name) {
  Document document(name);
  Config config;
  Section root(document, table, "");
  read_table(document, root, "redis", config.redis);
  read_table(document, root, "near_cache", config.near_cache);
  read_table(document, root, "session", config.session);
  read_table(document, root, "cookie", config.cookie);
  read_table(document, root, "csrf", config.csrf);
  read_table(document, root, "cors", config.cors);
  read_table(document, root, "trust", config.trust);
  read_rules(document, root, config.policy.rules);
  root.finish();
  if (document.error()) return *document.error();
  if (auto problem = find_problem(config)) {
    document.fail(problem->key, problem->what);
    return *document.error();
  }
  return config;
}

Result<Config> parse_config(std::string_view text, std::string_view name) {
  const auto invalid = [&](std::string_view what) {
    return Error{ErrorCode::invalid_config, std::string(name).append(what)};
  };
  if (text.size() > max_text_bytes) return invalid(": is longer than " + std::to_string(max_text_bytes) + " bytes");
  const toml::parse_result parsed = toml::parse(text, name);
  if (parsed) return read_config(parsed.table(), name);
  const toml::parse_error& error = parsed.error();
  return invalid(":" + std::to_string(error.source().begin.line) +
                 ": is not TOML: " + std::string(error.description()));
}

}  // namespace ficha
