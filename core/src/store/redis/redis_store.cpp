#include "store/redis/redis_store.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.hpp"
#include "store/redis/keys.hpp"
#include "store/redis/wire/errors.hpp"

namespace ficha::redis {
namespace {

// What a script wants done next (scripts/_record.lua, scripts/create.lua).
constexpr std::int64_t done = 0;
constexpr std::int64_t superseded = -1;
constexpr std::int64_t again = -2;
constexpr std::int64_t walk_first = -3;
constexpr std::size_t create_step = 40;  // sessions that one call of create enters in the index; a millisecond or so

std::int64_t status_of(ReplyView reply) {
  return reply[0].integer();
}

std::unique_ptr<NearCache> make_cache(const Config& config, const Hooks& hooks, SlotTable& table) {
  if (!config.near_cache.enabled) return nullptr;
  auto cache = NearCache::create(config.near_cache, config.redis.name_space,
                                 hooks.random ? *hooks.random : openssl_random(), table);
  if (cache) return std::move(*cache);
  if (hooks.log) hooks.log(LogLevel::error, "no near cache: " + cache.error().message);
  return nullptr;
}

// The server's clock is asked for with every probe, and is not to be older than this.
constexpr std::chrono::milliseconds longest_probe_interval{2000};

ConnectionSettings connection_settings(const Config& config, Endpoint endpoint, bool tracking) {
  return {.endpoint = std::move(endpoint),
          .connect_timeout = config.redis.connect_timeout,
          .command_timeout = config.redis.command_timeout,
          .max_in_flight = config.redis.max_in_flight,
          .probe_interval = std::min(config.near_cache.max_staleness / 4, longest_probe_interval),
          .probe_key = index_key(config.redis.name_space, 0, ""),
          .tracking = tracking,
          .max_string_bytes = 4 * max_record_bytes};
}

std::string_view word(Patch::Kind kind) {
  switch (kind) {
    case Patch::Kind::set:
      return "set";
    case Patch::Kind::add:
      return "add";
    case Patch::Kind::remove:
      return "remove";
    case Patch::Kind::increment:
      return "increment";
    case Patch::Kind::put:
      return "put";
    case Patch::Kind::take:
      return "take";
  }
  return "";
}

std::vector<std::string_view> views(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

std::string seconds_or_nothing(const std::optional<std::chrono::seconds>& time) {
  return time ? std::to_string(time->count()) : "";
}

bool proves_itself(const NewSession& wanted) {
  return wanted.authenticated && !wanted.principal.empty();
}

}  // namespace

RedisStore::RedisStore(const Config& config, Endpoint endpoint, const Hooks& hooks)
    : name_space_(config.redis.name_space),
      operation_timeout_(config.redis.operation_timeout),
      command_timeout_(config.redis.command_timeout),
      list_step_(std::clamp<std::size_t>(config.redis.max_in_flight / 4, 1, 100)),
      settings_(config.session),
      hooks_(hooks),
      clock_(hooks.clock ? *hooks.clock : system_clock()),
      random_(hooks.random ? *hooks.random : openssl_random()),
      cache_(make_cache(config, hooks, slot_table_)),
      observer_(cache_ ? std::make_unique<NodeObserver>(*cache_, NodeNumber{0}) : nullptr),
      connection_(std::make_unique<Connection>(connection_settings(config, std::move(endpoint), cache_ != nullptr),
                                               hooks, observer_.get())) {}

RedisStore::~RedisStore() {
  close();
}

SessionKey RedisStore::session_key(const SessionId& id) const {
  return redis::session_key(name_space_, id);
}

std::string RedisStore::index_key(std::uint16_t route, std::string_view principal) const {
  return redis::index_key(name_space_, route, principal);
}

// `arguments`: the number of keys, the keys, the other arguments. A server that does not know the script (yet, or after a
// restart or SCRIPT FLUSH) learns it by EVAL. The reply is an array that begins with a status of at most 0, and ends with the
// first key.
Task<Reply> RedisStore::evaluate(const scripts::Script& script, std::vector<std::string_view> arguments,
                                 Targets targets) {
  arguments.insert(arguments.begin(), {std::string_view{"EVALSHA"}, script.sha1});
  constexpr std::size_t first_key = 3;
  for (bool by_sha1 = true;; by_sha1 = false) {
    Commands commands(Effect::write);
    commands.add(arguments, Shape::array);
    if (targets == Targets::unnamed && cache_) commands.add({"PING"}, Shape::pong);
    auto send = connection_->send(std::move(commands));
    auto replies = co_await send;
    if (!replies) co_return std::move(replies).error();
    const ReplyView reply = view(replies->front());
    if (reply.type() == ReplyView::Type::error) {
      if (!by_sha1 || !reply.text().starts_with("NOSCRIPT")) co_return error_of_reply(reply.text());
      arguments[0] = "EVAL";
      arguments[1] = script.text;
      continue;
    }
    const std::size_t last = std::max<std::size_t>(reply.size(), 1) - 1;
    if (reply[0].type() != ReplyView::Type::integer || reply[last].text() != arguments[first_key]) {
      connection_->condemn("a script answered for another key");
      co_return Error{ErrorCode::unknown_outcome, "a script's answer was not this one's (it may have happened)"};
    }
    if (status_of(reply) > done) {
      co_return error_of_script(status_of(reply), last > 1 ? reply[1].text() : std::string_view());
    }
    co_return std::move(replies->front());
  }
}

// Times are relative to now: the script adds them to the server's clock.
std::string RedisStore::encode_new(const SessionId& id, const NewSession& wanted) const {
  RecordFields fields;
  fields.guard = id.guard();
  fields.expires_at = wanted.absolute_timeout.value_or(settings_.absolute_timeout).count();
  fields.idle_seconds = wanted.idle_timeout.value_or(settings_.idle_timeout).count();
  fields.level = wanted.level;
  fields.principal = wanted.principal;
  fields.roles.assign(wanted.roles.begin(), wanted.roles.end());
  fields.scopes.assign(wanted.scopes.begin(), wanted.scopes.end());
  fields.device_address = wanted.device.address;
  fields.device_user_agent = wanted.device.user_agent;
  for (const Attribute& attribute : wanted.attributes) fields.attributes.emplace_back(attribute.name, attribute.json);
  for (const Attribute& attribute : wanted.protected_attributes) {
    fields.protected_attributes.emplace_back(attribute.name, attribute.json);
  }
  return encode_record(fields);
}

// `reply`: status, record, deadline in Unix milliseconds.
Result<IssuedSession> RedisStore::issued(Token token, ReplyView reply) {
  const SessionId id = token.id();
  auto content = stored(id, reply[1], true);
  if (!content) return std::move(content).error();
  const auto* fields = std::get_if<RecordFields>(&*content);
  std::int64_t deadline_ms = 0;
  const std::string_view text = reply[2].text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), deadline_ms);
  if (!fields || error != std::errc{}) return corrupt_record("a script gave a reply that it cannot give");
  return IssuedSession{std::move(token), make_session(id, *fields, deadline_ms / 1000)};
}

