#include "ficha/result.hpp"

namespace ficha {

std::string_view name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::invalid_config:
      return "invalid_config";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::access_denied:
      return "access_denied";
    case ErrorCode::write_refused:
      return "write_refused";
    case ErrorCode::corrupt_record:
      return "corrupt_record";
    case ErrorCode::unknown_outcome:
      return "unknown_outcome";
    case ErrorCode::overloaded:
      return "overloaded";
    case ErrorCode::incomplete:
      return "incomplete";
    case ErrorCode::session_gone:
      return "session_gone";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::attribute_exists:
      return "attribute_exists";
    case ErrorCode::session_limit:
      return "session_limit";
    case ErrorCode::closed:
      return "closed";
  }
  return "unknown";
}

int http_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::session_gone:
      return 401;
    case ErrorCode::conflict:
    case ErrorCode::attribute_exists:
      return 409;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::session_limit:
      return 429;
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
    case ErrorCode::access_denied:
    case ErrorCode::write_refused:
    case ErrorCode::corrupt_record:
    case ErrorCode::unknown_outcome:
    case ErrorCode::overloaded:
    case ErrorCode::incomplete:
      return 503;
    case ErrorCode::invalid_config:
    case ErrorCode::closed:
      return 0;
  }
  return 0;
}

}  // namespace ficha
