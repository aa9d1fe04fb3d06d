// Sessions in the memory of one process: for tests, and for services that need no second process (memory://).
#pragma once

#include <memory>

#include "ficha/config.hpp"
#include "store/session_store.hpp"

namespace ficha {

// The semantics of RedisStore, on `hooks.clock`. What has expired is dropped at the next operation, so memory follows the
// number of live sessions. Every task finishes on the thread that starts it.
[[nodiscard]] std::unique_ptr<SessionStore> make_memory_store(const Config& config, const Hooks& hooks);

}  // namespace ficha
