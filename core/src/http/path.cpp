#include "http/path.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "config/config_problem.hpp"
#include "http/case_folding.hpp"

namespace ficha {
namespace {

enum : std::uint8_t { refused = 1, escape = 2, dot = 4, not_ascii = 8, capital = 16, written = 32, slash = 64 };

// What a raw byte of a path asks for.
constexpr std::array<std::uint8_t, 256> byte_classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < ' '; ++c) table[c] = refused;
  for (std::size_t c = 0x80; c < table.size(); ++c) table[c] = not_ascii;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = capital;
  table[0x7F] = table['\\'] = table[';'] = refused;
  table[' '] = table['#'] = written;  // may stand in a path that was decoded
  table['%'] = escape;
  table['.'] = dot;
  table['/'] = slash;
  return table;
}();

// The classes of all bytes; `refused` among them for an empty segment.
unsigned classes_of(std::string_view path) noexcept {
  const auto class_of = [path](std::size_t i) -> unsigned { return byte_classes[static_cast<unsigned char>(path[i])]; };
  unsigned classes = 0;
  unsigned of_two_in_a_row = 0;
  unsigned previous = 0;
  std::size_t i = path.size() % 2;
  if (i == 1) classes = previous = class_of(0);
  for (; i < path.size(); i += 2) {  // two at a time: the longest loop of a decision
    const unsigned first = class_of(i);
    const unsigned second = class_of(i + 1);
    classes |= first | second;
    of_two_in_a_row |= (previous | second) & first;
    previous = second;
  }
  return (of_two_in_a_row & slash) != 0 ? classes | refused : classes;
}

bool has_dot_segment(std::string_view path) noexcept {
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    const std::size_t next = path.find('/', slash + 1);
    const std::string_view segment = path.substr(slash + 1, next == std::string_view::npos ? next : next - slash - 1);
    if (segment == "." || segment == "..") return true;
    slash = next;
  }
  return false;
}

// U+2028 and U+2029, which some log and regular-expression engines take for line ends.
bool has_line_separator(std::string_view text) noexcept {
  return text.find("\xE2\x80\xA8") != std::string_view::npos || text.find("\xE2\x80\xA9") != std::string_view::npos;
}

bool has_escape(std::string_view text) noexcept {
  for (std::size_t percent = 0; (percent = text.find('%', percent)) != std::string_view::npos; ++percent) {
    if (percent + 2 < text.size() && hex_value(text[percent + 1]) >= 0 && hex_value(text[percent + 2]) >= 0)
      return true;
  }
  return false;
}

// Not by ==, which asks strlen and memcmp: for every request.
bool is_any_one(std::string_view segment) noexcept {
  return segment.size() == 1 && segment[0] == '*';
}
bool is_any_number(std::string_view segment) noexcept {
  return segment.size() == 2 && segment[0] == '*' && segment[1] == '*';
}

}  // namespace

bool CanonicalPath::parse(std::string_view target) noexcept {
  std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with('/') || path.size() > max_path_bytes) return false;
  const unsigned classes = classes_of(path);
  if ((classes & (refused | written)) != 0) return false;
  if ((classes & escape) != 0) {
    if (!decode(path)) return false;
    path = text_;
  }
  return accept(path, classes);
}

bool CanonicalPath::parse_decoded(std::string_view path) noexcept {
  if (!path.starts_with('/') || path.size() > max_path_bytes) return false;
  const unsigned classes = classes_of(path);
  if ((classes & refused) != 0 || ((classes & escape) != 0 && has_escape(path))) return false;
  return accept(path, classes);
}

bool CanonicalPath::accept(std::string_view path, unsigned classes) noexcept {
  if ((classes & (escape | not_ascii)) != 0 &&
      (!is_plain_text(path) || has_line_separator(path) || has_letter_of_uncertain_case(path))) {
    return false;
  }
  if ((classes & (escape | dot)) != 0 && has_dot_segment(path)) return false;
  if (path.ends_with('/')) path.remove_suffix(1);
  text_ = path;
  may_fold_ = (classes & (capital | escape | not_ascii)) != 0;
  return true;
}

