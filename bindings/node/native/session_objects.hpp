// Session objects of JavaScript: made once for a session and generation, then handed out again.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "ficha/interceptor.hpp"
#include "ficha/session.hpp"

namespace ficha::node {

// The objects of the sessions that were last in use, and of the decisions last made on them; all are immutable.
// Thread rule: the environment's thread.
class SessionObjects {
 public:
  // The object for the session, made if need be; nullptr with a JavaScript exception pending.
  [[nodiscard]] napi_value get(napi_env env, const Session& session) noexcept;
  // The object for a decision that allows with a session; likewise.
  [[nodiscard]] napi_value get(napi_env env, const Decision& decision) noexcept;

 private:
  struct Slot {
    napi_ref object = nullptr;
    napi_ref decision = nullptr;
    std::optional<SessionId> id;
    std::uint64_t generation = 0;
    std::int64_t idle_deadline = 0;
    int rule = 0;
    Carrier carrier = Carrier::none;
    std::vector<ResponseHeader> headers;
  };
  static constexpr unsigned slot_bits = 12;

  // The slot that holds the session's object; null when none could be made.
  [[nodiscard]] Slot* find(napi_env env, const Session& session, napi_value& object) noexcept;

  std::vector<Slot> slots_{std::size_t{1} << slot_bits};
};

}  // namespace ficha::node