Task<IssuedSession> RedisStore::create(NewSession wanted) {
  auto token = token_for(wanted, settings_.token_keys, random_);
  if (!token) co_return std::move(token).error();
  const SessionId id = token->id();
  const SessionKey key = session_key(id);
  const std::string index = index_key(id.route(), wanted.principal);
  const std::string record = encode_new(id, wanted);
  const std::string limit = std::to_string(settings_.max_per_principal);
  const bool evicts = settings_.max_per_principal > 0 && settings_.on_limit == OnLimit::evict_oldest;
  std::vector<SessionKey> others;  // that a walk found, for the index; entered up to `entered`
  std::size_t entered = 0;
  std::string_view stage = "index";
  for (;;) {
    const std::size_t step = std::min(create_step, others.size() - entered);
    const std::string keys = std::to_string(2 + step);
    auto arguments = arguments_of(keys, key, index);
    for (; arguments.size() < 3 + step; ++entered) arguments.push_back(others[entered]);
    if (stage == "walk" && entered == others.size()) stage = "walked";
    const auto options =
        arguments_of(record, proves_itself(wanted) ? "1" : "0", limit, evicts ? "evict" : "refuse", stage);
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto evaluation = evaluate(scripts::create, std::move(arguments), evicts ? Targets::unnamed : Targets::named);
    auto reply = co_await evaluation;
    if (!reply) {
      if (reply.error().code != ErrorCode::conflict) co_return std::move(reply).error();
      co_return Error{ErrorCode::unavailable, "the random source repeats itself"};
    }
    const std::int64_t status = status_of(view(*reply));
    if (status == walk_first) {
      auto walking = list(wanted.principal);
      const auto found = co_await walking;
      if (!found) co_return found.error();
      for (const Session& session : *found) others.push_back(session_key(session.id()));
      stage = "walk";
    } else if (status != again) {
      co_return issued(std::move(*token), view(*reply));
    }
  }
}

// A session whose principal's index may lack it goes back there, if it lives.
Task<Reply> RedisStore::relist(SessionId id, std::string index) {
  const SessionKey key = session_key(id);
  auto evaluation = evaluate(scripts::relist, {"2", key, index}, Targets::named);
  co_return co_await evaluation;
}

void RedisStore::append_patch(const Patch& patch, std::vector<std::string>& arguments) const {
  arguments.emplace_back(settings_.writes == Writes::add_only ? "1" : "0");
  arguments.push_back(patch.roles ? encode_strings(*patch.roles) : "");
  arguments.push_back(patch.scopes ? encode_strings(*patch.scopes) : "");
  if (patch.device) {
    const std::string device[] = {patch.device->address, patch.device->user_agent};
    arguments.push_back(encode_strings(device));
  } else {
    arguments.emplace_back();
  }
  arguments.push_back(std::to_string(patch.protected_ops.size()));
  for (const Patch::Op& op : patch.protected_ops) {
    arguments.emplace_back(word(op.kind));
    arguments.push_back(op.name);
    arguments.push_back(op.json);
  }
  for (const Patch::Op& op : patch.ops) {
    const bool in_bag = op.kind == Patch::Kind::put || op.kind == Patch::Kind::take;
    arguments.emplace_back(word(op.kind));
    arguments.push_back(op.name);
    arguments.push_back(op.kind == Patch::Kind::increment ? std::to_string(op.by) : op.json);
    arguments.push_back(in_bag ? json_quoted(op.key) : "");
  }
}