bool CanonicalPath::remove_prefix(std::string_view prefix) noexcept {
  if (prefix.empty() || !is_below(text_, prefix)) return false;
  text_.remove_prefix(prefix.size());
  return true;
}

bool is_below(std::string_view path, std::string_view prefix) noexcept {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool CanonicalPath::decode(std::string_view raw) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      const int high = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      if (c == '/' || c == '\\' || c == ';') return false;
      i += 2;
    }
    decoded_[size++] = c;
  }
  text_ = {decoded_.data(), size};
  return !has_escape(text_);
}

Result<PathPattern> PathPattern::compile(std::string_view pattern) {
  const auto invalid = [](std::string what) { return Error{ErrorCode::invalid_config, std::move(what)}; };
  if (!pattern.starts_with('/')) return invalid("must begin with \"/\"");
  if (pattern.find('%') != std::string_view::npos) return invalid("must be written decoded, without % escapes");
  if (pattern.find('?') != std::string_view::npos) return invalid("cannot hold \"?\": the query is not part of a path");
  CanonicalPath canonical;
  if (!canonical.parse(pattern)) {
    return invalid(
        "matches no request: a path with \"//\", \"\\\", \";\", \"#\", a dot segment, a space or control "
        "character, U+0130, U+0131, U+017F, U+212A or invalid UTF-8 is always refused");
  }

  PathPattern compiled;
  std::string_view rest = canonical.text();
  while (!rest.empty()) {
    const std::size_t end = rest.find('/', 1);
    const std::string_view segment = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
    if (segment.find('*') != std::string_view::npos && segment != "*" && segment != "**") {
      return invalid("\"*\" and \"**\" must be whole segments");
    }
    if (segment == "**" && !compiled.segments_.empty() && compiled.segments_.back() == "**") {
      return invalid("\"**\" after \"**\" says nothing more");
    }
    compiled.segments_.emplace_back(segment);
  }
  if (compiled.segments_.size() > max_segments) return invalid("has more than 62 segments");

  compiled.classify();
  return compiled;
}

void PathPattern::classify() {
  const auto wildcard = std::find_if(segments_.begin(), segments_.end(),
                                     [](const std::string& segment) { return segment == "*" || segment == "**"; });
  literal_segments_ = static_cast<std::size_t>(wildcard - segments_.begin());
  literal_.clear();
  for (auto segment = segments_.begin(); segment != wildcard; ++segment) literal_.append("/").append(*segment);
  if (wildcard == segments_.end()) {
    kind_ = Kind::exact;
  } else if (*wildcard == "**" && wildcard + 1 == segments_.end()) {
    kind_ = Kind::subtree;
  } else {
    kind_ = Kind::general;
  }
}

std::string PathPattern::text() const {
  std::string text;
  for (const std::string& segment : segments_) text.append("/").append(segment);
  return text;
}

PathPattern PathPattern::folded() const {
  PathPattern folded;
  for (const std::string& segment : segments_) folded.segments_.push_back(fold_case(segment));
  folded.classify();
  return folded;
}

// Greedy, with a way back to the last "**" only: an earlier one need never take more, because whatever follows it has
// already been found as early as possible.
bool PathPattern::matches_segments(std::string_view path) const noexcept {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  const auto end_of_segment = [path](std::size_t slash) { return std::min(path.find('/', slash + 1), path.size()); };
  std::size_t pattern = literal_segments_;
  std::size_t position = 0;
  std::size_t last_any = none;      // the "**" to come back to
  std::size_t resume_position = 0;  // where the path goes on after what that "**" has taken
  while (position < path.size()) {
    if (pattern < segments_.size() && is_any_number(segments_[pattern])) {
      last_any = pattern++;
      resume_position = position;
      continue;
    }
    const std::size_t end = end_of_segment(position);
    if (pattern < segments_.size() &&
        (is_any_one(segments_[pattern]) || segments_[pattern] == path.substr(position + 1, end - position - 1))) {
      ++pattern;
      position = end;
      continue;
    }
    if (last_any == none) return false;
    resume_position = end_of_segment(resume_position);
    position = resume_position;
    pattern = last_any + 1;
  }
  if (pattern < segments_.size() && is_any_number(segments_[pattern])) ++pattern;
  return pattern == segments_.size();
}

