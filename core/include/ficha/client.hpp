// The facade: sessions, and the decision on every request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ficha/completion_queue.hpp"
#include "ficha/config.hpp"
#include "ficha/error_response.hpp"
#include "ficha/hooks.hpp"
#include "ficha/interceptor.hpp"
#include "ficha/stats.hpp"
#include "ficha/store.hpp"

namespace ficha {

// A request that only the store can decide about, and what is known of it: for Client::authorize(), on this thread, or for
// Client::submit(), which makes a copy. Holds views into the request's buffers, and its credential.
class UndecidedRequest {
 public:
  UndecidedRequest(UndecidedRequest&&) noexcept;
  UndecidedRequest& operator=(UndecidedRequest&&) noexcept;
  ~UndecidedRequest();

  // Makes that copy now, for a host that submits it when the buffers are gone. Errors: overloaded, out of memory.
  [[nodiscard]] Result<void> own();

 private:
  friend class Client;
  class OwnedRequest;
  UndecidedRequest(const HttpRequest& request, const Admission& admission, Result<Token> token);

  HttpRequest request_;
  std::unique_ptr<OwnedRequest> owned_;  // what request_ views, if it was copied
  Admission admission_;
  Result<Token> token_;  // or why there is nothing to ask
};

// A session that only the store can look up, likewise.
class UncachedSession {
 public:
  UncachedSession(UncachedSession&&) noexcept = default;
  UncachedSession& operator=(UncachedSession&&) noexcept = default;

 private:
  friend class Client;
  UncachedSession(Result<Token> token, LoadOptions options) : token_(std::move(token)), options_(options) {}

  Result<Token> token_;  // or why there is nothing to ask
  LoadOptions options_;
};

// Thread rule: every function from any thread. Fork rule: a child's first use makes a fresh connection and cache; the
// parent's socket is neither written nor closed. After close() every call that asks the store returns ErrorCode::closed, and
// authorize() Verdict::unavailable.
// Every call may return the errors of its store (unavailable, timeout, access_denied, corrupt_record, overloaded) besides
// those named; a write also write_refused and unknown_outcome; what concerns all of a principal's sessions also incomplete.
class Client {
 public:
  // Connects in the background: an unreachable Redis is an error of the operations, not of open().
  // Errors: invalid_config.
  [[nodiscard]] static Result<Client> open(Config config, Hooks hooks = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Errors: invalid_argument, too_large, session_limit (with on_limit = refuse).
  [[nodiscard]] Result<IssuedSession> create(const NewSession& session);
  // nullopt for an unknown, expired or revoked token: indistinguishable.
  [[nodiscard]] Result<std::optional<Session>> load(std::string_view token, LoadOptions options = {});
  // A live session by its public id, for those who administer sessions; asks the store, and does not extend the idle timeout.
  [[nodiscard]] Result<std::optional<Session>> find(const SessionId& id);
  // The new generation. Errors: session_gone, conflict, attribute_exists, too_large, invalid_argument (also for the token of
  // this very session in what is to be stored, and for an attribute that [session] may_write does not name).
  [[nodiscard]] Result<std::uint64_t> patch(const SessionId& id, const Patch& patch);
  // The same session under a new token and id. Errors: session_gone.
  [[nodiscard]] Result<IssuedSession> rotate(const SessionId& id, RotateOptions options = {});
  // Always a new token. Errors: as create; session_gone when `current` is of the same principal and no longer live.
  [[nodiscard]] Result<IssuedSession> login(const Login& login);
  [[nodiscard]] Result<RevokeOutcome> revoke(const SessionId& id);
  // How many sessions were revoked: all of the principal's, or all but one.
  [[nodiscard]] Result<std::uint64_t> revoke_principal(std::string_view principal,
                                                       const std::optional<SessionId>& except = std::nullopt);
  // The patch on every live session of the principal; how many there were. `add`, `increment` and new lifetimes are
  // invalid_argument: a session that is rotated meanwhile may be visited twice.
  [[nodiscard]] Result<std::uint64_t> patch_principal(std::string_view principal, const Patch& patch);
  // The principal's live sessions, oldest first, without their protected attributes.
  [[nodiscard]] Result<std::vector<Session>> list(std::string_view principal);

  // Whether the request may pass. Never an error: what cannot be found out is Verdict::unavailable.
  [[nodiscard]] Decision authorize(const HttpRequest& request);
  // The same, if it can be answered without waiting for the store.
  [[nodiscard]] std::variant<Decision, UndecidedRequest> try_authorize(const HttpRequest& request);
  // As load(), if the near cache (or the token's shape) has the answer.
  [[nodiscard]] std::variant<std::optional<Session>, UncachedSession> try_load(std::string_view token,
                                                                               LoadOptions options = {});
  // What only the store can answer, on this thread: what was known already is not looked at again.
  [[nodiscard]] Decision authorize(UndecidedRequest undecided);
  [[nodiscard]] Result<std::optional<Session>> load(UncachedSession uncached);
  // A requirement on the matched route or handler, judged on what authorize() returned.
  [[nodiscard]] Decision require(const Requirement& requirement, const Decision& admitted);
  // The same; the headers of the decision that admitted are for the host to add.
  [[nodiscard]] Decision require(const Requirement& requirement, const Admitted& admitted);

  // The asynchronous forms. Exactly one Completion with `id` arrives in `queue`, also after close().
  void submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, StoreRequest request,
              Sending when = Sending::now);
  // Completes at once where no store is needed.
  void submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, const HttpRequest& request,
              Sending when = Sending::now);
  void submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, UndecidedRequest undecided,
              Sending when = Sending::now);
  void submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, UncachedSession uncached,
              Sending when = Sending::now);
  // Sends what was submitted with Sending::at_flush. Never waits.
  void flush() noexcept;

  // The cookie for a session just issued, and for a logout; also "Cache-Control: no-store" is due.
  [[nodiscard]] ResponseCookie set_cookie(const IssuedSession& issued) const;
  [[nodiscard]] ResponseCookie clear_cookie() const;
  // For [csrf] mode = "token". Errors: invalid_argument for a malformed token.
  [[nodiscard]] Result<std::string> csrf_token(std::string_view token) const;
  [[nodiscard]] bool is_identity_header(std::string_view name) const noexcept;
  // [trust] pass_credential: handlers see the credential. False: the host hides it from them once a request is judged.
  [[nodiscard]] bool passes_credential() const noexcept;
  // As those of Interceptor.
  [[nodiscard]] const std::vector<std::string>& judged_fields() const noexcept;
  [[nodiscard]] bool is_judged(const HttpRequest& request, const Reading& routed) const noexcept;
  [[nodiscard]] std::vector<RouteFinding> check_routes(std::span<const Route> routes) const;
  // "forbidden: missing_role, by rule[3] /transfers/** (line 27)". For tests and tools, never for clients.
  [[nodiscard]] std::string explain(const Decision& decision) const;
  [[nodiscard]] const Config& config() const noexcept;

  [[nodiscard]] Stats stats() const;
  // Ends the connection and its thread; what is in flight completes with ErrorCode::closed. Idempotent.
  void close() noexcept;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ficha
