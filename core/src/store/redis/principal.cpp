// Revoking, and what concerns all sessions of a principal.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "store/redis/keys.hpp"
#include "store/redis/node/eviction.hpp"
#include "store/redis/redis_store.hpp"
#include "store/redis/wire/errors.hpp"

namespace ficha::redis {
namespace {

// evicted_keys() of scripts/_index.lua.
std::optional<std::uint64_t> evicted_of_script(ReplyView reply) {
  if (reply.type() != ReplyView::Type::integer || reply.integer() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(reply.integer());
}

}  // namespace

// Plain commands, which Redis accepts when it is out of memory. GETDEL tells which session it was that went: if that was
// rotated since it was read, the successor is the one to revoke.
Task<std::optional<Session>> RedisStore::take(SessionId id) {
  const OperationTimer timer = start_timer();
  for (int hop = 0;; ++hop) {
    if (hop > 0 && !timer.another_fits()) co_return out_of_time();
    const SessionKey key = session_key(id);
    Commands look(Effect::read);
    look.add({"GET", key}, Shape::text_or_nil);
    auto asked = ask(std::move(look), timer);
    const auto answers = co_await asked;
    if (!answers) co_return answers.error();
    auto content = stored(id, view(answers->replies[0]), true);
    if (!content) co_return std::move(content).error();

    if (const auto* fields = std::get_if<RecordFields>(&*content)) {
      if (!timer.another_fits()) co_return out_of_time();
      const std::string index = index_key(id.route(), fields->principal);
      Commands remove(Effect::write);
      remove.add({"GETDEL", key}, Shape::text_or_nil);
      const bool listed = !fields->principal.empty();
      if (listed) remove.add({"ZREM", index, id.str()}, Shape::integer);
      add_step_check(remove);
      const OwnWrite write(cache_.get(), id);
      auto send = connection_->send(std::move(remove));
      const auto removed = co_await send;
      if (!removed) co_return removed.error();
      content = stored(id, view(removed->front()), are_in_step(*removed));
      if (!content) {
        auto undo = relist(id, index);  // it lives on, and is listed no longer
        if (listed) static_cast<void>(co_await undo);
        co_return std::move(content).error();
      }
      if (const auto* last = std::get_if<RecordFields>(&*content)) {
        co_return std::optional(make_session(id, *last, last->expires_at));
      }
    }
    const auto* superseded = std::get_if<Superseded>(&*content);
    if (!superseded) {
      if (cache_) cache_->drop(id);
      co_return std::optional<Session>{};
    }
    id = superseded->successor;
  }
}

// Whether nothing was ever evicted, so that an index lists all it should.
bool RedisStore::note_evicted(std::optional<std::uint64_t> evicted) noexcept {
  connection_->note_evicted_keys(evicted);
  return evicted == std::uint64_t{0};
}

// Those that the index lists; where it may lack members, those that a walk finds as well. Sessions made or rotated during the
// walk are in the index, unless that was evicted meanwhile: then another walk looks for them.
Task<std::uint64_t> RedisStore::revoke_principal(std::string principal, std::optional<SessionId> except) {
  constexpr int max_walks = 4;
  const std::string index = index_key(route_of(principal), principal);
  const std::string_view kept = except ? except->str() : std::string_view{};
  std::uint64_t revoked = 0;
  std::optional<std::uint64_t> evicted_before = 0;
  for (int walks = 0; walks <= max_walks; ++walks) {
    auto by_index = revoke_listed(index, kept, revoked);
    const auto evicted = co_await by_index;
    if (!evicted) co_return evicted.error();
    if (*evicted && *evicted == evicted_before) co_return revoked;
    evicted_before = *evicted;
    const std::uint64_t before = revoked;
    auto by_walk = revoke_walked(principal, kept, revoked);
    const auto walked = co_await by_walk;
    if (!walked) co_return walked.error();
    if (revoked == before) co_return revoked;
  }
  co_return incomplete(std::to_string(revoked) + " sessions were revoked while others were made");
}

// Until nothing remains in the index, so that sessions made or rotated meanwhile go as well. How many keys the server had
// evicted then; nullopt if it does not say.
Task<std::optional<std::uint64_t>> RedisStore::revoke_listed(const std::string& index, std::string_view kept,
                                                             std::uint64_t& revoked) {
  for (;;) {
    auto evaluation = evaluate(scripts::revoke_principal, arguments_of("1", index, kept), Targets::unnamed);
    const auto reply = co_await evaluation;
    if (!reply) co_return reply.error();
    revoked += static_cast<std::uint64_t>(view(*reply)[1].integer());
    if (view(*reply)[2].integer() > 0) continue;
    const auto evicted = evicted_of_script(view(*reply)[3]);
    note_evicted(evicted);
    co_return evicted;
  }
}

// Sessions made while a pass runs may have been missed by it: passes are repeated until one has nothing to change.
Task<std::uint64_t> RedisStore::patch_principal(std::string principal, Patch patch) {
  constexpr int max_passes = 5;
  bool walks = false;
  std::uint64_t live = 0;
  for (int pass = 0; pass < max_passes; ++pass) {
    auto step = walks ? patch_walked(principal, patch) : patch_listed(principal, patch);
    const auto patched = co_await step;
    if (!patched) co_return patched.error();
    live = patched->live;
    const bool walk_is_due = !walks && !patched->index_is_whole;
    if (patched->changed == 0 && !walk_is_due) break;
    walks = walks || walk_is_due;
  }
  co_return live;
}

// Every session that the index lists, once.
Task<RedisStore::Patched> RedisStore::patch_listed(const std::string& principal, const Patch& patch) {
  std::vector<std::string> arguments = {"1", index_key(route_of(principal), principal), "-inf"};
  append_patch(patch, arguments);
  std::string& cursor = arguments[2];
  Patched patched;
  std::optional<Error> failure;
  do {
    std::vector<std::string_view> views{arguments.begin(), arguments.end()};
    auto evaluation = evaluate(scripts::patch_principal, std::move(views), Targets::unnamed);
    const auto reply = co_await evaluation;
    if (!reply) co_return reply.error();
    patched.live += static_cast<std::uint64_t>(view(*reply)[1].integer());
    patched.changed += view(*reply)[2].integer();
    cursor = view(*reply)[3].text();
    if (const std::int64_t status = view(*reply)[4].integer())
      failure = error_of_script(status, view(*reply)[5].text());
    patched.index_is_whole = note_evicted(evicted_of_script(view(*reply)[6]));
  } while (!cursor.empty());
  if (failure) co_return std::move(*failure);
  co_return patched;
}

// Where the index may lack members, a walk over the keys finds the others; what was made or rotated during the walk is in the
// index, which is then read again.
Task<std::vector<Session>> RedisStore::list(std::string principal) {
  std::vector<Session> sessions;
  std::set<SessionId> seen;
  auto by_index = list_indexed(principal, seen, sessions);
  const auto whole = co_await by_index;
  if (!whole) co_return whole.error();
  if (!*whole) {
    Walk walk{principal, start_timer(), seen};
    while (!walk.over) {
      auto step = walk_on(walk);
      auto found = co_await step;
      if (!found) co_return std::move(found).error();
      std::ranges::move(*found, std::back_inserter(sessions));
    }
    auto once_more = list_indexed(principal, seen, sessions);
    if (const auto read = co_await once_more; !read) co_return read.error();
    std::ranges::sort(sessions, {}, &Session::id);
  }
  std::ranges::stable_sort(sessions, {}, &Session::created_at);
  co_return sessions;
}

// Adds the sessions that the index lists, but those that were `seen`. Whether the index lists all it should.
// From the newest back: sessions that expire or are revoked meanwhile then shift none past the place that has been reached.
Task<bool> RedisStore::list_indexed(const std::string& principal, std::set<SessionId>& seen,
                                    std::vector<Session>& sessions) {
  const std::string index = index_key(route_of(principal), principal);
  Commands count(Effect::read);  // PING first: see RedisStore::touch()
  count.add({"PING"}, Shape::pong).add({"ZCARD", index}, Shape::integer).add({"INFO", "stats"}, Shape::text);
  auto asked = ask(std::move(count), start_timer());
  const auto counted = co_await asked;
  if (!counted) co_return counted.error();
  const ReplyView total = view(counted->replies[1]);
  if (total.type() == ReplyView::Type::error) co_return error_of_reply(total.text());
  bool whole = note_evicted(parse_evicted_keys(view(counted->replies[2])));

  const std::size_t before = sessions.size();
  auto end = static_cast<std::size_t>(std::max<std::int64_t>(total.integer(), 0));
  while (end > 0) {
    const std::size_t begin = end - std::min(end, list_step_);
    auto reading = read_listed(index, begin, end, seen, whole);
    auto found = co_await reading;
    if (!found) co_return std::move(found).error();
    for (Session& session : *found) {
      if (session.principal() != principal) co_return corrupt_record("an index lists another principal's session");
      sessions.push_back(std::move(session));
    }
    end = begin;
  }
  std::ranges::reverse(sessions.begin() + static_cast<std::ptrdiff_t>(before), sessions.end());
  co_return whole;
}

// The live sessions among the index members of ranks [begin, end), newest first, but those that were `seen`.
Task<std::vector<Session>> RedisStore::read_listed(std::string index, std::size_t begin, std::size_t end,
                                                   std::set<SessionId>& seen, bool& index_is_whole) {
  const OperationTimer timer = start_timer();
  const std::string first = std::to_string(begin);
  const std::string last = std::to_string(end - 1);
  Commands range(Effect::read);
  range.add({"ZRANGE", index, first, last}, Shape::array).add({"INFO", "stats"}, Shape::text);
  auto asked = ask(std::move(range), timer);
  const auto listed = co_await asked;
  if (!listed) co_return listed.error();
  const ReplyView members = view(listed->replies[0]);
  if (members.type() == ReplyView::Type::error) co_return error_of_reply(members.text());
  index_is_whole = note_evicted(parse_evicted_keys(view(listed->replies[1])));

  std::vector<SessionId> ids;
  for (std::size_t i = members.size(); i-- > 0;) {
    const auto id = SessionId::parse(members[i].text());
    if (!id) co_return corrupt_record("an index lists something that is no session id");
    if (seen.insert(*id).second) ids.push_back(*id);
  }
  auto reading_all = read_each(std::move(ids), timer, std::nullopt);
  co_return co_await reading_all;
}

// The live sessions among `ids`, in one write. With an `owner`, only that principal's: what is no session of anybody is then
// no error.
Task<std::vector<Session>> RedisStore::read_each(std::vector<SessionId> ids, OperationTimer timer,
                                                 std::optional<std::string> owner) {
  std::vector<Session> sessions;
  if (ids.empty()) co_return sessions;
  Commands reads(Effect::read);
  for (const SessionId& id : ids) reads.add_get_and_pttl(session_key(id));
  auto reading_all = ask(std::move(reads), timer);
  const auto answers = co_await reading_all;
  if (!answers) co_return answers.error();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const ReplyView record = view(answers->replies[2 * i]);
    if (owner && !holds_record(ids[i], record)) continue;
    auto content = stored(ids[i], record, true);
    if (!content) co_return std::move(content).error();
    auto* fields = std::get_if<RecordFields>(&*content);
    if (!fields || (owner && fields->principal != *owner)) continue;
    fields->protected_attributes.clear();  // a list is for those who administer sessions, not for an adapter
    auto found = loaded(ids[i], *fields, view(answers->replies[2 * i + 1]), answers->sent_at_ns);
    if (!found.result) co_return std::move(found.result).error();
    if (*found.result) sessions.push_back(std::move(**found.result));
  }
  co_return sessions;
}

}  // namespace ficha::redis
