#include "ficha/client.hpp"

#include <atomic>
#include <exception>
#include <new>
#include <utility>

#include "crypto.hpp"
#include "held_sends.hpp"
#include "login.hpp"
#include "memory/memory_store.hpp"
#include "per_process.hpp"
#include "redis/redis_store.hpp"
#include "redis/url.hpp"
#include "session_store.hpp"
#include "validation.hpp"

namespace ficha {

namespace {

constexpr std::string_view memory_url = "memory://";

Error out_of_memory() {
  return {ErrorCode::overloaded, "out of memory"};
}

// The edge of the core: no exception leaves it. Those that can arise come from a failed allocation or, in a forked
// child's first call, from a thread that cannot be made.
template <class Function>
auto guarded(Function function) noexcept -> decltype(function()) {
  try {
    return function();
  } catch (const std::exception&) {
    return out_of_memory();
  }
}

template <class T>
Task<T> ready(Result<T> result) {
  co_return result;
}

// A request that outlives the call it came with. Its fields hold the session's token.
class OwnedRequest {
 public:
  explicit OwnedRequest(const HttpRequest& request)
      : method_(request.method), path_(request.path), scheme_(request.scheme), peer_(request.peer) {
    for (const HeaderField& field : request.headers) fields_.emplace_back(field.name, field.value);
    for (const auto& [name, value] : fields_) views_.push_back({name, value.reveal()});
  }
  OwnedRequest(OwnedRequest&&) = delete;

  [[nodiscard]] HttpRequest view() const noexcept { return {method_, path_, views_, scheme_, peer_}; }

 private:
  std::string method_, path_, scheme_, peer_;
  std::vector<std::pair<std::string, Secret>> fields_;
  std::vector<HeaderField> views_;
};

}  // namespace

struct Client::Impl {
  Impl(Config settings, Hooks lent, Interceptor compiled, std::optional<redis::Endpoint> server, WipedOnFork page)
      : config(std::move(settings)),
        hooks(std::move(lent)),
        interceptor(std::move(compiled)),
        endpoint(std::move(server)),
        stores(std::move(page)) {}
  ~Impl() {
    close();
    delete store_if_made();
  }

  // This process's store; a forked child makes its own at first use.
  SessionStore& store() {
    if (SessionStore* made = store_if_made()) return *made;
    return make_store();
  }
  SessionStore& make_store();
  void close() noexcept;

  // What needs no store made for it: nothing here fails or waits.
  SessionStore* store_if_made() const noexcept { return stores.slot().load(std::memory_order_acquire); }
  bool cached(std::string_view token, LoadOptions options, std::optional<Session>& session) const noexcept {
    SessionStore* made = store_if_made();
    return made && made->try_load(token, options, session);
  }
  std::int64_t now() const noexcept {
    if (const SessionStore* made = store_if_made()) return made->now();
    return (hooks.clock ? *hooks.clock : system_clock()).unix_milliseconds() / 1000;
  }

  // Only additions are open to a service that may not change what others wrote.
  Result<void> check_add_only(const Patch& patch) const;
  // What may be applied to many sessions, and to one of them twice.
  Result<void> check_for_principal(const Patch& patch) const;
  // What the store is to be asked for: nothing for what is no token. Error: closed.
  using Wanted = Result<std::optional<Token>>;
  Wanted wanted(std::string_view token) const noexcept;
  // What needs no waiting for the store. Otherwise nullopt, and `wanted` is what to ask it for.
  std::optional<std::optional<Session>> known(std::string_view token, LoadOptions options,
                                              std::optional<Wanted>& wanted);
  std::optional<Decision> known(const HttpRequest& request, std::optional<Wanted>& wanted);
  Task<std::optional<Session>> look_up(const Wanted& wanted, LoadOptions options);
  Task<Decision> decide(std::unique_ptr<OwnedRequest> request, Wanted wanted);

  Task<std::optional<Session>> perform(const LoadRequest& request);
  Task<std::optional<Session>> perform(FindRequest request);
  Task<IssuedSession> perform(CreateRequest request);
  Task<std::uint64_t> perform(PatchRequest request);
  Task<IssuedSession> perform(RotateRequest request);
  Task<IssuedSession> perform(LoginRequest request);
  Task<RevokeOutcome> perform(RevokeRequest request);
  Task<std::uint64_t> perform(RevokePrincipalRequest request);
  Task<std::uint64_t> perform(PatchPrincipalRequest request);
  Task<std::vector<Session>> perform(ListRequest request);

