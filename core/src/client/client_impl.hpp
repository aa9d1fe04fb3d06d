// The inside of Client: what its blocking, its submitted and its answered-at-once calls have in common.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/per_process.hpp"
#include "ficha/client.hpp"
#include "session/stored_tokens.hpp"
#include "store/redis/socket/url.hpp"
#include "store/session_store.hpp"

namespace ficha {

[[nodiscard]] inline Error out_of_memory() {
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

// A request that outlives the call it came with. Its fields hold the session's token.
class UndecidedRequest::OwnedRequest {
 public:
  explicit OwnedRequest(const HttpRequest& request)
      : method_(request.method),
        path_(request.path),
        scheme_(request.scheme),
        peer_(request.peer),
        prefix_(request.prefix) {
    for (const HeaderField& field : request.headers) fields_.emplace_back(field.name, field.value);
    for (const auto& [name, value] : fields_) views_.push_back({name, value.reveal()});
    for (const Reading& reading : request.readings) readings_.push_back(OwnedReading(reading));
    for (const OwnedReading& reading : readings_) reading_views_.push_back(reading.view());
  }
  OwnedRequest(OwnedRequest&&) = delete;

  [[nodiscard]] HttpRequest view() const noexcept {
    return {method_, path_, views_, scheme_, peer_, prefix_, reading_views_};
  }

 private:
  struct OwnedReading {
    explicit OwnedReading(const Reading& reading)
        : method(reading.method), target(reading.target), decoded(reading.decoded) {}
    [[nodiscard]] Reading view() const noexcept { return {method, target, decoded}; }

    std::string method, target;
    bool decoded;
  };

  std::string method_, path_, scheme_, peer_, prefix_;
  std::vector<std::pair<std::string, Secret>> fields_;
  std::vector<HeaderField> views_;
  std::vector<OwnedReading> readings_;
  std::vector<Reading> reading_views_;
};

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

  // What is to be written: its limits, whose attributes it is, and that it holds none of the session's `own` tokens.
  Result<void> check(const NewSession& session, const OwnTokens& own) const;
  Result<void> check(const Patch& patch, const OwnTokens& own) const;
  void report_tokens(const std::vector<std::string>& names) const;
  // Only additions are open to a service that may not change what others wrote.
  Result<void> check_add_only(const Patch& patch) const;
  // What may be applied to many sessions, and to one of them twice.
  Result<void> check_for_principal(const Patch& patch) const;
  // nullopt for what is no token, and so leads to no session. Error: closed.
  Result<std::optional<Token>> parse(std::string_view token) const noexcept;
  // What needs no waiting for the store, or what to ask it.
  std::variant<std::optional<Session>, UncachedSession> try_load(std::string_view token, LoadOptions options) const;
  std::variant<Decision, UndecidedRequest> try_authorize(const HttpRequest& request) const;
  std::variant<Decision, Admission> admit(const HttpRequest& request) const;
  void warn_of_prefix(std::string_view prefix) const noexcept;
  Task<std::optional<Session>> look_up(const Result<Token>& token, LoadOptions options);
  Task<std::optional<Session>> look_up(const UncachedSession& uncached) {
    return look_up(uncached.token_, uncached.options_);
  }
  Decision decide_now(UndecidedRequest undecided);
  // On a copy of the request, for the one it came with may be gone.
  Task<Decision> decide_later(UndecidedRequest undecided);

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
  mutable std::atomic<bool> warned_of_prefix{false};
};

}  // namespace ficha
