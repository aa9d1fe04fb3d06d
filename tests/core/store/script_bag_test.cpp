// The scripts change a bag as the core's own code does (MemoryStore), byte for byte, whatever JSON the bag is.
#include <nlohmann/json.hpp>
#include <random>

#include "base/json.hpp"
#include "core/store/redis_store_fixture.hpp"
#include "session/bag.hpp"
#include "store/redis/scripts.hpp"

namespace ficha::testing {
namespace {

// For every four of ARGV (attribute, 'put' or 'take', key as JSON, value): the attribute afterwards, or an error's code.
constexpr std::string_view change_all = R"lua(
local replies = {}
for i = 1, #ARGV, 4 do
  local record = {attributes = {{name = 'bag', json = ARGV[i]}}}
  local failure = change_bag(record, ARGV[i + 1], 'bag', ARGV[i + 2], ARGV[i + 3])
  replies[#replies + 1] = failure and tostring(failure[1]) or record.attributes[1].json
end
return replies
)lua";

struct Change {
  std::string bag;
  bool putting;
  std::string key;
  std::string value;
};

std::string by_the_core(const Change& change) {
  const auto bag =
      change.putting ? bag_with(change.bag, change.key, change.value) : bag_without(change.bag, change.key);
  return bag ? *bag : std::to_string(static_cast<int>(bag.error().code));
}

// JSON with everything that could mislead who looks for its members.
class Author {
 public:
  explicit Author(unsigned seed) : random_(seed) {}

