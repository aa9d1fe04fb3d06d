// Reading: GET and PTTL, the near cache around them, and the touches that keep a session alive.
#include <algorithm>
#include <exception>
#include <utility>

#include "store/redis/keys.hpp"
#include "store/redis/redis_store.hpp"
#include "store/redis/wire/errors.hpp"
#include "store/touch.hpp"

namespace ficha::redis {
namespace {

constexpr std::int64_t nanoseconds_per_millisecond = 1'000'000;
constexpr std::int64_t no_such_key = -2;  // of PTTL
constexpr std::size_t touch_reply = 1;    // of PEXPIREAT, in touch()

constexpr char live_kind = 0;
constexpr char superseded_kind = 1;

// What follows the header of the array that every record is.
std::string_view body_of(std::string_view record) noexcept {
  const std::size_t header = record.starts_with('\xdc') ? 3 : 1;
  return record.substr(std::min(header, record.size()));
}

// Whether `record` begins as one of this kind does; it may still be corrupt.
bool is_record_of_kind(std::string_view record, char kind) noexcept {
  const std::string_view body = body_of(record);
  return body.size() >= 2 && body[0] == 1 && body[1] == kind;
}

// Whether `record` begins as every record does, and names a session other than `id`.
bool is_of_another_session(std::string_view record, const SessionId& id) noexcept {
  if (!is_record_of_kind(record, live_kind) && !is_record_of_kind(record, superseded_kind)) return false;
  constexpr std::size_t guard_at = 3;  // behind version, kind and the header of a str of 11 bytes
  const std::string_view body = body_of(record);
  if (body.size() < guard_at + id.guard().size() || body[2] != '\xab') return false;
  return body.substr(guard_at, id.guard().size()) != id.guard();
}

// A read whose connection broke is repeated once, if time allows: repeating it is harmless.
class Repetition {
 public:
  Repetition(const Connection& connection, OperationTimer timer) noexcept
      : possible_(connection.epoch() % 2 == 0), timer_(timer) {}

  [[nodiscard]] bool allowed(const Error& error) noexcept {
    return std::exchange(possible_, false) && error.code == ErrorCode::unavailable && timer_.another_fits();
  }

 private:
  bool possible_;
  OperationTimer timer_;
};

}  // namespace

// For a minute after a reply with another session's record.
bool RedisStore::is_in_doubt() const noexcept {
  return clock_.monotonic_nanoseconds() < doubted_until_ns_.load(std::memory_order_relaxed);
}

void RedisStore::add_step_check(Commands& commands) {
  commands.add_echo(next_nonce_.fetch_add(1, std::memory_order_relaxed));
}

// Whether the nonce came back; a user may lack the right to ECHO.
bool RedisStore::are_in_step(const std::vector<Reply>& replies) noexcept {
  return view(replies.back()).type() == ReplyView::Type::string;
}

Task<RedisStore::SentReplies> RedisStore::ask(Commands commands, OperationTimer timer) {
  add_step_check(commands);
  const Commands copy = commands;
  Repetition repetition(*connection_, timer);
  for (;;) {
    auto send = connection_->send(std::move(commands));
    auto replies = co_await send;
    if (replies) {
      if (!are_in_step(*replies)) co_return error_of_reply(view(replies->back()).text());
      co_return SentReplies{std::move(*replies), send.sent_at()};
    }
    if (!repetition.allowed(replies.error())) co_return std::move(replies).error();
    commands = copy;
  }
}

// `in_step`: the stream is known to be in step, so another session's record is what lies under the key.
Result<RedisStore::Stored> RedisStore::stored(const SessionId& id, ReplyView get, bool in_step) {
  if (get.type() == ReplyView::Type::error) return error_of_reply(get.text());
  if (get.type() == ReplyView::Type::nil) return Stored{};
  auto record = decode_record(get.text(), id);
  if (record) return std::visit([](auto& content) { return Stored{std::move(content)}; }, *record);
  if (is_of_another_session(get.text(), id)) {
    constexpr std::int64_t doubt_ns = 60'000 * nanoseconds_per_millisecond;
    doubted_until_ns_.store(clock_.monotonic_nanoseconds() + doubt_ns, std::memory_order_relaxed);
    if (!in_step) connection_->condemn("a reply held the record of another session");
  }
  return std::move(record).error();
}

// Whether `get` is a record of this session, or one that stored() has to say something of: an error, or somebody else's.
bool RedisStore::holds_record(const SessionId& id, ReplyView get) {
  if (get.type() != ReplyView::Type::string) return !get.text().starts_with("WRONGTYPE");
  return is_of_another_session(get.text(), id) || decode_record(get.text(), id);
}

// What GET and PTTL, sent at `sent_at_ns`, say of the session `id`. An expired one is none.
RedisStore::LoadedSession RedisStore::loaded(const SessionId& id, const RecordFields& fields, ReplyView pttl,
                                             std::int64_t sent_at_ns) const {
  if (pttl.type() == ReplyView::Type::error) return {error_of_reply(pttl.text())};
  if (pttl.type() != ReplyView::Type::integer) return {corrupt_record("a PTTL was answered with something else")};
  if (pttl.integer() == no_such_key) return {};
  if (pttl.integer() < 0) return {corrupt_record("the stored session never expires")};
  const std::int64_t absolute_ms = fields.expires_at * 1000;
  const std::int64_t now_ns = clock_.monotonic_nanoseconds();
  const std::int64_t now_ms = connection_->server_milliseconds_at(now_ns);
  if (absolute_ms <= now_ms) return {};

  const std::int64_t round_trip_ns = now_ns - sent_at_ns;
  const std::int64_t sent_at_ms = now_ms - round_trip_ns / nanoseconds_per_millisecond;
  const std::int64_t deadline_ms = std::min(absolute_ms, sent_at_ms + pttl.integer());
  return {std::optional<Session>(make_session(id, fields, deadline_ms / 1000)),
          {sent_at_ns, pttl.integer(), now_ns, now_ms},
          deadline_ms};
}

// A read of one session under way, whoever drives it: what to send, and whether its answer is the last. It follows
// rotations with grace, and is repeated once when its connection breaks.
class RedisStore::ReadAttempt {
 public:
  ReadAttempt(RedisStore& store, const SessionId& id) noexcept
      : store_(store), id_(id), timer_(store.start_timer()), repetition_(*store.connection_, timer_) {}

