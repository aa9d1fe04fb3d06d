#include "facade.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "handle.hpp"
#include "requests.hpp"

namespace ficha::java {
namespace {

std::atomic<int> unclosed{0};
std::atomic<int> unreleased{0};

Packed malformed() {
  return pack(Error{ErrorCode::invalid_argument, "malformed bytes from Java"});
}

Result<Config> read_config(Source source, Bytes configuration) {
  if (source == Source::path) return load_config(std::string{configuration});
  if (source == Source::toml) return parse_config(configuration, "configuration");
  const auto settings = read_settings(configuration);
  if (!settings) return Error{ErrorCode::invalid_argument, "malformed bytes from Java"};
  return make_config(*settings, "settings");
}

std::optional<IssuedSession> read_issued(const Client& client, Bytes issued) {
  if (issued.size() < Token::length) return std::nullopt;
  auto token = Token::parse(issued.substr(0, Token::length), client.config().session.token_keys);
  auto session = read_session(issued.substr(Token::length));
  if (!token || !session) return std::nullopt;
  return IssuedSession{std::move(*token), std::move(*session)};
}

}  // namespace

Packed open(int source, Bytes configuration, Bytes prefixes, std::int64_t manual_unix_ms) {
  auto config = read_config(static_cast<Source>(source), configuration);
  if (!config) return pack(config.error());
  auto taken_off = read_strings(prefixes);
  if (!taken_off) return malformed();
  if (!taken_off->empty()) config->prefixes = std::move(*taken_off);
  auto queue = CompletionQueue::create();
  if (!queue) return pack(queue.error());

  auto handle = std::make_unique<ClientHandle>();
  handle->queue = std::move(*queue);
  if (manual_unix_ms != 0) handle->clock = std::make_unique<ManualClock>(manual_unix_ms);
  Hooks hooks;
  hooks.clock = handle->clock.get();
  hooks.log = [log = handle->log, waiting = handle->queue](LogLevel level, std::string_view message) {
    if (log->push(level, message)) waiting->push({wake_up, Outcome{std::uint64_t{0}}});
  };
  auto client = Client::open(std::move(*config), std::move(hooks));
  if (!client) return pack(client.error());
  handle->client = std::make_unique<Client>(std::move(*client));
  Packed answer = pack(Outcome{static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(handle.get()))});
  static_cast<void>(handle.release());
  ++unclosed;
  ++unreleased;
  return answer;
}

void advance_clock(Handle handle, std::int64_t milliseconds) {
  if (at(handle).clock) at(handle).clock->advance(milliseconds);
}

void close(Handle handle) {
  ClientHandle& owner = at(handle);
  if (owner.closed.exchange(true)) return;
  owner.client->close();
  owner.queue->push({wake_up, Outcome{std::uint64_t{0}}});
  --unclosed;
}

void release(Handle handle) {
  delete &at(handle);
  --unreleased;
}

int unclosed_handles() {
  return unclosed;
}

int unreleased_handles() {
  return unreleased;
}

void submit(Handle handle, std::int64_t id, Bytes request) {
  ClientHandle& owner = at(handle);
  const auto operation = static_cast<OperationId>(id);
  auto wanted = read_request(request);
  if (!wanted) return owner.queue->push({operation, wanted.error()});
  owner.client->submit(owner.queue, operation, std::move(*wanted));
}

void submit_unknown(Handle handle, std::int64_t id, std::int64_t unknown) {
  ClientHandle& owner = at(handle);
  const auto kept = Unknown::take(unknown);
  std::visit([&](auto& wanted) { owner.client->submit(owner.queue, static_cast<OperationId>(id), std::move(wanted)); },
             kept->wanted);
}

void drop_unknown(std::int64_t unknown) {
  Unknown::take(unknown).reset();
}

int unsubmitted() {
  return Unknown::count;
}

std::int64_t drop_completion(Handle handle) {
  auto& undelivered = at(handle).undelivered;
  if (undelivered.empty()) return 0;
  const auto id = static_cast<std::int64_t>(undelivered.front().id);
  undelivered.pop_front();
  return id;
}

Packed require(Handle handle, Bytes requirement, Bytes admitted) {
  const auto wanted = read_requirement(requirement);
  if (!wanted || admitted.size() < facts_size) return malformed();
  const auto facts = read_facts(admitted.substr(0, facts_size));
  const auto session = read_session(admitted.substr(facts_size));
  if (!facts || (!session && admitted.size() > facts_size)) return malformed();
  return pack(Outcome{at(handle).client->require(
      *wanted, Admitted{facts->rule, facts->carrier, facts->skipped, session ? &*session : nullptr})});
}