// Whether the segments that every path of this pattern begins and ends with are those of `other` too: what covers it has
// them. Most pairs of rules differ here.
bool PathPattern::has_ends_of(const PathPattern& other) const noexcept {
  const auto is_wildcard = [](const std::string& segment) { return segment == "*" || segment == "**"; };
  for (std::size_t i = 0; i < segments_.size() && !is_wildcard(segments_[i]); ++i) {
    if (i == other.segments_.size() || segments_[i] != other.segments_[i]) return false;
  }
  for (std::size_t i = 0; i < segments_.size() && !is_wildcard(segments_[segments_.size() - 1 - i]); ++i) {
    const std::string& mine = segments_[segments_.size() - 1 - i];
    if (i == other.segments_.size() || mine != other.segments_[other.segments_.size() - 1 - i]) return false;
  }
  return true;
}

// Runs this pattern as an automaton (bit i of a state: i segments are matched) on every word of `other`. A wildcard of
// `other` stands for a segment that neither pattern names: what accepts that one accepts any.
bool PathPattern::covers(const PathPattern& other) const {
  if (!has_ends_of(other)) return false;
  if (kind_ == Kind::exact) return segments_ == other.segments_;
  if (kind_ == Kind::subtree) return true;
  using States = std::uint64_t;
  const auto skip_any = [this](States states) {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (segments_[i] == "**" && (states >> i & 1U) != 0) states |= States{1} << (i + 1);
    }
    return states;
  };
  const auto step = [&](States states, const std::string* segment) {
    States next = 0;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if ((states >> i & 1U) == 0) continue;
      if (segments_[i] == "**") next |= States{1} << i;
      if (segments_[i] == "*" || (segment != nullptr && segments_[i] == *segment)) next |= States{1} << (i + 1);
    }
    return skip_any(next);
  };

  std::set<std::pair<std::size_t, States>> seen;
  std::vector<std::pair<std::size_t, States>> open{{0, skip_any(1)}};
  while (!open.empty()) {
    const auto [position, states] = open.back();
    open.pop_back();
    if (!seen.insert({position, states}).second) continue;
    if (position == other.segments_.size()) {
      if ((states >> segments_.size() & 1U) == 0) return false;
    } else if (other.segments_[position] == "**") {
      open.push_back({position + 1, states});
      open.push_back({position, step(states, nullptr)});
    } else {
      const std::string& segment = other.segments_[position];
      open.push_back({position + 1, step(states, segment == "*" ? nullptr : &segment)});
    }
  }
  return true;
}

// Walks both patterns at once, from every pair of places that some path leads to.
bool PathPattern::meets(const PathPattern& other) const {
  using Places = std::pair<std::size_t, std::size_t>;
  std::set<Places> seen;
  std::vector<Places> open{{0, 0}};
  while (!open.empty()) {
    const auto [mine, theirs] = open.back();
    open.pop_back();
    if (!seen.insert({mine, theirs}).second) continue;
    const bool at_my_end = mine == segments_.size();
    const bool at_their_end = theirs == other.segments_.size();
    if (at_my_end && at_their_end) return true;
    const bool i_repeat = !at_my_end && segments_[mine] == "**";
    const bool they_repeat = !at_their_end && other.segments_[theirs] == "**";
    if (i_repeat) open.push_back({mine + 1, theirs});
    if (they_repeat) open.push_back({mine, theirs + 1});
    if (at_my_end || at_their_end) continue;
    const std::string& a = segments_[mine];
    const std::string& b = other.segments_[theirs];
    if (!i_repeat && !they_repeat && a != "*" && b != "*" && a != b) continue;
    open.push_back({i_repeat ? mine : mine + 1, they_repeat ? theirs : theirs + 1});
  }
  return false;
}

// As a canonical path is written: what is taken off one.
std::optional<ConfigProblem> find_prefix_problem(const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    CanonicalPath path;
    if (!path.parse(prefix) || path.text() != prefix || prefix.empty() || prefix.find_first_of("%*?") != prefix.npos) {
      return ConfigProblem{"prefixes",
                           "must be paths such as \"/shop\": decoded, without \"/\" at the end, \"*\" and query"};
    }
  }
  return std::nullopt;
}

}  // namespace ficha
