#include "store/memory/session_table.hpp"

#include <algorithm>

namespace ficha {

Entry* SessionTable::find(const SessionId& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry* SessionTable::find_live(SessionId& id) {
  for (Entry* entry = find(id); entry; entry = find(id)) {
    const SessionId* successor = std::get_if<SessionId>(&entry->content);
    if (!successor) return entry;
    id = *successor;
  }
  return nullptr;
}

const SessionTable::Listed& SessionTable::sessions_of(const std::string& principal) const {
  static const Listed none;
  const auto found = principals_.find(principal);
  return found == principals_.end() ? none : found->second;
}

void SessionTable::insert(const SessionId& id, Entry entry) {
  decltype(deadlines_) deadline{{entry.deadline_ms, id}};
  decltype(entries_) single;
  const Entry& inserted = single.emplace(id, std::move(entry)).first->second;
  if (const auto* session = std::get_if<LiveSession>(&inserted.content); session && !session->principal.empty()) {
    principals_[session->principal].emplace(inserted.rank, id);
  }
  entries_.merge(single);
  deadlines_.merge(deadline);
}

void SessionTable::replace(const SessionId& from, const SessionId& to, Entry entry) noexcept {
  auto moving = entries_.extract(from);
  auto deadline = deadlines_.extract({moving.mapped().deadline_ms, from});
  if (const auto& session = std::get<LiveSession>(entry.content); !session.principal.empty()) {
    auto& index = principals_.at(session.principal);
    auto place = index.extract(moving.mapped().rank);
    place.key() = entry.rank;
    place.mapped() = to;
    index.insert(std::move(place));
  }
  deadline.value() = {entry.deadline_ms, to};
  moving.key() = to;
  moving.mapped() = std::move(entry);
  deadlines_.insert(std::move(deadline));
  entries_.insert(std::move(moving));
}

void SessionTable::replace_with_grace(const SessionId& from, const SessionId& to, Entry entry,
                                      std::int64_t grace_end_ms) {
  const std::int64_t deadline_ms = std::min(grace_end_ms, entry.deadline_ms);
  decltype(entries_) left_behind;
  left_behind.emplace(from, Entry{to, deadline_ms, {}});
  decltype(deadlines_) end_of_grace{{deadline_ms, from}};
  replace(from, to, std::move(entry));
  entries_.merge(left_behind);
  deadlines_.merge(end_of_grace);
}

void SessionTable::set_deadline(const SessionId& id, Entry& entry, std::int64_t deadline_ms) noexcept {
  auto deadline = deadlines_.extract({entry.deadline_ms, id});
  deadline.value().first = deadline_ms;
  deadlines_.insert(std::move(deadline));
  entry.deadline_ms = deadline_ms;
}

void SessionTable::follow_deadline(Entry& entry) noexcept {
  const auto& session = std::get<LiveSession>(entry.content);
  if (session.expires_at <= entry.rank.expires_at) return;
  const Rank rank = next_rank(session.expires_at);
  if (!session.principal.empty()) {
    auto& index = principals_.at(session.principal);
    auto place = index.extract(entry.rank);
    place.key() = rank;
    index.insert(std::move(place));
  }
  entry.rank = rank;
}

void SessionTable::erase(SessionId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (const auto* session = std::get_if<LiveSession>(&found->second.content); session && !session->principal.empty()) {
    const auto index = principals_.find(session->principal);
    index->second.erase(found->second.rank);
    if (index->second.empty()) principals_.erase(index);
  }
  deadlines_.erase({found->second.deadline_ms, id});
  entries_.erase(found);
}

void SessionTable::erase_expired(std::int64_t now_ms) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms) erase(deadlines_.begin()->second);
}

void SessionTable::clear() noexcept {
  entries_.clear();
  deadlines_.clear();
  principals_.clear();
}

}  // namespace ficha
