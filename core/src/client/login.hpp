// A login, composed of the store's atomic steps in the order that fails safe.
#pragma once

#include "store/session_store.hpp"

namespace ficha {

// Never leaves two live authenticated tokens where one was promised, and never carries attributes from one principal to
// another. A failure leaves an anonymous `current` as it was.
[[nodiscard]] Task<IssuedSession> log_in(SessionStore& store, Login login);

}  // namespace ficha
