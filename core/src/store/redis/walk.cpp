// A principal's sessions by their keys: where the server has evicted keys, an index may lack members, or be gone.
#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "store/redis/keys.hpp"
#include "store/redis/redis_store.hpp"
#include "store/redis/wire/errors.hpp"

namespace ficha::redis {
namespace {

// Hash slots of the server's that one SCAN looks at: a millisecond or less.
constexpr std::string_view scan_count = "5000";

// How many sessions the scripts take in one step (STEP in revoke_principal.lua and patch_principal.lua).
constexpr std::size_t revoke_step = 250;
constexpr std::size_t patch_step = 40;

std::vector<std::string_view> with_keys(const std::string& index, std::span<const SessionKey> keys,
                                        std::string& count) {
  count = std::to_string(keys.size() + 1);
  std::vector<std::string_view> arguments = {count, index};
  arguments.insert(arguments.end(), keys.begin(), keys.end());
  return arguments;
}

}  // namespace

Error RedisStore::incomplete(std::string_view what) {
  incomplete_.fetch_add(1, std::memory_order_relaxed);
  return {ErrorCode::incomplete,
          "this server has evicted keys, or does not say, and those it has could not all be looked at in time "
          "(operation_timeout): " +
              std::string(what)};
}

// One step: the live sessions of the principal that it found and that were not `seen`.
Task<std::vector<Session>> RedisStore::walk_on(Walk& walk) {
  if (walk.link == 0) {
    key_walks_.fetch_add(1, std::memory_order_relaxed);
  } else if (!walk.timer.another_fits()) {
    co_return incomplete("the principal may have more sessions than were found");
  }
  const std::string head = index_key(route_of(walk.principal), {});
  const std::string pattern = std::string(head, 0, head.size() - 1) + ":*";
  Commands scan(Effect::read);
  scan.add({"SCAN", walk.cursor, "MATCH", pattern, "COUNT", scan_count}, Shape::array);
  auto asked = ask(std::move(scan), walk.timer);
  const auto answers = co_await asked;
  if (!answers) co_return answers.error();
  // A cursor means nothing to another server, or to the same one started anew.
  const std::uint64_t link = connection_->epoch();
  if (std::exchange(walk.link, link) != link && walk.cursor != "0") {
    walk.cursor = "0";
    co_return std::vector<Session>();
  }
  const ReplyView page = view(answers->replies[0]);
  if (page.type() == ReplyView::Type::error) co_return error_of_reply(page.text());
  if (page[0].type() != ReplyView::Type::string || page[0].text().empty() || page[1].type() != ReplyView::Type::array) {
    co_return corrupt_record("a SCAN was answered with something else");
  }
  walk.cursor = page[0].text();
  walk.over = walk.cursor == "0";

  std::vector<SessionId> ids;
  for (std::size_t i = 0; i < page[1].size(); ++i) {
    const std::string_view key = page[1][i].text();
    if (key.size() != pattern.size() - 1 + SessionId::length) continue;
    const auto id = SessionId::parse(key.substr(key.size() - SessionId::length));
    if (id && session_key(*id) == key && walk.seen.insert(*id).second) ids.push_back(*id);
  }
  auto reading_all = read_walked(std::move(ids), walk);
  co_return co_await reading_all;
}

// Others' sessions share the route, and what is no record is no session: both are passed over.
Task<std::vector<Session>> RedisStore::read_walked(std::vector<SessionId> ids, Walk& walk) {
  std::vector<Session> sessions;
  for (std::size_t begin = 0; begin < ids.size(); begin += list_step_) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = first + static_cast<std::ptrdiff_t>(std::min(list_step_, ids.size() - begin));
    auto reading_all = read_each({first, last}, walk.timer, walk.principal);
    auto found = co_await reading_all;
    if (!found) co_return std::move(found).error();
    std::ranges::move(*found, std::back_inserter(sessions));
  }
  co_return sessions;
}

// Deletes what it finds on its way, so that a walk that does not end in time has not been for nothing.
Task<bool> RedisStore::revoke_walked(const std::string& principal, std::string_view kept, std::uint64_t& revoked) {
  const std::string index = index_key(route_of(principal), principal);
  std::set<SessionId> seen;
  Walk walk{principal, start_timer(), seen};
  while (!walk.over) {
    auto step = walk_on(walk);
    const auto found = co_await step;
    if (!found && found.error().code == ErrorCode::incomplete)
      co_return Error{ErrorCode::incomplete, found.error().message + "; " + std::to_string(revoked) + " were revoked"};
    if (!found) co_return found.error();
    std::vector<SessionKey> keys;
    for (const Session& session : *found) keys.push_back(session_key(session.id()));
    for (std::size_t begin = 0; begin < keys.size(); begin += revoke_step) {
      std::string count;
      auto arguments =
          with_keys(index, std::span(keys).subspan(begin, std::min(revoke_step, keys.size() - begin)), count);
      arguments.push_back(kept);
      auto evaluation = evaluate(scripts::revoke_principal, std::move(arguments), Targets::unnamed);
      const auto reply = co_await evaluation;
      if (!reply) co_return reply.error();
      revoked += static_cast<std::uint64_t>(view(*reply)[1].integer());
    }
  }
  co_return true;
}

// Every session that list() finds, once.
Task<RedisStore::Patched> RedisStore::patch_walked(const std::string& principal, const Patch& patch) {
  const std::string index = index_key(route_of(principal), principal);
  auto listing = list(principal);
  const auto sessions = co_await listing;
  if (!sessions) co_return sessions.error();
  std::vector<SessionKey> keys;
  for (const Session& session : *sessions) keys.push_back(session_key(session.id()));
  std::vector<std::string> rest = {""};
  append_patch(patch, rest);

  Patched patched;
  std::optional<Error> failure;
  for (std::size_t begin = 0; begin < keys.size(); begin += patch_step) {
    std::string count;
    auto arguments = with_keys(index, std::span(keys).subspan(begin, std::min(patch_step, keys.size() - begin)), count);
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    auto evaluation = evaluate(scripts::patch_principal, std::move(arguments), Targets::unnamed);
    const auto reply = co_await evaluation;
    if (!reply) co_return reply.error();
    patched.live += static_cast<std::uint64_t>(view(*reply)[1].integer());
    patched.changed += view(*reply)[2].integer();
    if (const std::int64_t status = view(*reply)[4].integer())
      failure = error_of_script(status, view(*reply)[5].text());
  }
  if (failure) co_return std::move(*failure);
  co_return patched;
}

}  // namespace ficha::redis
