// Revoking, and what concerns all sessions of a principal.
#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "redis/errors.hpp"
#include "redis/keys.hpp"
#include "redis/redis_store.hpp"

namespace ficha::redis {

// Plain commands, which Redis accepts when it is out of memory. GETDEL tells which session it was that went: if that was
// rotated since it was read, the successor is the one to revoke.
Task<RevokeOutcome> RedisStore::revoke(SessionId id) {
  const OperationTimer timer = start_timer();
  for (int hop = 0;; ++hop) {
    if (hop > 0 && !timer.another_fits()) co_return out_of_time();
    const SessionKey key = session_key(id);
    Commands look(Effect::read);
    look.add({"GET", key});
    auto asked = ask(std::move(look), timer);
    const auto answers = co_await asked;
    if (!answers) co_return answers.error();
    auto content = stored(id, view(answers->replies[0]));
    if (!content) co_return std::move(content).error();

    if (const auto* fields = std::get_if<RecordFields>(&*content)) {
      if (!timer.another_fits()) co_return out_of_time();
      const std::string index = index_key(id.route(), fields->principal);
      Commands remove(Effect::write);
      remove.add({"GETDEL", key});
      if (!fields->principal.empty()) remove.add({"ZREM", index, id.str()});
      const OwnWrite write(cache_.get(), id);
      auto send = connection_->send(std::move(remove));
      const auto removed = co_await send;
      if (!removed) co_return removed.error();
      content = stored(id, view(removed->front()));
      if (!content) co_return std::move(content).error();
      if (std::holds_alternative<RecordFields>(*content)) co_return RevokeOutcome::revoked;
    }
    const auto* superseded = std::get_if<Superseded>(&*content);
    if (!superseded) co_return RevokeOutcome::not_found;
    id = superseded->successor;
  }
}

// Until nothing remains, so that sessions made or rotated meanwhile go as well.
Task<std::uint64_t> RedisStore::revoke_principal(std::string principal, std::optional<SessionId> except) {
  const std::string index = index_key(route_of(principal), principal);
  const std::vector<std::string_view> arguments = {"1", index, except ? except->str() : std::string_view{}};
  std::uint64_t revoked = 0;
  for (;;) {
    auto evaluation = evaluate(scripts::revoke_principal, arguments, Targets::unnamed);
    const auto reply = co_await evaluation;
    if (!reply) co_return reply.error();
    revoked += static_cast<std::uint64_t>(view(*reply)[1].integer());
    if (view(*reply)[2].integer() <= 0) co_return revoked;
  }
}

// Sessions made while a pass runs may have been missed by it: passes are repeated until one has nothing to change.
Task<std::uint64_t> RedisStore::patch_principal(std::string principal, Patch patch) {
  constexpr int max_passes = 4;
  std::uint64_t live = 0;
  for (int pass = 0; pass < max_passes; ++pass) {
    std::vector<std::string> arguments = {"1", index_key(route_of(principal), principal), "-inf"};
    append_patch(patch, arguments);
    std::string& cursor = arguments[2];
    live = 0;
    std::int64_t changed = 0;
    std::optional<Error> failure;
    do {
      std::vector<std::string_view> views{arguments.begin(), arguments.end()};
      auto evaluation = evaluate(scripts::patch_principal, std::move(views), Targets::unnamed);
      const auto reply = co_await evaluation;
      if (!reply) co_return reply.error();
      live += static_cast<std::uint64_t>(view(*reply)[1].integer());
      changed += view(*reply)[2].integer();
      cursor = view(*reply)[3].text();
      if (const std::int64_t status = view(*reply)[4].integer())
        failure = error_of_script(status, view(*reply)[5].text());
    } while (!cursor.empty());
    if (failure) co_return std::move(*failure);
    if (changed == 0) break;
  }
  co_return live;
}

// From the newest back: sessions that expire or are revoked meanwhile then shift none past the place that has been reached.
Task<std::vector<Session>> RedisStore::list(std::string principal) {
  const std::string index = index_key(route_of(principal), principal);
  Commands count(Effect::read);
  count.add({"ZCARD", index});
  auto asked = ask(std::move(count), start_timer());
  const auto counted = co_await asked;
  if (!counted) co_return counted.error();
  const ReplyView total = view(counted->replies[0]);
  if (total.type() == ReplyView::Type::error) co_return error_of_reply(total.text());

  std::vector<Session> sessions;
  std::set<SessionId> seen;
  auto end = static_cast<std::size_t>(std::max<std::int64_t>(total.integer(), 0));
  while (end > 0) {
    const std::size_t begin = end - std::min(end, list_step_);
    auto reading = read_listed(index, begin, end, seen);
    auto found = co_await reading;
    if (!found) co_return std::move(found).error();
    for (Session& session : *found) {
      if (session.principal() != principal) co_return corrupt_record("an index lists another principal's session");
      sessions.push_back(std::move(session));
    }
    end = begin;
  }
  std::ranges::reverse(sessions);
  std::ranges::stable_sort(sessions, {}, &Session::created_at);
  co_return sessions;
}

// The live sessions among the index members of ranks [begin, end), newest first, but those that were `seen`.
Task<std::vector<Session>> RedisStore::read_listed(std::string index, std::size_t begin, std::size_t end,
                                                   std::set<SessionId>& seen) {
  const OperationTimer timer = start_timer();
  const std::string first = std::to_string(begin);
  const std::string last = std::to_string(end - 1);
  Commands range(Effect::read);
  range.add({"ZRANGE", index, first, last});
  auto asked = ask(std::move(range), timer);
  const auto listed = co_await asked;
  if (!listed) co_return listed.error();
  const ReplyView members = view(listed->replies[0]);
  if (members.type() == ReplyView::Type::error) co_return error_of_reply(members.text());

  std::vector<SessionId> ids;
  Commands reads(Effect::read);
  for (std::size_t i = members.size(); i-- > 0;) {
    const auto id = SessionId::parse(members[i].text());
    if (!id) co_return corrupt_record("an index lists something that is no session id");
    if (!seen.insert(*id).second) continue;
    ids.push_back(*id);
    const SessionKey key = session_key(*id);
    reads.add({"GET", key}).add({"PTTL", key});
  }
  std::vector<Session> sessions;
  if (ids.empty()) co_return sessions;
  auto reading_all = ask(std::move(reads), timer);
  const auto answers = co_await reading_all;
  if (!answers) co_return answers.error();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto content = stored(ids[i], view(answers->replies[2 * i]));
    if (!content) co_return std::move(content).error();
    auto* fields = std::get_if<RecordFields>(&*content);
    if (!fields) continue;
    fields->protected_attributes.clear();  // a list is for those who administer sessions, not for an adapter
    auto found = reading(ids[i], *fields, view(answers->replies[2 * i + 1]), answers->sent_at_ns);
    if (!found.answer) co_return std::move(found.answer).error();
    if (*found.answer) sessions.push_back(std::move(**found.answer));
  }
  co_return sessions;
}

}  // namespace ficha::redis