Task<std::uint64_t> RedisStore::patch(SessionId id, Patch patch) {
  const OperationTimer timer = start_timer();
  for (int hop = 0;; ++hop) {
    if (hop > 0 && !timer.another_fits()) co_return out_of_time();
    std::vector<std::string> arguments = {
        "1", session_key(id), patch.expected_generation ? std::to_string(*patch.expected_generation) : "",
        seconds_or_nothing(patch.idle_timeout), seconds_or_nothing(patch.absolute_timeout)};
    append_patch(patch, arguments);
    const OwnWrite write(cache_.get(), id);
    auto evaluation = evaluate(scripts::patch, views(arguments), Targets::named);
    const auto reply = co_await evaluation;
    if (!reply) co_return reply.error();
    if (status_of(view(*reply)) == done) co_return static_cast<std::uint64_t>(view(*reply)[1].integer());
    const auto successor = SessionId::parse(view(*reply)[1].text());
    if (!successor) co_return corrupt_record("a superseded session leads to no session id");
    id = *successor;
  }
}

Task<IssuedSession> RedisStore::rotate(SessionId id, RotateOptions options) {
  const OperationTimer timer = start_timer();
  auto asked = read_session(id);
  const auto found = co_await asked;
  if (!found) co_return found.error();
  if (!found->result) co_return found->result.error();
  const std::optional<Session>& session = *found->result;
  if (!session) co_return error_of_script(static_cast<int>(ErrorCode::session_gone), {});
  if (!timer.another_fits()) co_return out_of_time();
  auto moving = move(session->id(), std::string{session->principal()}, options, std::nullopt, timer);
  co_return co_await moving;
}

Task<IssuedSession> RedisStore::reauthenticate(SessionId current, NewSession session) {
  std::string principal = session.principal;
  return move(current, std::move(principal), RotateOptions{}, std::move(session), start_timer());
}

// Under a new token; with a `replacement`, as a re-authentication.
Task<IssuedSession> RedisStore::move(SessionId id, std::string principal, RotateOptions options,
                                     std::optional<NewSession> replacement, OperationTimer timer) {
  auto token = replacement ? token_for(*replacement, settings_.token_keys, random_)
                           : Token::generate(id.route(), settings_.token_keys, random_);
  if (!token) co_return std::move(token).error();
  const SessionId new_id = token->id();
  const SessionKey new_key = session_key(new_id);
  const std::string index = index_key(id.route(), principal);
  const std::string record = replacement ? encode_new(new_id, *replacement) : "";
  const std::string grace_ms = std::to_string(std::chrono::milliseconds{options.grace}.count());
  for (int hop = 0;; ++hop) {
    if (hop > 0 && !timer.another_fits()) co_return out_of_time();
    const SessionKey old_key = session_key(id);
    const std::string left_behind = options.grace.count() > 0 ? encode_superseded(id.guard(), new_id) : "";
    const OwnWrite write(cache_.get(), id);
    const bool proves = replacement && proves_itself(*replacement);
    auto evaluation = evaluate(
        scripts::rotate, arguments_of("3", old_key, new_key, index, left_behind, grace_ms, record, proves ? "1" : "0"),
        Targets::named);
    const auto reply = co_await evaluation;
    if (!reply) {
      if (reply.error().code != ErrorCode::conflict) co_return reply.error();
      co_return Error{ErrorCode::unavailable, "the random source repeats itself"};
    }
    if (status_of(view(*reply)) != superseded) co_return issued(std::move(*token), view(*reply));
    const auto successor = SessionId::parse(view(*reply)[1].text());
    if (!successor) co_return corrupt_record("a superseded session leads to no session id");
    id = *successor;
  }
}

void RedisStore::add_stats(Stats& stats) const noexcept {
  connection_->add_stats(stats);
  if (cache_) cache_->add_stats(stats);
  stats.touches_sent += touches_sent_.load(std::memory_order_relaxed);
  stats.touches_effective += touches_effective_.load(std::memory_order_relaxed);
  stats.key_walks += key_walks_.load(std::memory_order_relaxed);
  stats.incomplete += incomplete_.load(std::memory_order_relaxed);
}

}  // namespace ficha::redis

namespace ficha {

std::unique_ptr<SessionStore> make_redis_store(const Config& config, redis::Endpoint endpoint, const Hooks& hooks) {
  return std::make_unique<redis::RedisStore>(config, std::move(endpoint), hooks);
}

}  // namespace ficha