  template <class T>
  Result<T> block_on(Task<T> task) {
    Waiter waiter;
    task.run(waiter);
    if (waiter.state() != Waiter::done) store().wait(waiter);
    return task.result();
  }
  template <class Request>
  auto call(Request request) {
    return block_on(perform(std::move(request)));
  }
  // Exactly one completion with `id`: what `begin` hands to its argument, or that it could not even begin.
  template <class Begin>
  void complete_into(const std::shared_ptr<CompletionQueue>& queue, OperationId id, Begin begin) noexcept {
    try {
      begin([queue, id](auto finished) noexcept {
        if (finished) {
          queue->push({id, Outcome{std::move(*finished)}});
        } else {
          queue->push({id, std::move(finished).error()});
        }
      });
    } catch (const std::exception&) {
      queue->push({id, out_of_memory()});
    }
  }

  const Config config;
  const Hooks hooks;
  const Interceptor interceptor;
  const std::optional<redis::Endpoint> endpoint;  // none: memory://
  PerProcess<SessionStore> stores;
  std::atomic<bool> closed{false};
};

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
    if (op.kind == Patch::Kind::set || op.kind == Patch::Kind::remove) continue;
    return Error{ErrorCode::invalid_argument, "a principal's sessions take set and remove only"};
  }
  return {};
}

Client::Impl::Wanted Client::Impl::wanted(std::string_view token) const noexcept {
  return guarded([&]() -> Wanted {
    if (closed.load(std::memory_order_relaxed)) return Error{ErrorCode::closed, "the client was closed"};
    return Token::parse(token, config.session.token_keys);
  });
}

std::optional<std::optional<Session>> Client::Impl::known(std::string_view token, LoadOptions options,
                                                          std::optional<Wanted>& wanted) {
  std::optional<Session> hit;
  if (cached(token, options, hit)) return hit;
  wanted = this->wanted(token);
  if (*wanted && !**wanted) return std::optional<Session>{};
  return std::nullopt;
}

std::optional<Decision> Client::Impl::known(const HttpRequest& request, std::optional<Wanted>& wanted) {
  auto admitted = interceptor.admit(request);
  if (auto* decision = std::get_if<Decision>(&admitted)) return std::move(*decision);
  const auto& admission = std::get<Admission>(admitted);
  auto found = known(admission.token, {admission.touch, admission.fresh}, wanted);
  if (!found) return std::nullopt;
  return interceptor.judge(request, admission, std::move(*found), now());
}

Task<std::optional<Session>> Client::Impl::look_up(const Wanted& wanted, LoadOptions options) {
  if (!wanted) return ready<std::optional<Session>>(wanted.error());
  if (!*wanted) return ready<std::optional<Session>>(std::optional<Session>{});
  return store().load(**wanted, options);
}

// `wanted` is what the request's token asks for.
Task<Decision> Client::Impl::decide(std::unique_ptr<OwnedRequest> request, Wanted wanted) {
  const HttpRequest view = request->view();
  auto admitted = interceptor.admit(view);
  if (auto* decision = std::get_if<Decision>(&admitted)) co_return std::move(*decision);
  const Admission admission = std::get<Admission>(admitted);
  LookupResult found = co_await look_up(wanted, {admission.touch, admission.fresh});
  co_return interceptor.judge(view, admission, std::move(found), now());
}

Task<std::optional<Session>> Client::Impl::perform(const LoadRequest& request) {
  std::optional<Session> hit;
  if (cached(request.token.reveal(), request.options, hit)) return ready<std::optional<Session>>(std::move(hit));
  return look_up(wanted(request.token.reveal()), request.options);
}

Task<std::optional<Session>> Client::Impl::perform(FindRequest request) {
  return store().find(request.id);
}

Task<IssuedSession> Client::Impl::perform(CreateRequest request) {
  make_storable(request.session.device);
  if (auto valid = validate(request.session); !valid) co_return std::move(valid).error();
  co_return co_await store().create(std::move(request.session));
}

