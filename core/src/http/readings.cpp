#include "http/readings.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "http/case_folding.hpp"

namespace ficha {
namespace {

constexpr MethodSet connect_method = method_bit("CONNECT");
constexpr MethodSet copy_method = method_bit("COPY");
constexpr MethodSet move_method = method_bit("MOVE");

// A URL's authority, and its path with what follows; nullopt for what is no http or https URL.
struct Url {
  std::string_view scheme;
  std::string_view authority;
  std::string_view target;

  static std::optional<Url> parse(std::string_view text) noexcept {
    const std::size_t end_of_scheme = text.find("://");
    if (end_of_scheme == std::string_view::npos) return std::nullopt;
    Url url{.scheme = text.substr(0, end_of_scheme), .authority = {}, .target = "/"};
    if (!equal_ignoring_case(url.scheme, "http") && !equal_ignoring_case(url.scheme, "https")) return std::nullopt;
    const std::string_view rest = text.substr(end_of_scheme + 3);
    const std::size_t end_of_authority = std::min(rest.find_first_of("/?#"), rest.size());
    url.authority = rest.substr(0, end_of_authority);
    if (end_of_authority < rest.size() && rest[end_of_authority] != '?') url.target = rest.substr(end_of_authority);
    return url;
  }

  // Whether it is on the one host that the request's only Host field names.
  [[nodiscard]] bool is_at(const Field& host) const noexcept {
    const std::optional<Origin> mine = Origin::from_authority(scheme, authority);
    const std::optional<Origin> named = Origin::from_authority(scheme, host.value);
    return host.count == 1 && mine && named && mine->same_as(*named);
  }
};

bool is_configured(std::string_view prefix, std::span<const std::string> prefixes) noexcept {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix.empty() || std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end();
}

// Takes off the prefix that is said to have been taken off, where it is still there; without one, the longest that fits.
void remove_prefix(CanonicalPath& path, std::string_view said, std::span<const std::string> prefixes) noexcept {
  if (said.ends_with('/')) said.remove_suffix(1);
  std::string_view longest = said;
  for (const std::string& prefix : prefixes) {
    if (said.empty() && prefix.size() > longest.size() && is_below(path.text(), prefix)) longest = prefix;
  }
  path.remove_prefix(longest);
}

// The raw target as a path: an absolute form's own, less a prefix. `allowed`, or why it is refused.
Reason read_target(const HttpRequest& request, std::span<const std::string> prefixes, CanonicalPath& path) noexcept {
  std::string_view target = request.path;
  if (!target.starts_with('/')) {
    const std::optional<Url> url = Url::parse(target);
    if (!url) return Reason::ambiguous_path;
    if (!url->is_at(find_field(request.headers, "host"))) return Reason::ambiguous_authority;
    target = url->target;
  }
  if (!path.parse(target)) return Reason::ambiguous_path;
  if (!prefixes.empty()) remove_prefix(path, request.prefix, prefixes);
  return is_configured(request.prefix, prefixes) ? Reason::allowed : Reason::prefix_not_configured;
}

bool parse_reading(const Reading& reading, CanonicalPath& path) noexcept {
  return reading.decoded ? path.parse_decoded(reading.target) : path.parse(reading.target);
}

// Whether a reading's target is `path`, seen without parsing it: for the usual case that a framework routes by what came.
bool is_plainly(const Reading& reading, std::string_view path) noexcept {
  if (reading.target.empty()) return true;
  if (!reading.decoded) return false;
  std::string_view target = reading.target;
  if (target.ends_with('/')) target.remove_suffix(1);
  return target == path;
}

class Judge {
 public:
  Judge(const HttpRequest& request, const ReadingContext& context, RuledReadings& out) noexcept
      : request_(request), context_(context), out_(out) {}

  void judge() noexcept { read_all(); }
  void judge_preflight(std::string_view method) noexcept {
    asked_ = context_.rules.methods().bit(method);
    if (asked_ == 0) {
      refuse(Reason::ambiguous_method);
    } else {
      read_all();
    }
  }

 private:
  void read_all() noexcept {
    if (request_.readings.size() > max_readings) return refuse(Reason::too_many_readings);
    const MethodSet method = method_of(request_.method);
    if (method == 0) return refuse(Reason::ambiguous_method);
    // "OPTIONS *" asks about the server as a whole (RFC 9110 section 9.3.7), which no rule can be about.
    if (request_.path == "*" && request_.method == "OPTIONS") return deny({.denied = Reason::no_rule});
    CanonicalPath path;
    if (const Reason refused = read_target(request_, context_.prefixes, path); refused != Reason::allowed) {
      return refuse(refused);
    }
    add(path, method);
    for (const Reading& reading : request_.readings) add_reading(reading, path, method);
    if (writes_destination_) add_destination();
  }

  void add_reading(const Reading& reading, const CanonicalPath& raw, MethodSet raw_method) noexcept {
    const MethodSet method = reading.method.empty() ? raw_method : method_of(reading.method);
    if (method == 0) return refuse(Reason::ambiguous_method);
    if (is_plainly(reading, raw.text())) {
      if (method != raw_method) add(raw, method);
      return;
    }
    CanonicalPath path;
    if (!parse_reading(reading, path)) return refuse(Reason::ambiguous_path);
    if (method != raw_method || path.text() != raw.text()) add(path, method);
  }

