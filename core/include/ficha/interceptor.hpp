// From request to decision: pure logic, no sockets, no store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ficha/config.hpp"
#include "ficha/decision.hpp"
#include "ficha/request.hpp"
#include "ficha/session.hpp"

namespace ficha {

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
  [[nodiscard]] Decision require(const Requirement& requirement, const Admitted& admitted,
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
