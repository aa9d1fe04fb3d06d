#include "ficha/error_response.hpp"

#include "base/json.hpp"
#include "http/outcome.hpp"

namespace ficha {
namespace {

std::string_view message_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::unauthenticated:
      return "log in first";
    case Verdict::reauthenticate:
      return "prove your identity again";
    case Verdict::forbidden:
      return "you may not do this";
    case Verdict::bad_request:
      return "the request is malformed or ambiguous";
    case Verdict::method_not_allowed:
      return "this cannot be done here";
    case Verdict::unavailable:
      return "sessions cannot be reached just now; try again";
    case Verdict::allow:
    case Verdict::preflight:
      break;
  }
  return "";
}

std::string_view message_of(ErrorCode error) noexcept {
  switch (error) {
    case ErrorCode::invalid_argument:
      return "the request asks for what a session cannot hold";
    case ErrorCode::too_large:
      return "the request asks for more than a session can hold";
    case ErrorCode::session_gone:
      return "the session has ended; log in again";
    case ErrorCode::conflict:
    case ErrorCode::attribute_exists:
      return "another request was faster; try again";
    case ErrorCode::session_limit:
      return "there are too many sessions; log out elsewhere first";
    default:
      return "something went wrong here";
  }
}

}  // namespace

std::string ErrorResponse::body() const {
  constexpr int no_content = 204;
  if (status == no_content) return {};
  return "{\"error\":" + json_quoted(code) + ",\"message\":" + json_quoted(message) + "}\n";
}

ErrorResponse respond_to(const Decision& denied) {
  ErrorResponse response{denied.status, name(denied.verdict), message_of(denied.verdict), {}};
  for (const ResponseHeader& header : denied.headers()) response.headers.add(header.name, header.value);
  return response;
}

ErrorResponse respond_to(ErrorCode error) {
  constexpr int unavailable = 503;
  constexpr int internal_error = 500;
  const int status = http_status(error);
  if (status == unavailable) return respond_to(decide(Verdict::unavailable, Reason::store_unavailable, {}));
  ErrorResponse response{status == 0 ? internal_error : status, name(error), message_of(error), {}};
  if (error == ErrorCode::session_gone) response.headers.add("WWW-Authenticate", std::string(invalid_token_challenge));
  return response;
}

}  // namespace ficha
