// Request paths and the patterns of rules. An ambiguous path is refused, never repaired: what is judged must be what
// the framework's router will see, whichever way it decodes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ficha/result.hpp"

namespace ficha {

// Longer paths are refused (bytes, without the query).
inline constexpr std::size_t max_path_bytes = 8192;

// A request path, decoded once: "/" and a segment, any number of times; "" is the root. A trailing slash is not kept.
// Neither copyable nor movable, because `text()` may point into the object.
class CanonicalPath {
 public:
  CanonicalPath() = default;
  CanonicalPath(const CanonicalPath&) = delete;
  CanonicalPath& operator=(const CanonicalPath&) = delete;

  // False for a path that must be refused:
  //  - one that does not begin with "/" (absolute-form, authority-form, "*", nothing), or is longer than max_path_bytes;
  //  - ";", a backslash, a control character, U+2028 or U+2029, raw or encoded; a raw space or "#";
  //  - an encoded slash, an empty segment (but for one trailing slash), a dot segment, plain or encoded;
  //  - an invalid escape, invalid UTF-8, or text that still holds an escape when decoded once (double encoding);
  //  - a letter whose case is uncertain (U+0130, U+0131, U+017F, U+212A).
  // `target` may carry a query, which is not looked at; it must outlive this object. Linear time, no allocation.
  [[nodiscard]] bool parse(std::string_view target) noexcept;
  // The same of a path that a server or framework has decoded already: "%" and "?" are characters of the path, and what
  // parse() refuses encoded is refused as it is.
  [[nodiscard]] bool parse_decoded(std::string_view path) noexcept;

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  // False only if folding the case of text() would change nothing.
  [[nodiscard]] bool may_fold() const noexcept { return may_fold_; }
  // Takes `prefix`, as text() is written, off the beginning, if it is there as whole segments.
  bool remove_prefix(std::string_view prefix) noexcept;

 private:
  [[nodiscard]] bool decode(std::string_view raw) noexcept;
  [[nodiscard]] bool accept(std::string_view path, unsigned classes) noexcept;

  std::string_view text_;
  bool may_fold_ = false;
  std::array<char, max_path_bytes> decoded_;  // used only by a path that holds an escape
};

// Whether `path`, as CanonicalPath::text(), is `prefix` or below it. "" is above everything.
[[nodiscard]] bool is_below(std::string_view path, std::string_view prefix) noexcept;

// The compiled `path` of a rule.
class PathPattern {
 public:
  static constexpr std::size_t max_segments = 62;

  // Errors: invalid_config, for a path that does not begin with "/", one that no request can match, an escape (patterns
  // are written decoded), "*" or "**" inside a segment, more than max_segments segments.
  [[nodiscard]] static Result<PathPattern> compile(std::string_view pattern);

  // `path` as CanonicalPath::text(). Time at most proportional to the path's length times the pattern's segments.
  [[nodiscard]] bool matches(std::string_view path) const noexcept {
    const std::size_t size = literal_.size();
    if (path.size() != size && (kind_ == Kind::exact || path.size() < size || path[size] != '/')) return false;
    if (!path.starts_with(literal_)) return false;
    return kind_ != Kind::general || matches_segments(path.substr(size));
  }
  // Whether every path that `other` matches is matched by this one too.
  [[nodiscard]] bool covers(const PathPattern& other) const;
  // Whether some path is matched by both.
  [[nodiscard]] bool meets(const PathPattern& other) const;
  // The same pattern, its case folded, for paths that are folded too.
  [[nodiscard]] PathPattern folded() const;
  // As CanonicalPath::text().
  [[nodiscard]] std::string text() const;

 private:
  enum class Kind : std::uint8_t {
    exact,    // no wildcard
    subtree,  // the only wildcard is "**" at the end
    general,
  };

  PathPattern() = default;
  void classify();
  [[nodiscard]] bool has_ends_of(const PathPattern& other) const noexcept;
  // `path`: what comes behind literal_.
  [[nodiscard]] bool matches_segments(std::string_view path) const noexcept;

  Kind kind_ = Kind::exact;
  std::string literal_;  // the segments before the first wildcard
  std::size_t literal_segments_ = 0;
  std::vector<std::string> segments_;  // "*" and "**" are the wildcards
};

}  // namespace ficha
