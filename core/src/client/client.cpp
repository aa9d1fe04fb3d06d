#include "ficha/client.hpp"

#include <utility>

#include "base/crypto.hpp"
#include "base/held_sends.hpp"
#include "client/client_impl.hpp"
#include "session/validation.hpp"

namespace ficha {
namespace {

constexpr std::string_view memory_url = "memory://";

}  // namespace

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
    const auto parsed = impl_->parse(token);
    if (!parsed) return parsed.error();
    if (!*parsed) return std::optional<Session>{};
    return impl_->block_on(impl_->store().load(**parsed, options));
  });
}

Result<std::optional<Session>> Client::load(UncachedSession uncached) {
  return guarded([&] { return impl_->block_on(impl_->look_up(uncached)); });
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
  auto admitted = impl_->admit(request);
  if (auto* decision = std::get_if<Decision>(&admitted)) return std::move(*decision);
  const auto& admission = std::get<Admission>(admitted);
  LookupResult found = load(admission.token, {admission.touch, admission.fresh});
  return impl_->interceptor.judge(request, admission, std::move(found), impl_->now());
}

Decision Client::authorize(UndecidedRequest undecided) {
  return impl_->decide_now(std::move(undecided));
}

std::variant<Decision, UndecidedRequest> Client::try_authorize(const HttpRequest& request) {
  return impl_->try_authorize(request);
}

std::variant<std::optional<Session>, UncachedSession> Client::try_load(std::string_view token, LoadOptions options) {
  return impl_->try_load(token, options);
}

Decision Client::require(const Requirement& requirement, const Decision& admitted) {
  return impl_->interceptor.require(requirement, admitted, impl_->now());
}

Decision Client::require(const Requirement& requirement, const Admitted& admitted) {
  return impl_->interceptor.require(requirement, admitted, impl_->now());
}

void Client::submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, StoreRequest request, Sending when) {
  const HeldSends held{when == Sending::at_flush};
  impl_->complete_into(queue, id, [&](auto deliver) {
    std::visit([&](auto& wanted) { start(impl_->perform(std::move(wanted)), deliver); }, request);
  });
}

void Client::submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, const HttpRequest& request,
                    Sending when) {
  auto tried = impl_->try_authorize(request);
  if (auto* decision = std::get_if<Decision>(&tried)) {
    queue->push({id, Outcome{std::move(*decision)}});
  } else {
    submit(queue, id, std::get<UndecidedRequest>(std::move(tried)), when);
  }
}

void Client::submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, UndecidedRequest undecided,
                    Sending when) {
  const HeldSends held{when == Sending::at_flush};
  impl_->complete_into(queue, id,
                       [&](auto deliver) { start(impl_->decide_later(std::move(undecided)), std::move(deliver)); });
}

void Client::submit(const std::shared_ptr<CompletionQueue>& queue, OperationId id, UncachedSession uncached,
                    Sending when) {
  const HeldSends held{when == Sending::at_flush};
  impl_->complete_into(queue, id, [&](auto deliver) { start(impl_->look_up(uncached), std::move(deliver)); });
}

void Client::flush() noexcept {
  if (SessionStore* made = impl_->store_if_made()) made->flush();
}

ResponseCookie Client::set_cookie(const IssuedSession& issued) const {
  const std::int64_t remaining = issued.session.expires_at() - impl_->now();
  return ficha::set_cookie(impl_->config.cookie, issued.token, remaining);
}

ResponseCookie Client::clear_cookie() const {
  return ficha::clear_cookie(impl_->config.cookie);
}

Result<std::string> Client::csrf_token(std::string_view token) const {
  return guarded([&]() -> Result<std::string> {
    const auto parsed = Token::parse(token, impl_->config.session.token_keys);
    if (!parsed) return Error{ErrorCode::invalid_argument, "not a token of this configuration"};
    return impl_->interceptor.csrf_token(*parsed, impl_->hooks.random ? *impl_->hooks.random : openssl_random());
  });
}

bool Client::passes_credential() const noexcept {
  return impl_->config.trust.pass_credential;
}

bool Client::is_identity_header(std::string_view name) const noexcept {
  return impl_->interceptor.is_identity_header(name);
}

const std::vector<std::string>& Client::judged_fields() const noexcept {
  return impl_->interceptor.judged_fields();
}

bool Client::is_judged(const HttpRequest& request, const Reading& routed) const noexcept {
  return impl_->interceptor.is_judged(request, routed);
}

std::vector<RouteFinding> Client::check_routes(std::span<const Route> routes) const {
  return impl_->interceptor.check_routes(routes);
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