  std::string key() {
    static const std::string keys[] = {"a", "b",  "\"",   "\\",  "{", "}",    "[",       "]",       ",", ":",  "é",
                                       "😀", "\n", "\x01", "a,b", "/", "\x7f", "\\u0061", "\"a\":1", "_", "__", " "};
    return keys[below(std::size(keys))];
  }
  std::string object() {
    std::string json = space() + "{" + space();
    for (std::size_t i = 0, count = below(6); i < count; ++i) {
      json.append(i == 0 ? "" : "," + space()).append(string(key())).append(space() + ":" + space());
      json.append(value(0)).append(space());
    }
    return json + "}" + space();
  }
  std::string value(int depth) {
    switch (below(depth > 4 ? 4 : 7)) {
      case 0:
        return string(key());
      case 1:
        return "-1.5e+2";
      case 2:
        return "null";
      case 3:
        return string(key() + key() + key());
      case 4:
        return list("[", "]", [&] { return value(depth + 1); });
      default:
        return list("{", "}", [&] { return string(key()) + space() + ":" + space() + value(depth + 1); });
    }
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  template <class Item>
  std::string list(const char* open, const char* close, Item item) {
    std::string json = open + space();
    for (std::size_t i = 0, count = below(4); i < count; ++i) json.append(i == 0 ? "" : ",").append(item() + space());
    return json + close;
  }
  // Any of the ways in which JSON can write it.
  std::string string(const std::string& text) {
    if (below(2) == 0) return json_quoted(text);
    if (below(2) == 0) return nlohmann::json(text).dump(-1, ' ', true);
    std::string json = "\"";
    for (const char c : text) {
      char escape[7];
      std::snprintf(escape, sizeof escape, below(2) == 0 ? "\\u%04x" : "\\u%04X", static_cast<unsigned>(c) & 0xFFU);
      const std::string quoted = json_quoted(std::string(1, static_cast<char>(c & 0x7F)));
      json += static_cast<unsigned char>(c) > 0x7F ? std::string(1, c)
              : c == '/'                           ? "\\/"
              : below(2) == 0                      ? escape
                                                   : quoted.substr(1, quoted.size() - 2);
    }
    return json + "\"";
  }
  std::string space() {
    static const char* const spaces[] = {"", "", "", " ", "\t", "\r\n", "  \n"};
    return spaces[below(std::size(spaces))];
  }

  std::mt19937 random_;
};

std::vector<std::string> by_the_scripts(const std::vector<Change>& changes) {
  std::vector<std::string> command = {"EVAL", std::string{scripts::shared_text}.append(change_all), "0"};
  for (const Change& change : changes) {
    command.insert(command.end(), {change.bag, change.putting ? "put" : "take", json_quoted(change.key), change.value});
  }
  const AdminReply reply = RedisServer::shared().command(command);
  std::vector<std::string> bags;
  for (const AdminReply& element : reply.elements) bags.push_back(element.text);
  EXPECT_EQ(bags.size(), changes.size()) << reply.text;
  return bags;
}

// What JSON itself says a change does.
nlohmann::json as_json(const Change& change) {
  auto bag = nlohmann::json::parse(change.bag);
  if (change.putting) {
    bag[change.key] = nlohmann::json::parse(change.value);
  } else {
    bag.erase(change.key);
  }
  return bag;
}

TEST(ScriptBagTest, ThousandsOfObjectsAreChangedAlikeAndAsJsonSays) {
  Author author{20261128};
  for (int batch = 0; batch < 16; ++batch) {
    std::vector<Change> changes;
    for (int i = 0; i < 250; ++i) {
      changes.push_back({author.object(), author.below(2) == 0, author.key(), author.value(0)});
    }
    const std::vector<std::string> bags = by_the_scripts(changes);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      SCOPED_TRACE(changes[i].bag + (changes[i].putting ? " put " : " take ") + changes[i].key);
      ASSERT_TRUE(is_json(changes[i].bag));
      ASSERT_EQ(bags[i], by_the_core(changes[i]));
      ASSERT_TRUE(is_json(bags[i]));
      ASSERT_EQ(nlohmann::json::parse(bags[i]), as_json(changes[i]));
    }
  }
}

TEST(ScriptBagTest, WhatIsNoObjectIsRefusedAlike) {
  Author author{7};
  std::vector<Change> changes;
  for (int i = 0; i < 250; ++i) {
    std::string json = author.value(0);
    if (!json.starts_with('{')) changes.push_back({" " + json, i % 2 == 0, "a", "1"});
  }
  const std::vector<std::string> bags = by_the_scripts(changes);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ASSERT_EQ(bags[i], by_the_core(changes[i])) << changes[i].bag;
    EXPECT_EQ(bags[i], "1") << "invalid_argument";
  }
}

// Not JSON, so only Redis' own administrator can have put it there: no script runs on or breaks off because of it.
TEST(ScriptBagTest, DamagedTextNeverBreaksAScript) {
  Author author{11};
  for (int batch = 0; batch < 8; ++batch) {
    std::vector<Change> changes;
    for (int i = 0; i < 250; ++i) {
      std::string json = author.object();
      for (std::size_t damage = author.below(3) + 1; damage > 0; --damage) {
        const std::size_t at = author.below(json.size());
        if (author.below(2) == 0) {
          json[at] = "\"\\{}[],:u\0x"[author.below(11)];
        } else {
          json.erase(at, 1 + author.below(3));
        }
        if (json.empty()) json = "{";
      }
      changes.push_back({json, i % 2 == 0, author.key(), "1"});
    }
    ASSERT_EQ(by_the_scripts(changes).size(), changes.size());
  }
}

TEST(ScriptBagTest, TheLargestAttributesAreChangedAlike) {
  const auto filled = [](std::string_view part, std::string_view before, std::string_view after) {
    std::string json{before};
    for (bool first = true; json.size() + part.size() + after.size() + 1 < 65'000; first = false) {
      json.append(first ? "" : ",").append(part);
    }
    return json.append(after);
  };
  const std::vector<Change> changes = {
      {filled("[]", R"({"a":[)", "]}"), true, "b", "1"},
      {filled("\"\"", R"({"a":[)", "]}"), true, "b", "1"},
      {filled("{\"\\\"]\":[{}]}", R"({"a":[)", "]}"), false, "a", ""},
      {filled("\"k\":1", "{", "}"), true, "b", "1"},
      {"{\"" + std::string(65'000, 'k') + "\":1}", true, "b", "1"},
      {"{\"a\":\"" + std::string(65'000, '\n' + 22) + "\"}", true, "b", "1"},
      {"{" + std::string(65'000, ' ') + "}", true, "b", "1"},
      {"{\"a\":1" + std::string(32'000, ' ') + ",\"b\":2" + std::string(32'000, ' ') + "}", true, "b", "1"},
  };
  const std::vector<std::string> bags = by_the_scripts(changes);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_TRUE(bags[i] == by_the_core(changes[i])) << i;
  }
}

}  // namespace
}  // namespace ficha::testing