Packed difference(Bytes attributes) {
  const auto read = read_change(attributes);
  if (!read) return malformed();
  const auto ops = ficha::difference(read->before, read->after);
  if (!ops) return pack(ops.error());
  Packed changed;
  for (const Attribute& attribute : read->after) {
    const bool is_set = std::ranges::any_of(
        *ops, [&](const Patch::Op& op) { return op.kind == Patch::Kind::set && op.name == attribute.name; });
    changed += static_cast<char>(is_set);
  }
  return pack_text(changed);
}

Packed check_requirement(Bytes requirement, bool says_allow) {
  const auto wanted = read_requirement(requirement);
  if (!wanted) return malformed();
  const auto valid = validate(*wanted, says_allow);
  return valid ? pack(Outcome{RevokeOutcome::revoked}) : pack(valid.error());
}

bool is_judged(Handle handle, Bytes request, Bytes reading) {
  HeaderSpace space;
  const auto judged = read_http_request(request, space);
  const auto routed = read_reading(reading);
  return judged && routed && at(handle).client->is_judged(*judged, *routed);
}

Packed check_routes(Handle handle, Bytes routes) {
  const auto listed = read_routes(routes);
  return listed ? pack_findings(at(handle).client->check_routes(*listed)) : malformed();
}

Packed judged_fields(Handle handle) {
  Packed names;
  for (const std::string& name : at(handle).client->judged_fields()) names += name + '\n';
  return pack_text(names);
}

Packed explain(Handle handle, Bytes facts) {
  const auto judged = read_facts(facts);
  return judged ? pack_text(at(handle).client->explain(*judged)) : malformed();
}

Packed respond_to_denial(Bytes facts) {
  const auto denied = read_facts(facts);
  return denied ? pack(respond_to(*denied)) : malformed();
}

Packed respond_to_error(int code, Bytes message) {
  return pack(respond_to(Error{static_cast<ErrorCode>(code), std::string{message}}));
}

Packed set_cookie(Handle handle, Bytes issued) {
  const Client& client = *at(handle).client;
  const auto session = read_issued(client, issued);
  return session ? pack(client.set_cookie(*session)) : malformed();
}

Packed clear_cookie(Handle handle) {
  return pack(at(handle).client->clear_cookie());
}

Packed csrf_token(Handle handle, Bytes token) {
  const auto made = at(handle).client->csrf_token(token);
  return made ? pack_text(*made) : pack(made.error());
}

Packed token_id(Handle handle, Bytes token) {
  const auto parsed = Token::parse(token, at(handle).client->config().session.token_keys);
  return parsed ? pack_text(parsed->id().str()) : pack(Outcome{std::optional<Session>{}});
}

bool passes_credential(Handle handle) {
  return at(handle).client->passes_credential();
}

bool is_identity_header(Handle handle, Bytes name) {
  return at(handle).client->is_identity_header(name);
}

bool has_identity_headers(Handle handle) {
  return !at(handle).client->config().trust.identity_headers.empty();
}

Packed stats(Handle handle) {
  // A row of numbers, up to what the server says of itself.
  constexpr std::size_t numbers = 37 * sizeof(std::uint64_t);
  static_assert(std::is_trivially_copyable_v<Stats> && offsetof(Stats, evicted_keys) == numbers);
  const Stats stats = at(handle).client->stats();
  Packed out(reinterpret_cast<const char*>(&stats), numbers);
  put(out, stats.evicted_keys ? static_cast<std::int64_t>(*stats.evicted_keys) : std::int64_t{-1});
  const std::string_view policy = name(stats.eviction_policy);
  put(out, static_cast<std::uint32_t>(policy.size()));
  return out.append(policy);
}

Packed prometheus(Handle handle, Bytes prefix) {
  return pack_text(prometheus_text(at(handle).client->stats(), prefix));
}

Packed take_log(Handle handle) {
  Packed out;
  for (const auto& [level, message] : at(handle).log->take()) {
    put(out, static_cast<std::uint8_t>(level));
    put(out, static_cast<std::uint32_t>(message.size()));
    out += message;
  }
  return out;
}

Packed verdict_name(int verdict) {
  return pack_text(name(static_cast<Verdict>(verdict)));
}

Packed reason_name(int reason) {
  return pack_text(name(static_cast<Reason>(reason)));
}

Packed error_name(int code) {
  return pack_text(name(static_cast<ErrorCode>(code)));
}

int error_status(int code) {
  return http_status(static_cast<ErrorCode>(code));
}

int last_error_number() {
  return static_cast<int>(last_error_code);
}

}  // namespace ficha::java
