#include <cassert>

#include "ficha/interceptor.hpp"

namespace ficha {

std::string_view name(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::allow:
      return "allow";
    case Verdict::unauthenticated:
      return "unauthenticated";
    case Verdict::reauthenticate:
      return "reauthenticate";
    case Verdict::forbidden:
      return "forbidden";
    case Verdict::bad_request:
      return "bad_request";
    case Verdict::unavailable:
      return "unavailable";
  }
  return "unknown";
}

std::string_view name(Reason reason) noexcept {
  switch (reason) {
    case Reason::allowed:
      return "allowed";
    case Reason::allowed_anonymous:
      return "allowed_anonymous";
    case Reason::no_credential:
      return "no_credential";
    case Reason::session_not_live:
      return "session_not_live";
    case Reason::malformed_token:
      return "malformed_token";
    case Reason::ambiguous_cookie:
      return "ambiguous_cookie";
    case Reason::two_credentials:
      return "two_credentials";
    case Reason::two_authorizations:
      return "two_authorizations";
    case Reason::malformed_bearer:
      return "malformed_bearer";
    case Reason::ambiguous_path:
      return "ambiguous_path";
    case Reason::no_rule:
      return "no_rule";
    case Reason::method_not_listed:
      return "method_not_listed";
    case Reason::nobody:
      return "nobody";
    case Reason::anonymous_session:
      return "anonymous_session";
    case Reason::missing_role:
      return "missing_role";
    case Reason::missing_scope:
      return "missing_scope";
    case Reason::level_too_low:
      return "level_too_low";
    case Reason::authentication_too_old:
      return "authentication_too_old";
    case Reason::csrf_no_proof:
      return "csrf_no_proof";
    case Reason::csrf_foreign_origin:
      return "csrf_foreign_origin";
    case Reason::csrf_bad_token:
      return "csrf_bad_token";
    case Reason::store_unavailable:
      return "store_unavailable";
  }
  return "unknown";
}

void Decision::add_header(std::string_view name, std::string value) {
  assert(header_count_ < headers_.size());
  if (header_count_ == headers_.size()) return;
  headers_[header_count_++] = {name, std::move(value)};
}

}  // namespace ficha