  // RFC 4918 sections 9.8 and 9.9: what is written is at Destination.
  void add_destination() noexcept {
    const Field field = find_field(request_.headers, "destination");
    const OriginFields fields = find_origin(request_.headers);
    CanonicalPath path;
    if (field.count != 1 || !is_here(field.value, fields) || !path.parse(target_of(field.value))) {
      return refuse(Reason::ambiguous_destination);
    }
    remove_prefix(path, request_.prefix, context_.prefixes);
    add(path, method_bit("PUT"));
  }
  static std::string_view target_of(std::string_view destination) noexcept {
    const std::optional<Url> url = Url::parse(destination);
    return url ? url->target : destination;
  }
  bool is_here(std::string_view destination, const OriginFields& fields) const noexcept {
    if (destination.starts_with('/')) return true;
    const std::optional<Url> url = Url::parse(destination);
    if (!url) return false;
    if (url->is_at(fields.host)) return true;
    const std::optional<Origin> own = own_origin(request_, fields, context_.proxies);
    const std::optional<Origin> other = Origin::from_authority(url->scheme, url->authority);
    return own && other && own->same_as(*other);
  }

  void add(const CanonicalPath& path, MethodSet method) noexcept {
    out_.changes_state = out_.changes_state || changes_state(method);
    add_match(path.text(), method, false);
    if (path.may_fold() || context_.rules.has_capitals()) add_folded(path.text(), method);
    if (asked_ != 0 || (method & (copy_method | move_method)) == 0) return;
    writes_destination_ = true;
    if (method == move_method) add(path, method_bit("DELETE"));
  }
  void add_folded(std::string_view text, MethodSet method) noexcept {
    std::array<char, folded_bytes(max_path_bytes)> folded;
    const std::size_t size = fold_case(text, folded.data());
    const std::string_view same{folded.data(), size};
    if (same != text || context_.rules.has_capitals()) add_match(same, method, true);
  }
  void add_match(std::string_view path, MethodSet method, bool folded) noexcept {
    const RuleMatch match = context_.rules.find(path, method, folded);
    if (match.denied != Reason::allowed) return deny(match);
    const auto end = out_.rules.begin() + static_cast<std::ptrdiff_t>(out_.count);
    if (out_.count == 0) out_.skipped = match.skipped;
    if (std::find(out_.rules.begin(), end, match.rule) != end) return;
    if (out_.count == out_.rules.size()) return refuse(Reason::too_many_readings);
    out_.rules[out_.count++] = static_cast<std::int16_t>(match.rule);
  }

  [[nodiscard]] MethodSet method_of(std::string_view method) const noexcept {
    return asked_ != 0 ? asked_ : context_.rules.methods().bit(method);
  }
  void refuse(Reason reason) noexcept {
    if (out_.refused == Reason::allowed) out_.refused = reason;
  }
  void deny(const RuleMatch& match) noexcept {
    if (!out_.denied) out_.denied = match;
  }

  const HttpRequest& request_;
  const ReadingContext& context_;
  RuledReadings& out_;
  MethodSet asked_ = 0;  // of a preflight: the method asked about
  bool writes_destination_ = false;
};

}  // namespace

bool changes_state(MethodSet method) noexcept {
  return (method & (safe_methods | connect_method)) == 0;
}

void rule_readings(const HttpRequest& request, const ReadingContext& context, RuledReadings& ruled) noexcept {
  Judge(request, context, ruled).judge();
}

void rule_preflight(const HttpRequest& request, std::string_view method, const ReadingContext& context,
                    RuledReadings& ruled) noexcept {
  Judge(request, context, ruled).judge_preflight(method);
}

bool is_among_readings(const HttpRequest& request, const Reading& routed, const ReadingContext& context) noexcept {
  const MethodTable& methods = context.rules.methods();
  const auto method_of = [&](const Reading& reading) {
    return reading.method.empty() ? request.method : reading.method;
  };
  const auto same_method = [&](std::string_view a, std::string_view b) {
    return a == b || (methods.bit(a) == methods.bit(b) && methods.bit(a) != MethodTable::unnamed);
  };
  CanonicalPath raw;
  if (read_target(request, context.prefixes, raw) != Reason::allowed) return false;
  CanonicalPath asked;
  if (!routed.target.empty() && !parse_reading(routed, asked)) return false;
  const std::string_view path = routed.target.empty() ? raw.text() : asked.text();

  if (path == raw.text() && same_method(method_of(routed), request.method)) return true;
  return std::any_of(request.readings.begin(), request.readings.end(), [&](const Reading& reading) {
    if (!same_method(method_of(routed), method_of(reading))) return false;
    if (is_plainly(reading, path) && !reading.target.empty()) return true;
    CanonicalPath other;
    if (reading.target.empty()) return path == raw.text();
    return parse_reading(reading, other) && other.text() == path;
  });
}

}  // namespace ficha
