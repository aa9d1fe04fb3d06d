// Each operation of a client, whoever drives it.
#include <utility>

#include "base/utf8.hpp"
#include "client/client_impl.hpp"
#include "client/login.hpp"
#include "session/may_write.hpp"
#include "session/stored_tokens.hpp"
#include "session/validation.hpp"
#include "store/memory/memory_store.hpp"
#include "store/redis/redis_store.hpp"

namespace ficha {
namespace {

template <class T>
Task<T> ready(Result<T> result) {
  co_return result;
}

}  // namespace

// Several threads of a child may come here at once: the first to store its own wins.
SessionStore& Client::Impl::make_store() {
  auto made = endpoint ? make_redis_store(config, *endpoint, hooks) : make_memory_store(config, hooks);
  SessionStore* winner = nullptr;
  if (stores.slot().compare_exchange_strong(winner, made.get(), std::memory_order_acq_rel)) winner = made.release();
  if (closed.load(std::memory_order_acquire)) winner->close();
  return *winner;
}

void Client::Impl::close() noexcept {
  closed.store(true, std::memory_order_release);
  if (SessionStore* made = store_if_made()) made->close();
}

Result<void> Client::Impl::check_add_only(const Patch& patch) const {
  const bool replaces = patch.roles || patch.scopes || patch.device || patch.changes_lifetime();
  if (config.session.writes == Writes::all || !replaces) return {};
  return Error{ErrorCode::invalid_argument,
               "writes = \"add-only\": roles, scopes, device and lifetimes stay as they are"};
}

Result<void> Client::Impl::check_for_principal(const Patch& patch) const {
  if (config.session.writes == Writes::add_only) {
    return Error{ErrorCode::invalid_argument, "writes = \"add-only\": a principal's sessions cannot be changed"};
  }
  if (patch.expected_generation) {
    return Error{ErrorCode::invalid_argument, "a principal's sessions have no generation in common to expect"};
  }
  if (patch.changes_lifetime()) {
    return Error{ErrorCode::invalid_argument, "a principal's sessions keep their lifetimes"};
  }
  for (const Patch::Op& op : patch.ops) {
    if (op.kind != Patch::Kind::add && op.kind != Patch::Kind::increment) continue;
    return Error{ErrorCode::invalid_argument, "a principal's sessions take set, remove, put and take only"};
  }
  return {};
}

// Tokens first: the other checks' messages have names in them.
Result<void> Client::Impl::check(const NewSession& session, const OwnTokens& own) const {
  auto reported = find_tokens(session, own, config.session.token_keys);
  if (!reported) return std::move(reported).error();
  if (auto valid = validate(session); !valid) return valid;
  if (auto permitted = check_may_write(config.session.may_write, session); !permitted) return permitted;
  report_tokens(*reported);
  return {};
}

Result<void> Client::Impl::check(const Patch& patch, const OwnTokens& own) const {
  auto reported = find_tokens(patch, own, config.session.token_keys);
  if (!reported) return std::move(reported).error();
  if (auto valid = validate(patch); !valid) return valid;
  if (auto permitted = check_may_write(config.session.may_write, patch); !permitted) return permitted;
  report_tokens(*reported);
  return {};
}

void Client::Impl::report_tokens(const std::vector<std::string>& names) const {
  if (!hooks.log) return;
  for (const std::string& name : names) {
    hooks.log(LogLevel::warning, "what is stored as \"" + name + "\" holds a token of another session");
  }
}

Result<std::optional<Token>> Client::Impl::parse(std::string_view token) const noexcept {
  return guarded([&]() -> Result<std::optional<Token>> {
    if (closed.load(std::memory_order_relaxed)) return Error{ErrorCode::closed, "the client was closed"};
    return Token::parse(token, config.session.token_keys);
  });
}

std::variant<std::optional<Session>, UncachedSession> Client::Impl::try_load(std::string_view token,
                                                                             LoadOptions options) const {
  std::optional<Session> hit;
  if (cached(token, options, hit)) return hit;
  auto parsed = parse(token);
  if (!parsed) return UncachedSession(std::move(parsed).error(), options);
  if (!*parsed) return std::optional<Session>{};
  return UncachedSession(**std::move(parsed), options);
}

std::variant<Decision, UndecidedRequest> Client::Impl::try_authorize(const HttpRequest& request) const {
  auto admitted = admit(request);
  if (auto* decision = std::get_if<Decision>(&admitted)) return std::move(*decision);
  const auto& admission = std::get<Admission>(admitted);
  auto found = try_load(admission.token, {admission.touch, admission.fresh});
  if (auto* known = std::get_if<std::optional<Session>>(&found)) {
    return interceptor.judge(request, admission, std::move(*known), now());
  }
  return UndecidedRequest(request, admission, std::move(std::get<UncachedSession>(found).token_));
}

std::variant<Decision, Admission> Client::Impl::admit(const HttpRequest& request) const {
  auto admitted = interceptor.admit(request);
  const auto* decision = std::get_if<Decision>(&admitted);
  if (decision && decision->reason == Reason::prefix_not_configured) warn_of_prefix(request.prefix);
  return admitted;
}

// Once: whoever may send the header that names a prefix could fill the log otherwise.
void Client::Impl::warn_of_prefix(std::string_view prefix) const noexcept {
  if (!hooks.log || warned_of_prefix.exchange(true, std::memory_order_relaxed)) return;
  constexpr std::size_t most_bytes = 100;
  try {
    hooks.log(LogLevel::warning,
              "refused a request whose path had the prefix \"" + to_plain_text(prefix, most_bytes) +
                  "\" taken off: if this service is mounted there, name it in `prefixes`; if not, the "
                  "server takes the prefix from a header that a proxy should remove");
  } catch (const std::exception&) {
    return;  // out of memory: the decision stands
  }
}

Task<std::optional<Session>> Client::Impl::look_up(const Result<Token>& token, LoadOptions options) {
  if (!token) return ready<std::optional<Session>>(token.error());
  return store().load(*token, options);
}

UndecidedRequest::UndecidedRequest(const HttpRequest& request, const Admission& admission, Result<Token> token)
    : request_(request), admission_(admission), token_(std::move(token)) {}
UndecidedRequest::UndecidedRequest(UndecidedRequest&&) noexcept = default;
UndecidedRequest& UndecidedRequest::operator=(UndecidedRequest&&) noexcept = default;
UndecidedRequest::~UndecidedRequest() = default;

Result<void> UndecidedRequest::own() {
  return guarded([&]() -> Result<void> {
    if (owned_) return {};
    owned_ = std::make_unique<OwnedRequest>(request_);
    request_ = owned_->view();
    return {};
  });
}

Decision Client::Impl::decide_now(UndecidedRequest undecided) {
  Admission& admission = undecided.admission_;
  admission.token = undecided.token_ ? undecided.token_->reveal() : std::string_view{};
  LookupResult found = guarded([&] { return block_on(look_up(undecided.token_, {admission.touch, admission.fresh})); });
  return interceptor.judge(undecided.request_, admission, std::move(found), now());
}

Task<Decision> Client::Impl::decide_later(UndecidedRequest undecided) {
  if (auto owned = undecided.own(); !owned) co_return std::move(owned).error();
  Admission& admission = undecided.admission_;
  admission.token = undecided.token_ ? undecided.token_->reveal() : std::string_view{};
  LookupResult found = co_await look_up(undecided.token_, {admission.touch, admission.fresh});
  co_return interceptor.judge(undecided.request_, admission, std::move(found), now());
}

Task<std::optional<Session>> Client::Impl::perform(const LoadRequest& request) {
  auto found = try_load(request.token.reveal(), request.options);
  if (auto* known = std::get_if<std::optional<Session>>(&found))
    return ready<std::optional<Session>>(std::move(*known));
  return look_up(std::get<UncachedSession>(found));
}

Task<std::optional<Session>> Client::Impl::perform(FindRequest request) {
  return store().find(request.id);
}

Task<IssuedSession> Client::Impl::perform(CreateRequest request) {
  make_storable(request.session.device);
  if (auto valid = check(request.session, {}); !valid) co_return std::move(valid).error();
  co_return co_await store().create(std::move(request.session));
}

Task<std::uint64_t> Client::Impl::perform(PatchRequest request) {
  if (request.patch.device) make_storable(*request.patch.device);
  if (auto valid = check(request.patch, {.id = request.id}); !valid) co_return std::move(valid).error();
  if (auto permitted = check_add_only(request.patch); !permitted) co_return std::move(permitted).error();
  co_return co_await store().patch(request.id, std::move(request.patch));
}

Task<IssuedSession> Client::Impl::perform(RotateRequest request) {
  if (auto valid = validate(request.options); !valid) co_return std::move(valid).error();
  co_return co_await store().rotate(request.id, request.options);
}

Task<IssuedSession> Client::Impl::perform(LoginRequest request) {
  make_storable(request.login.session.device);
  OwnTokens own;
  own.id = request.login.current;
  if (auto valid = check(request.login.session, own); !valid) co_return std::move(valid).error();
  co_return co_await log_in(store(), std::move(request.login));
}

Task<RevokeOutcome> Client::Impl::perform(RevokeRequest request) {
  auto taken = co_await store().take(request.id);
  if (!taken) co_return std::move(taken).error();
  co_return *taken ? RevokeOutcome::revoked : RevokeOutcome::not_found;
}

Task<std::uint64_t> Client::Impl::perform(RevokePrincipalRequest request) {
  if (auto valid = validate_principal(request.principal, false); !valid) co_return std::move(valid).error();
  co_return co_await store().revoke_principal(std::move(request.principal), request.except);
}

Task<std::uint64_t> Client::Impl::perform(PatchPrincipalRequest request) {
  if (request.patch.device) make_storable(*request.patch.device);
  if (auto valid = validate_principal(request.principal, false); !valid) co_return std::move(valid).error();
  const OwnTokens own{.route = route_of(request.principal)};
  if (auto valid = check(request.patch, own); !valid) co_return std::move(valid).error();
  if (auto permitted = check_for_principal(request.patch); !permitted) co_return std::move(permitted).error();
  co_return co_await store().patch_principal(std::move(request.principal), std::move(request.patch));
}

Task<std::vector<Session>> Client::Impl::perform(ListRequest request) {
  if (auto valid = validate_principal(request.principal, false); !valid) co_return std::move(valid).error();
  co_return co_await store().list(std::move(request.principal));
}

}  // namespace ficha
