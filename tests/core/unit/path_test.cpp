// tests/conformance/paths.json holds the cases; here are the properties behind them.
#include "http/path.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace ficha {
namespace {

PathPattern pattern(std::string_view text) {
  return *PathPattern::compile(text);
}

bool is_refused(std::string_view target) {
  CanonicalPath path;
  return !path.parse(target);
}

std::string decoded(std::string_view target) {
  CanonicalPath path;
  EXPECT_TRUE(path.parse(target)) << target;
  return std::string(path.text());
}

TEST(CanonicalPath, TreatsEveryByteTheSameWhetherEncodedOrNot) {
  for (int byte = 0x21; byte < 0x7F; ++byte) {
    const auto c = static_cast<char>(byte);
    if (c == '#' || c == '?' || c == '/' || c == '%') continue;  // delimiters of a URL, which their escapes are not
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(byte));
    const std::string raw = std::string("/x") + c;
    const std::string encoded = std::string("/x") + escape;
    ASSERT_EQ(is_refused(raw), is_refused(encoded)) << escape;
    if (!is_refused(raw)) {
      EXPECT_EQ(decoded(raw), decoded(encoded));
    }
  }
}

TEST(CanonicalPath, RefusesEveryControlCharacter) {
  for (int byte = 0; byte < 0x100; ++byte) {
    if (byte >= 0x20 && byte != 0x7F) continue;
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02x", static_cast<unsigned>(byte));
    EXPECT_TRUE(is_refused(std::string("/a") + escape)) << escape;
    EXPECT_TRUE(is_refused(std::string("/a") + static_cast<char>(byte))) << escape;
  }
}

TEST(CanonicalPath, IsItsOwnCanonicalFormUnlessItHoldsWhatWasEscaped) {
  for (const char* target : {"/", "/a", "/a/b", "/a/b/", "/%61/b", "/caf%C3%A9"}) {
    const std::string once = decoded(target);
    EXPECT_EQ(decoded(once.empty() ? "/" : once), once) << target;
  }
}

TEST(CanonicalPath, CopiesNothingWhenThereIsNothingToDecode) {
  const std::string target = "/transactions/42";
  CanonicalPath path;
  ASSERT_TRUE(path.parse(target));
  EXPECT_EQ(path.text().data(), target.data());
}

// Every pattern of up to four segments out of these, on every path of up to four.
std::vector<std::string> all_of(const std::vector<std::string>& segments, std::size_t longest) {
  std::vector<std::string> texts = {""};
  for (std::size_t begin = 0, length = 0; length < longest; ++length) {
    const std::size_t end = texts.size();
    for (std::size_t i = begin; i < end; ++i) {
      for (const std::string& segment : segments) texts.push_back(texts[i] + "/" + segment);
    }
    begin = end;
  }
  return texts;
}

// The definition, straight: a star is one segment, two are any number.
bool matches_by_definition(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
  const std::string_view segment = pattern.substr(1, pattern_end - 1);
  const std::string_view rest = pattern.substr(pattern_end);
  if (segment == "**") {
    for (std::string_view tail = path;; tail = tail.substr(std::min(tail.find('/', 1), tail.size()))) {
      if (matches_by_definition(rest, tail)) return true;
      if (tail.empty()) return false;
    }
  }
  if (path.empty()) return false;
  const std::size_t path_end = std::min(path.find('/', 1), path.size());
  return (segment == "*" || segment == path.substr(1, path_end - 1)) &&
         matches_by_definition(rest, path.substr(path_end));
}

std::vector<std::string> all_patterns(std::size_t longest) {
  std::vector<std::string> patterns = all_of({"a", "b", "*", "**"}, longest);
  std::erase_if(patterns, [](const std::string& text) { return text.find("**/**") != std::string::npos; });
  patterns.front() = "/";
  return patterns;
}

TEST(PathPattern, MatchesAsItsDefinitionSays) {
  const std::vector<std::string> paths = all_of({"a", "b", "c"}, 5);
  for (const std::string& text : all_patterns(4)) {
    const PathPattern compiled = pattern(text);
    for (const std::string& path : paths) {
      ASSERT_EQ(compiled.matches(path), matches_by_definition(text == "/" ? "" : text, path)) << text << " on " << path;
    }
  }
}

// "c" stands for a segment that no pattern names, and six segments are more than patterns of three can tell apart.
TEST(PathPattern, CoversAnotherIfItMatchesAllItsPathsAndMeetsItIfItMatchesOne) {
  const std::vector<std::string> texts = all_patterns(3);
  const std::vector<std::string> paths = all_of({"a", "b", "c"}, 6);
  std::vector<PathPattern> compiled;
  std::vector<std::vector<bool>> matched;
  for (const std::string& text : texts) {
    compiled.push_back(pattern(text));
    matched.emplace_back();
    for (const std::string& path : paths) matched.back().push_back(compiled.back().matches(path));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = 0; j < texts.size(); ++j) {
      bool covers = true;
      bool meets = false;
      for (std::size_t p = 0; p < paths.size(); ++p) {
        covers = covers && (matched[i][p] || !matched[j][p]);
        meets = meets || (matched[i][p] && matched[j][p]);
      }
      ASSERT_EQ(compiled[i].covers(compiled[j]), covers) << texts[i] << " over " << texts[j];
      ASSERT_EQ(compiled[i].meets(compiled[j]), meets) << texts[i] << " and " << texts[j];
    }
  }
}

TEST(PathPattern, TellsWhatIsWrongWithIt) {
  EXPECT_NE(PathPattern::compile("a").error().message.find("begin with"), std::string::npos);
  EXPECT_NE(PathPattern::compile("/a**").error().message.find("whole segments"), std::string::npos);
  EXPECT_NE(PathPattern::compile("/%61").error().message.find("decoded"), std::string::npos);
  EXPECT_EQ(PathPattern::compile("/a/../b").error().code, ErrorCode::invalid_config);
}

}  // namespace
}  // namespace ficha
