// Requests from Java (requests.cpp) and answers to it (answers.cpp), as bytes. Strings are length (4) and bytes; an
// optional value is a flag (1), then the value if the flag is 1; a list is a count (4), then its elements.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "facade.hpp"
#include "ficha/client.hpp"
#include "ficha/settings.hpp"

namespace ficha::java {

// As many rules as a decision says it skipped.
constexpr std::uint8_t max_skipped = std::tuple_size_v<decltype(SkippedRules::rules)>;
// The facts of a decision, as facade.hpp says.
constexpr std::size_t facts_size = 3 + 2 * sizeof(std::int32_t) + 1 + max_skipped * sizeof(std::int16_t);

// Reads front to back. Past the end it reads zeros and empty strings, and is not complete().
class Reader {
 public:
  explicit Reader(Bytes bytes) noexcept : rest_(bytes) {}

  template <class Number>
  [[nodiscard]] Number number() noexcept {
    static_assert(std::is_integral_v<Number>);
    Number value = 0;
    const std::string_view bytes = take(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  [[nodiscard]] bool flag() noexcept { return number<std::uint8_t>() != 0; }
  [[nodiscard]] std::string_view text() noexcept { return take(number<std::uint32_t>()); }
  [[nodiscard]] std::string string() { return std::string{text()}; }
  // The count of a list whose elements have `least` bytes or more; 0 if so many cannot be there.
  [[nodiscard]] std::size_t count(std::size_t least) noexcept {
    const std::size_t elements = number<std::uint32_t>();
    if (elements * least <= rest_.size()) return elements;
    overrun_ = true;
    return 0;
  }
  [[nodiscard]] std::vector<std::string> strings() {
    std::vector<std::string> list(count(4));
    for (std::string& element : list) element = string();
    return list;
  }
  template <class Read>
  [[nodiscard]] auto optional(Read read) -> std::optional<decltype(read())> {
    if (!flag()) return std::nullopt;
    return read();
  }
  // Whether everything was there, and nothing is left.
  [[nodiscard]] bool complete() const noexcept { return !overrun_ && rest_.empty(); }
  [[nodiscard]] bool overrun() const noexcept { return overrun_; }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  [[nodiscard]] std::string_view take(std::size_t size) noexcept {
    if (size > rest_.size()) {
      overrun_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
  bool overrun_ = false;
};

// The request of submit(): its kind, then its fields. Errors: invalid_argument.
enum class RequestKind : std::uint8_t {
  create,            // new session
  patch,             // id, patch
  rotate,            // id, grace in seconds (8)
  login,             // new session, optional id of the current session, keep_attributes, keep_protected
  revoke,            // id
  revoke_principal,  // principal, optional id
  patch_principal,   // principal, patch
  list,              // principal
  find,              // id
};
[[nodiscard]] Result<StoreRequest> read_request(Bytes bytes);

// Headers and readings of an HttpRequest that lie on the stack; those of a request with more headers are on the heap.
struct HeaderSpace {
  HeaderSpace() noexcept {}
  ~HeaderSpace() = default;
  union {
    HeaderField few[32];  // not initialised: that would cost more than reading them
  };
  std::vector<HeaderField> many;
  union {
    Reading readings[max_readings + 1];  // one more than may be, for the core to refuse
  };
};
// The request of authorize(): count of headers (4), method, path, their names and values, scheme, peer, prefix, a list of
// readings. In views into `bytes` and `space`. nullopt if the bytes are no request.
[[nodiscard]] std::optional<HttpRequest> read_http_request(Bytes bytes, HeaderSpace& space);

// A reading: method, target, whether it is decoded.
[[nodiscard]] std::optional<Reading> read_reading(Bytes bytes);
// Routes: a list of (handler, methods, pattern).
[[nodiscard]] std::optional<std::vector<Route>> read_routes(Bytes bytes);
[[nodiscard]] std::optional<std::vector<std::string>> read_strings(Bytes bytes);

// The settings of open(): a list of (name, index of the variant (1), value).
[[nodiscard]] std::optional<std::vector<Setting>> read_settings(Bytes bytes);

// allow (1), roles, scopes, level (4), optional max_auth_age in seconds (8), fresh.
[[nodiscard]] std::optional<Requirement> read_requirement(Bytes bytes);
// A decision without headers and session.
[[nodiscard]] std::optional<Decision> read_facts(Bytes bytes);

// Two lists of attributes, each of (name, JSON).
struct Change {
  std::vector<Attribute> before;
  std::vector<Attribute> after;
};
[[nodiscard]] std::optional<Change> read_change(Bytes bytes);

[[nodiscard]] std::optional<Session> read_session(Bytes image);

template <class Number>
void put(Packed& out, Number number) {
  static_assert(std::is_integral_v<Number>);
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

[[nodiscard]] Packed pack(const Error& error);
[[nodiscard]] Packed pack(const Outcome& outcome);
[[nodiscard]] Packed pack(const ResponseCookie& cookie);
[[nodiscard]] Packed pack(const ErrorResponse& response);
[[nodiscard]] Packed pack_text(std::string_view text);
[[nodiscard]] Packed pack_findings(const std::vector<RouteFinding>& findings);
// Bytes that pack() makes of it, and the packing into memory of that size.
[[nodiscard]] std::size_t packed_size(const std::optional<Session>& session) noexcept;
void pack_into(const std::optional<Session>& session, char* out) noexcept;
[[nodiscard]] std::size_t packed_size(const Decision& decision) noexcept;
void pack_into(const Decision& decision, char* out) noexcept;
constexpr std::size_t packed_unknown_size = 1 + sizeof(std::int64_t);
void pack_unknown(std::int64_t kept, char* out) noexcept;

}  // namespace ficha::java