Task<std::uint64_t> Client::Impl::perform(PatchRequest request) {
  if (request.patch.device) make_storable(*request.patch.device);
  if (auto valid = validate(request.patch); !valid) co_return std::move(valid).error();
  if (auto permitted = check_add_only(request.patch); !permitted) co_return std::move(permitted).error();
  co_return co_await store().patch(request.id, std::move(request.patch));
}

Task<IssuedSession> Client::Impl::perform(RotateRequest request) {
  if (auto valid = validate(request.options); !valid) co_return std::move(valid).error();
  co_return co_await store().rotate(request.id, request.options);
}

Task<IssuedSession> Client::Impl::perform(LoginRequest request) {
  make_storable(request.login.session.device);
  if (auto valid = validate(request.login.session); !valid) co_return std::move(valid).error();
  co_return co_await log_in(store(), std::move(request.login));
}

Task<RevokeOutcome> Client::Impl::perform(RevokeRequest request) {
  return store().revoke(request.id);
}

Task<std::uint64_t> Client::Impl::perform(RevokePrincipalRequest request) {
  if (auto valid = validate_principal(request.principal, false); !valid) co_return std::move(valid).error();
  co_return co_await store().revoke_principal(std::move(request.principal), request.except);
}

Task<std::uint64_t> Client::Impl::perform(PatchPrincipalRequest request) {
  if (request.patch.device) make_storable(*request.patch.device);
  if (auto valid = validate_principal(request.principal, false); !valid) co_return std::move(valid).error();
  if (auto valid = validate(request.patch); !valid) co_return std::move(valid).error();
  if (auto permitted = check_for_principal(request.patch); !permitted) co_return std::move(permitted).error();
  co_return co_await store().patch_principal(std::move(request.principal), std::move(request.patch));
}

Task<std::vector<Session>> Client::Impl::perform(ListRequest request) {
  if (auto valid = validate_principal(request.principal, false); !valid) co_return std::move(valid).error();
  co_return co_await store().list(std::move(request.principal));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::open(Config config, Hooks hooks) {
  return guarded([&]() -> Result<Client> {
    if (auto valid = validate(config); !valid) return std::move(valid).error();
    crypto::prepare();
    std::optional<redis::Endpoint> endpoint;
    if (config.redis.url.reveal() != memory_url) {
      auto parsed = redis::parse_endpoint(config.redis);
      if (!parsed) return std::move(parsed).error();
      endpoint = std::move(*parsed);
    }
    auto interceptor = Interceptor::compile(config);
    if (!interceptor) return std::move(interceptor).error();
    auto page = WipedOnFork::create();
    if (!page) return std::move(page).error();
    auto impl = std::make_unique<Impl>(std::move(config), std::move(hooks), std::move(*interceptor),
                                       std::move(endpoint), std::move(*page));
    impl->store();
    return Client{std::move(impl)};
  });
}

Result<IssuedSession> Client::create(const NewSession& session) {
  return guarded([&] { return impl_->call(CreateRequest{session}); });
}

Result<std::optional<Session>> Client::load(std::string_view token, LoadOptions options) {
  return guarded([&]() -> Result<std::optional<Session>> {
    std::optional<Session> hit;
    if (impl_->cached(token, options, hit)) return hit;
    return impl_->block_on(impl_->look_up(impl_->wanted(token), options));
  });
}

Result<std::optional<Session>> Client::find(const SessionId& id) {
  return guarded([&] { return impl_->call(FindRequest{id}); });
}

Result<std::uint64_t> Client::patch(const SessionId& id, const Patch& patch) {
  return guarded([&] { return impl_->call(PatchRequest{id, patch}); });
}

Result<IssuedSession> Client::rotate(const SessionId& id, RotateOptions options) {
  return guarded([&] { return impl_->call(RotateRequest{id, options}); });
}

Result<IssuedSession> Client::login(const Login& login) {
  return guarded([&] { return impl_->call(LoginRequest{login}); });
}

Result<RevokeOutcome> Client::revoke(const SessionId& id) {
  return guarded([&] { return impl_->call(RevokeRequest{id}); });
}

Result<std::uint64_t> Client::revoke_principal(std::string_view principal, const std::optional<SessionId>& except) {
  return guarded([&] { return impl_->call(RevokePrincipalRequest{std::string{principal}, except}); });
}

Result<std::uint64_t> Client::patch_principal(std::string_view principal, const Patch& patch) {
  return guarded([&] { return impl_->call(PatchPrincipalRequest{std::string{principal}, patch}); });
}

Result<std::vector<Session>> Client::list(std::string_view principal) {
  return guarded([&] { return impl_->call(ListRequest{std::string{principal}}); });
}

Decision Client::authorize(const HttpRequest& request) {
  auto admitted = impl_->interceptor.admit(request);
  if (auto* decision = std::get_if<Decision>(&admitted)) return std::move(*decision);
  const auto& admission = std::get<Admission>(admitted);
  LookupResult found = load(admission.token, {admission.touch, admission.fresh});
  return impl_->interceptor.judge(request, admission, std::move(found), impl_->now());
}

std::optional<Decision> Client::try_authorize(const HttpRequest& request) {
  std::optional<Impl::Wanted> wanted;
  return impl_->known(request, wanted);
}

std::optional<std::optional<Session>> Client::try_load(std::string_view token, LoadOptions options) {
  std::optional<Impl::Wanted> wanted;
  return impl_->known(token, options, wanted);
}

Decision Client::require(const Requirement& requirement, const Decision& admitted) {
  return impl_->interceptor.require(requirement, admitted, impl_->now());
}

void Client::submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, StoreRequest request, Sending when) {
  const HeldSends held{when == Sending::at_flush};
  impl_->complete_into(queue, id, [&](auto deliver) {
    std::visit([&](auto& wanted) { start(impl_->perform(std::move(wanted)), deliver); }, request);
  });
}

