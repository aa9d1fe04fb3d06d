// What MemoryStore keeps of a session, and how a patch changes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ficha/config.hpp"
#include "ficha/store.hpp"

namespace ficha {

// The fields of a record (see record.hpp), owned.
struct LiveSession {
  std::uint64_t generation = 1;
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0;
  std::int64_t idle_seconds = 0;
  std::int64_t authenticated_at = 0;
  int level = 0;
  std::string principal;
  std::vector<std::string> roles;
  std::vector<std::string> scopes;
  Device device;
  std::vector<Attribute> attributes;
  std::vector<Attribute> protected_attributes;
  friend bool operator==(const LiveSession&, const LiveSession&) = default;
};

// Generation 1, created now; the caller sets the timeouts.
[[nodiscard]] LiveSession new_live_session(const NewSession& wanted, std::int64_t now_seconds);
void set_attribute(std::vector<Attribute>& attributes, const Attribute& attribute);
// `session` after `patch`, one generation later. Errors: conflict, attribute_exists, invalid_argument, too_large.
[[nodiscard]] Result<LiveSession> patched(const SessionId& id, LiveSession session, const Patch& patch, Writes writes,
                                          std::int64_t now_seconds);
// Errors: too_large, for what does not fit a record.
[[nodiscard]] Result<void> check_limits(const SessionId& id, const LiveSession& session);
[[nodiscard]] Session snapshot(const SessionId& id, const LiveSession& session, std::int64_t deadline_ms);

}  // namespace ficha
