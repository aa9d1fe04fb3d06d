// What the interceptor answers: a verdict, why, and the headers of the response.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ficha/session.hpp"

namespace ficha {

enum class Verdict : std::uint8_t {
  allow,
  unauthenticated,
  reauthenticate,
  forbidden,
  bad_request,
  unavailable,
  method_not_allowed,
  preflight,  // a CORS preflight that may go on: not allow(), for the host answers it, with the headers and no body
};
inline constexpr Verdict last_verdict = Verdict::preflight;

// Why; stable snake_case names by name(Reason). For explain, logs and tests, never for clients.
enum class Reason : std::uint8_t {
  allowed,
  allowed_anonymous,
  no_credential,
  session_not_live,    // unknown, expired or revoked: indistinguishable
  malformed_token,     // refused without asking the store
  ambiguous_cookie,    // the cookie twice with different values
  two_credentials,     // cookie and Bearer together
  two_authorizations,  // several Authorization fields, or several schemes in one
  malformed_bearer,
  ambiguous_path,
  no_rule,             // nothing in the policy matches
  method_not_allowed,  // the path matches, the method does not
  nobody,
  anonymous_session,  // live, but without a principal
  missing_role,
  missing_scope,
  level_too_low,
  authentication_too_old,
  csrf_no_proof,  // unsafe method with a cookie, and no Sec-Fetch-Site, Origin or Referer
  csrf_foreign_origin,
  csrf_bad_token,
  store_unavailable,
  ambiguous_method,       // no token, or a method in another case
  ambiguous_authority,    // a target in absolute form whose authority is not Host
  ambiguous_destination,  // COPY or MOVE without one Destination on this authority
  prefix_not_configured,  // a prefix was taken off that Config::prefixes does not name
  too_many_readings,
  cors_preflight,
  cors_refused,  // a preflight of an origin that [cors] does not list, or to a path without a rule for the method
};
inline constexpr Reason last_reason = Reason::cors_refused;
[[nodiscard]] std::string_view name(Verdict verdict) noexcept;
[[nodiscard]] std::string_view name(Reason reason) noexcept;

struct ResponseHeader {
  std::string_view name;
  std::string value;
};

// A few headers in place: a decision that allows allocates nothing, and moving it touches only those that are there.
class ResponseHeaders {
 public:
  static constexpr std::size_t room = 6;

  ResponseHeaders() noexcept {}
  ResponseHeaders(const ResponseHeaders& other);
  ResponseHeaders(ResponseHeaders&& other) noexcept { take(other); }
  ResponseHeaders& operator=(ResponseHeaders other) noexcept {
    clear();
    take(other);
    return *this;
  }
  ~ResponseHeaders() { clear(); }

  [[nodiscard]] std::span<const ResponseHeader> view() const noexcept { return {items_, count_}; }
  // `name` must outlive this. A second Vary is appended to the first. One header more than there is room for is a
  // programming error, and is left out.
  void add(std::string_view name, std::string value);

 private:
  void take(ResponseHeaders& other) noexcept {
    for (; count_ < other.count_; ++count_) new (items_ + count_) ResponseHeader(std::move(other.items_[count_]));
    other.clear();
  }
  void clear() noexcept {
    for (; count_ > 0; --count_) items_[count_ - 1].~ResponseHeader();
  }

  union {
    ResponseHeader items_[room];
  };
  std::size_t count_ = 0;
};

enum class Carrier : std::uint8_t { none, cookie, bearer };
[[nodiscard]] std::string_view name(Carrier carrier) noexcept;

// Rules whose path matches and whose methods do not: the first of them, by index.
struct SkippedRules {
  std::array<std::int16_t, 4> rules{};
  std::uint8_t count = 0;
};

// The code of gRPC's status that says the same to a client of a gRPC service: INVALID_ARGUMENT, UNAUTHENTICATED,
// PERMISSION_DENIED, UNAVAILABLE; 0 for allow.
[[nodiscard]] int grpc_status(Verdict verdict) noexcept;

// A value, not an error. `headers()` are to be added to the response, whatever the handler does:
//   401  WWW-Authenticate: Bearer, bare without a credential or with an anonymous session; error="invalid_token" with one
//        that is not live, whatever the reason; error="insufficient_user_authentication" with max_age (seconds) and
//        acr_values (the level) as the requirement names them (RFC 9470)
//   403  for Bearer without the role or scope: error="insufficient_scope", and scope=… with a missing scope (RFC 6750)
//   400  error="invalid_request", when it is the credential that is refused
//   405  Allow: the methods that the policy lists for the path
//   503  Retry-After: 1
//   204  of a preflight: what [cors] says, for the method asked for
// and Vary: Cookie when another Cookie field could have changed the decision: always, but for requests that the path, the
// rule or a malformed Authorization field alone decided, and those with a Bearer credential. With [cors] also, on every
// decision, Vary: Origin and for a listed origin the Access-Control fields.
class Decision {
 public:
  Verdict verdict = Verdict::unavailable;
  Reason reason = Reason::store_unavailable;
  int status = 503;  // HTTP status of a denial; 200 for allow
  int rule = -1;     // index of the rule that decided; -1 = none
  Carrier carrier = Carrier::none;
  SkippedRules skipped;  // before that rule
  std::optional<Session> session;

  [[nodiscard]] bool allowed() const noexcept { return verdict == Verdict::allow; }
  [[nodiscard]] std::span<const ResponseHeader> headers() const noexcept { return headers_.view(); }
  // As ResponseHeaders::add().
  void add_header(std::string_view name, std::string value) { headers_.add(name, std::move(value)); }

 private:
  ResponseHeaders headers_;
};

// What require() needs of a decision that allows, from a host that keeps that decision in its own language, or where a login
// has put another session in the place of the request's.
struct Admitted {
  int rule = -1;
  Carrier carrier = Carrier::none;
  SkippedRules skipped = {};
  const Session* session = nullptr;
};

}  // namespace ficha