  [[nodiscard]] Connection::Send send() {
    Commands commands(Effect::read);
    commands.add_get_and_pttl(store_.session_key(id_));
    checked_ = store_.is_in_doubt();
    if (checked_) store_.add_step_check(commands);
    return store_.connection_->send(std::move(commands));
  }

  // Whether send() is due once more.
  [[nodiscard]] bool goes_on(const Result<std::vector<Reply>>& replies) {
    if (!replies) return repetition_.allowed(replies.error());
    const ReplyView get = view(replies->front());
    if (get.type() != ReplyView::Type::string || !is_record_of_kind(get.text(), superseded_kind)) return false;
    const auto content = store_.stored(id_, get, checked_ && are_in_step(*replies));
    const auto* superseded = content ? std::get_if<Superseded>(&*content) : nullptr;
    if (!superseded || !timer_.another_fits()) return false;
    // The flight's invalidations are those of `id_`: nobody may join for an answer that depends on the successor's.
    if (store_.cache_) store_.cache_->drop(id_);
    id_ = superseded->successor;
    return true;
  }

  // What the last replies say.
  [[nodiscard]] LoadedSession result(const Result<std::vector<Reply>>& replies, std::int64_t sent_at_ns) const {
    if (!replies) return {replies.error()};
    auto content = store_.stored(id_, view((*replies)[0]), checked_ && are_in_step(*replies));
    if (!content) return {std::move(content).error()};
    if (const auto* fields = std::get_if<RecordFields>(&*content)) {
      return store_.loaded(id_, *fields, view((*replies)[1]), sent_at_ns);
    }
    if (std::holds_alternative<Superseded>(*content)) return {out_of_time()};
    return {};
  }