std::optional<std::optional<Session>> Client::load_or_submit(const std::shared_ptr<CompletionQueue>& queue,
                                                             OperationId id, std::string_view token,
                                                             LoadOptions options, Sending when) {
  std::optional<Impl::Wanted> wanted;
  auto known = impl_->known(token, options, wanted);
  if (known) return known;
  const HeldSends held{when == Sending::at_flush};
  impl_->complete_into(queue, id, [&](auto deliver) { start(impl_->look_up(*wanted, options), deliver); });
  return std::nullopt;
}

std::optional<Decision> Client::authorize_or_submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id,
                                                    const HttpRequest& request, Sending when) {
  std::optional<Impl::Wanted> wanted;
  auto known = impl_->known(request, wanted);
  if (known) return known;
  const HeldSends held{when == Sending::at_flush};
  impl_->complete_into(queue, id, [&](auto deliver) {
    start(impl_->decide(std::make_unique<OwnedRequest>(request), *std::move(wanted)), deliver);
  });
  return std::nullopt;
}

void Client::submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, const HttpRequest& request,
                    Sending when) {
  if (auto decided = authorize_or_submit(queue, id, request, when)) queue->push({id, Outcome{std::move(*decided)}});
}

void Client::flush() noexcept {
  if (SessionStore* made = impl_->store_if_made()) made->flush();
}

std::string Client::set_cookie(const IssuedSession& issued) const {
  const std::int64_t remaining = issued.session.expires_at() - impl_->now();
  return ficha::set_cookie(impl_->config.cookie, issued.token, remaining);
}

std::string Client::clear_cookie() const {
  return ficha::clear_cookie(impl_->config.cookie);
}

Result<std::string> Client::csrf_token(std::string_view token) const {
  return guarded([&]() -> Result<std::string> {
    const auto parsed = Token::parse(token, impl_->config.session.token_keys);
    if (!parsed) return Error{ErrorCode::invalid_argument, "not a token of this configuration"};
    return impl_->interceptor.csrf_token(*parsed, impl_->hooks.random ? *impl_->hooks.random : openssl_random());
  });
}

bool Client::is_identity_header(std::string_view name) const noexcept {
  return impl_->interceptor.is_identity_header(name);
}

std::string Client::explain(const Decision& decision) const {
  return impl_->interceptor.explain(decision);
}

const Config& Client::config() const noexcept {
  return impl_->config;
}

Stats Client::stats() const {
  Stats stats;
  if (const SessionStore* made = impl_->store_if_made()) made->add_stats(stats);
  return stats;
}

void Client::close() noexcept {
  if (impl_) impl_->close();
}

}  // namespace ficha
