// The facade: sessions, and the decision on every request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ficha/completion_queue.hpp"
#include "ficha/config.hpp"
#include "ficha/hooks.hpp"
#include "ficha/interceptor.hpp"
#include "ficha/stats.hpp"
#include "ficha/store.hpp"

namespace ficha {

// Thread rule: every function from any thread. Fork rule: a child's first use makes a fresh connection and cache; the
// parent's socket is neither written nor closed. After close() every call returns ErrorCode::closed.
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
  // Always a new token. Errors: as create; session_gone when `current` was revoked meanwhile.
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
  // The same, if it can be answered without waiting for the store; nullopt otherwise.
  [[nodiscard]] std::optional<Decision> try_authorize(const HttpRequest& request);
  // As load(), if the near cache (or the token's shape) has the answer; nullopt otherwise.
  [[nodiscard]] std::optional<std::optional<Session>> try_load(std::string_view token, LoadOptions options = {});
  // A requirement on the matched route or handler, judged on what authorize() returned.
  [[nodiscard]] Decision require(const Requirement& requirement, const Decision& admitted);

  // The asynchronous forms. Exactly one Completion with `id` arrives in `queue`, also after close().
  void submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, StoreRequest request,
              Sending when = Sending::now);
  void submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, const HttpRequest& request,
              Sending when = Sending::now);
  // As try_load() and try_authorize(); what they cannot answer is submitted, and a Completion with `id` arrives in `queue`:
  // for a binding's asynchronous call, which then looks at the token once.
  [[nodiscard]] std::optional<std::optional<Session>> load_or_submit(const std::shared_ptr<CompletionQueue>& queue,
                                                                     OperationId id, std::string_view token,
                                                                     LoadOptions options, Sending when = Sending::now);
  [[nodiscard]] std::optional<Decision> authorize_or_submit(const std::shared_ptr<CompletionQueue>& queue,
                                                            OperationId id, const HttpRequest& request,
                                                            Sending when = Sending::now);
  // Sends what was submitted with Sending::at_flush. Never waits.
  void flush() noexcept;

  // Values of Set-Cookie fields for a session just issued, and for a logout; also "Cache-Control: no-store" is due.
  [[nodiscard]] std::string set_cookie(const IssuedSession& issued) const;
  [[nodiscard]] std::string clear_cookie() const;
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