 private:
  RedisStore& store_;
  SessionId id_;
  OperationTimer timer_;
  Repetition repetition_;
  bool checked_ = false;  // by add_step_check()
};

// The live session under `id`, or where a rotation with grace has moved it.
Task<RedisStore::LoadedSession> RedisStore::read_session(SessionId id) {
  ReadAttempt attempt(*this, id);
  for (;;) {
    auto send = attempt.send();
    const auto replies = co_await send;
    if (!attempt.goes_on(replies)) co_return attempt.result(replies, send.sent_at());
  }
}

Task<std::optional<Session>> RedisStore::find(SessionId id) {
  auto asked = read_session(id);
  auto found = co_await asked;
  if (!found) co_return std::move(found).error();
  if (cache_ && found->result && !*found->result) cache_->drop(id);
  co_return std::move(found->result);
}

// For the leader of `flight`, in stream order: keeps what was found under `token`, and gives it to everybody who joined.
// What is not kept ends what was: a database may have been swapped for another, of which Redis tells nobody (SWAPDB).
void RedisStore::complete(Flight& flight, std::string_view token, const LoadedSession& found) {
  const bool kept = found.result && *found.result && cache_->keep(flight, token, **found.result, found.freshness);
  const bool answered = found.result || found.result.error().code == ErrorCode::corrupt_record;
  if (answered && !kept) cache_->drop(flight.id());
  flight.complete(found.result);
}

// What a load answers once its read is over.
LoadResult&& RedisStore::conclude(std::optional<Flight>& flight, const Token& token, bool touch,
                                  LoadedSession&& found) {
  if (flight) complete(*flight, token.reveal(), found);
  if (touch && found.result && *found.result) touch_if_due(token.reveal(), **found.result, found.deadline_ms);
  return std::move(found.result);
}

// The same for one who joined another's flight.
LoadResult RedisStore::share(const LoadResult& answer, const Token& token, bool touch) {
  if (touch && answer && *answer) touch_if_due(token.reveal(), **answer, (*answer)->idle_deadline() * 1000);
  return answer;
}

// One coroutine for all of it: a load is as cheap as its frame is small.
Task<std::optional<Session>> RedisStore::load(Token token, LoadOptions options) {
  const SessionId id = token.id();
  std::optional<Flight> flight;
  if (cache_) {
    flight.emplace(cache_->single_flight(), id, cache_->placement(id));
    if (options.fresh) {
      flight->lead();
    } else {
      cache_->count_miss();
      if (const LoadResult* answer = co_await flight->join()) co_return share(*answer, token, options.touch);
    }
  }
  ReadAttempt attempt(*this, id);
  for (;;) {
    auto send = attempt.send();
    const auto replies = co_await send;
    if (attempt.goes_on(replies)) continue;
    co_return conclude(flight, token, options.touch, attempt.result(replies, send.sent_at()));
  }
}

bool RedisStore::try_load(std::string_view token, LoadOptions options, std::optional<Session>& session) noexcept {
  if (!cache_ || options.fresh) return false;
  bool touch_due = false;
  if (!cache_->find(token, clock_.monotonic_nanoseconds(), options.touch, session, touch_due)) return false;
  if (touch_due) {
    try {
      touch(session->id(), index_of(*session), Secret{token}, session->idle_seconds(), session->expires_at());
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the next request touches
    }
  }
  return true;
}

void RedisStore::touch_if_due(std::string_view token, const Session& session, std::int64_t deadline_ms) {
  const std::int64_t due_ms = next_touch_ms(deadline_ms, session.idle_seconds(), session.expires_at());
  if (connection_->server_milliseconds() < due_ms) return;
  touch(session.id(), index_of(session), Secret{token}, session.idle_seconds(), session.expires_at());
}

// '' for an anonymous session, which none lists.
std::string RedisStore::index_of(const Session& session) const {
  return session.principal().empty() ? std::string() : index_key(session.id().route(), session.principal());
}

// Moves the idle deadline without anybody waiting for it. PEXPIREAT cannot revive a session, and with GT only the first
// process to touch in a quantum changes anything. Where it does, it costs this process its own near-cache entry, which is
// read again once PONG says that the invalidation has passed. The first PING keeps two integers apart: were a reply lost, the
// PTTL of a read before this would be answered with what PEXPIREAT says.
Detached RedisStore::touch(SessionId id, std::string index, Secret token, std::int64_t idle_seconds,
                           std::int64_t expires_at) {
  const std::int64_t target_ms = touch_target_ms(connection_->server_milliseconds(), idle_seconds, expires_at);
  if (!touch_gate_.pass(id, target_ms)) co_return;
  touches_sent_.fetch_add(1, std::memory_order_relaxed);
  const SessionKey key = session_key(id);
  const std::string target = std::to_string(target_ms);
  Commands commands(Effect::write);
  commands.add({"PING"}, Shape::pong).add({"PEXPIREAT", key, target, "GT"}, Shape::integer);
  if (cache_) commands.add({"PING"}, Shape::pong);
  auto send = connection_->send(std::move(commands));
  const auto replies = co_await send;
  // An index must not be evicted before the sessions that are in use. It may stay as it is, where memory is out.
  if (replies && view((*replies)[touch_reply]).integer() == 1 && !index.empty())
    start(relist(id, index), [](auto&&) {});
  note_touch(replies);
  if (!cache_ || !replies) co_return;

  Flight flight(cache_->single_flight(), id, cache_->placement(id));
  flight.lead();
  auto asked = read_session(id);
  const auto found = co_await asked;
  if (found) complete(flight, token.reveal(), *found);
}

// Reads go on while Redis refuses writes; that sessions are not being extended is said once, until it works again.
void RedisStore::note_touch(const Result<std::vector<Reply>>& replies) {
  if (!replies) return;
  const ReplyView reply = view((*replies)[touch_reply]);
  if (reply.type() == ReplyView::Type::error) {
    if (!touches_refused_.exchange(true, std::memory_order_relaxed) && hooks_.log) {
      hooks_.log(LogLevel::warning, "idle timeouts are not being extended: " + error_of_reply(reply.text()).message);
    }
    return;
  }
  touches_refused_.store(false, std::memory_order_relaxed);
  if (reply.integer() == 1) touches_effective_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace ficha::redis
