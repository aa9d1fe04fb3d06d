#include "ficha/error_response.hpp"

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "ficha/token.hpp"
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

// Names of attributes are in some of these sentences, and a client may have chosen one.
bool is_for_clients(const Error& error) {
  constexpr std::size_t longest = 256;
  if (error.code != ErrorCode::invalid_argument && error.code != ErrorCode::too_large) return false;
  if (error.message.empty() || error.message.size() > longest || !is_plain_text(error.message)) return false;
  return error.message.find(Token::prefix) == std::string::npos;
}

}  // namespace

std::string ErrorResponse::body() const {
  constexpr int no_content = 204;
  if (status == no_content) return {};
  return "{\"error\":" + json_quoted(code) + ",\"message\":" + json_quoted(message) + "}\n";
}

ErrorResponse respond_to(const Decision& denied) {
  ErrorResponse response{denied.status, name(denied.verdict), std::string{message_of(denied.verdict)}, {}};
  for (const ResponseHeader& header : denied.headers()) response.headers.add(header.name, header.value);
  return response;
}

ErrorResponse respond_to(ErrorCode error) {
  constexpr int unavailable = 503;
  constexpr int internal_error = 500;
  const int status = http_status(error);
  if (status == unavailable) return respond_to(decide(Verdict::unavailable, Reason::store_unavailable, {}));
  ErrorResponse response{status == 0 ? internal_error : status, name(error), std::string{message_of(error)}, {}};
  if (error == ErrorCode::session_gone) response.headers.add("WWW-Authenticate", std::string(invalid_token_challenge));
  return response;
}

ErrorResponse respond_to(const Error& error) {
  ErrorResponse response = respond_to(error.code);
  if (is_for_clients(error)) response.message = error.message;
  return response;
}

}  // namespace ficha
