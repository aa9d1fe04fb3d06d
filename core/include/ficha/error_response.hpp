// What a client is told in the place of what its request's handler would have answered: one mapping for every host.
#pragma once

#include <string>
#include <string_view>

#include "ficha/decision.hpp"
#include "ficha/result.hpp"

namespace ficha {

struct ErrorResponse {
  int status;
  std::string_view code;  // for programs, stable: a verdict's name, or an error's: "unauthenticated", "session_limit"
  std::string message;    // for people: a sentence that says nothing of reasons, sessions or servers
  ResponseHeaders headers;

  // {"error":"unauthenticated","message":"log in first"} and a line feed, for hosts that write the response themselves, as
  // application/json; empty for 204.
  [[nodiscard]] std::string body() const;
};

// For a decision that does not allow.
[[nodiscard]] ErrorResponse respond_to(const Decision& denied);
// For an error that a handler ran into. What the store could not do is 503, whatever kept it from it; what only a mistake of
// the application leads to (invalid_config, closed) is 500. Headers: WWW-Authenticate for session_gone, Retry-After for 503.
// Where the request asked for what cannot be (invalid_argument, too_large), the error's own sentence is the message, unless
// it is long, not plain text, or holds anything like a token; every other error has one sentence for all.
[[nodiscard]] ErrorResponse respond_to(const Error& error);
// The same without the error's own sentence.
[[nodiscard]] ErrorResponse respond_to(ErrorCode error);

}  // namespace ficha
