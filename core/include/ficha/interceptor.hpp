// From request to decision: pure logic, no sockets, no store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ficha/config.hpp"
#include "ficha/session.hpp"

namespace ficha {

struct HeaderField {
  std::string_view name;   // any case
  std::string_view value;  // raw bytes
};

// One way in which a layer may route a request, besides by the raw target.
struct Reading {
  std::string_view method = {};  // empty: the request's own
  std::string_view target = {};  // as in the request line, or text as below; empty: the request's own
  bool decoded = false;          // the target is a path that was decoded once: Django's path_info, ASGI's path, …
};

// Views into the host's buffers; read only during the call. `path` is the raw request target; its query is ignored. Of
// the headers those are looked at that judged_fields() names; several fields of one name are several entries.
struct HttpRequest {
  std::string_view method;
  std::string_view path;
  std::span<const HeaderField> headers;
  std::string_view scheme = "https";  // of the connection the service accepted
  std::string_view peer = {};         // its remote address, without port, for [trust] proxies
  // What the server, or a header, says was taken off the path: SCRIPT_NAME, root_path, a context path, X-Forwarded-Prefix.
  // "" or one of Config::prefixes; anything else is refused.
  std::string_view prefix = {};
  // By what the framework routes where that may differ: its own path, less the prefix; a suffix taken off; a method
  // overridden. At most max_readings.
  std::span<const Reading> readings = {};
};
inline constexpr std::size_t max_readings = 7;

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

// What must be looked up before a request can be judged.
struct Admission {
  // Not an aggregate: what further_rules has room for is not cleared for every request.
  explicit Admission(int rule_index = -1, Carrier presented_by = Carrier::none,
                     std::string_view presented = {}) noexcept
      : rule(rule_index), carrier(presented_by), token(presented) {}

  int rule;
  Carrier carrier;
  std::string_view token;  // within the request's buffers
  bool fresh = false;
  bool touch = true;

  // The interceptor's own: the rules of the further readings, and what of all readings the second half needs.
  static constexpr std::size_t max_further_rules = 24;
  std::array<std::int16_t, max_further_rules> further_rules;
  std::uint8_t further_count = 0;
  bool changes_state = false;
  bool method_not_allowed = false;  // but for whom the session decides
  std::uint64_t listed_methods = 0;
  SkippedRules skipped;
};

// The answer of the look-up: a session, "not live" (nullopt), or why it is not known.
using LookupResult = Result<std::optional<Session>>;

// In this order: the path; the first rule whose path and method match (its `nobody`, or none: 403, the store is not
// asked); the credential; CSRF; the session; the requirement. On a rule for `anyone`, a credential that is not live counts
// as none; one that cannot be looked up is 503.
//
// A request is judged in each of its readings: the raw target less one of Config::prefixes, the host's readings, each of
// them also with its case folded where it or a rule's path holds a capital, and for COPY and MOVE the PUT at Destination.
// It passes only if all pass; one look-up serves them all. Of several denials the first of the highest rank is the answer:
// bad_request; method, no rule or nobody; CSRF; unauthenticated; unavailable; forbidden; reauthenticate.
//
// CSRF, unless off: a Bearer request is exempt. GET, HEAD, OPTIONS and TRACE are, unless another reading's method is not,
// and but for a WebSocket handshake (Upgrade: websocket, any Sec-WebSocket field, CONNECT) with a cookie. Otherwise Sec-Fetch-Site, Origin or Referer naming a foreign origin refuses, with or without a cookie (login
// CSRF). With a cookie, live or not, proof is due: in mode `origin` one of those fields naming the own or a trusted
// origin, in mode `token` the header (a handshake, to which a page cannot add one, gives the origin in both).
//
// Thread rule: const after construction; any thread.
class Interceptor {
 public:
  // Compiles policy, cookie, CSRF and trust settings. Errors: invalid_config as validate(Config).
  [[nodiscard]] static Result<Interceptor> compile(const Config& config);

  // First half: path, rule, credential, CSRF by origin. Either already a decision, or what to look up.
  [[nodiscard]] std::variant<Decision, Admission> admit(const HttpRequest& request) const noexcept;
  // Second half. `now` in Unix seconds on the store's clock.
  [[nodiscard]] Decision judge(const HttpRequest& request, const Admission& admission, LookupResult lookup,
                               std::int64_t now) const noexcept;
  // The other door: a requirement on the matched route or handler, for a request that a decision let through; a denial
  // stays what it is. `fresh` cannot count here: what was looked up is what is judged.
  [[nodiscard]] Decision require(const Requirement& requirement, const Decision& admitted,
                                 std::int64_t now) const noexcept;

  // A value for the CSRF header of mode `token`: base64url(nonce[16] || HMAC-SHA-256(token's secret,
  // "ficha/csrf" || 0x00 || session id || nonce)). Dies with the session's token.
  [[nodiscard]] Result<std::string> csrf_token(const Token& token, RandomSource& random) const;

  // True for a header the client must not send because a service forwards identity in it: any case, "-", "_" and "."
  // alike (X-User, X_User, X.User).
  [[nodiscard]] bool is_identity_header(std::string_view name) const noexcept;

  // The names, in lower case, of every header field that a decision may depend on: for hosts that cannot hand over all.
  [[nodiscard]] const std::vector<std::string>& judged_fields() const noexcept;
  // Whether `routed` is, however it is written, one of the readings of `request`: for a second place of judgement, which
  // otherwise asks again with it among the readings.
  [[nodiscard]] bool is_judged(const HttpRequest& request, const Reading& routed) const noexcept;
  // Which rules decide about each route. A problem: a handler that is reached under requirements that differ between its
  // routes, or under no rule at all; a method of a route that no rule lists; a pattern that cannot be read.
  [[nodiscard]] std::vector<RouteFinding> check_routes(std::span<const Route> routes) const;

  // "forbidden: missing_role, by rule[3] /transfers/** (line 27), without the method: rule[1] /x (line 9)". For tests
  // and tools, never for clients.
  [[nodiscard]] std::string explain(const Decision& decision) const;

  Interceptor(Interceptor&&) noexcept;
  Interceptor& operator=(Interceptor&&) noexcept;
  ~Interceptor();

 private:
  struct Compiled;
  explicit Interceptor(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace ficha
