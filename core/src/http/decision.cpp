#include <cassert>
#include <new>

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
    case Verdict::method_not_allowed:
      return "method_not_allowed";
    case Verdict::preflight:
      return "preflight";
  }
  return "unknown";
}

std::string_view name(Carrier carrier) noexcept {
  switch (carrier) {
    case Carrier::none:
      return "none";
    case Carrier::cookie:
      return "cookie";
    case Carrier::bearer:
      return "bearer";
  }
  return "unknown";
}

int grpc_status(Verdict verdict) noexcept {
  constexpr int invalid_argument = 3;
  constexpr int permission_denied = 7;
  constexpr int unavailable = 14;
  constexpr int unauthenticated = 16;
  switch (verdict) {
    case Verdict::allow:
      return 0;
    case Verdict::unauthenticated:
    case Verdict::reauthenticate:
      return unauthenticated;
    case Verdict::bad_request:
      return invalid_argument;
    case Verdict::forbidden:
    case Verdict::method_not_allowed:
    case Verdict::preflight:
      return permission_denied;
    case Verdict::unavailable:
      break;
  }
  return unavailable;
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
    case Reason::method_not_allowed:
      return "method_not_allowed";
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
    case Reason::ambiguous_method:
      return "ambiguous_method";
    case Reason::ambiguous_authority:
      return "ambiguous_authority";
    case Reason::ambiguous_destination:
      return "ambiguous_destination";
    case Reason::prefix_not_configured:
      return "prefix_not_configured";
    case Reason::too_many_readings:
      return "too_many_readings";
    case Reason::cors_preflight:
      return "cors_preflight";
    case Reason::cors_refused:
      return "cors_refused";
  }
  return "unknown";
}

ResponseHeaders::ResponseHeaders(const ResponseHeaders& other) : ResponseHeaders() {
  for (const ResponseHeader& header : other.view()) {
    new (items_ + count_) ResponseHeader(header);
    ++count_;
  }
}

void ResponseHeaders::add(std::string_view name, std::string value) {
  for (std::size_t i = 0; i < count_ && name == "Vary"; ++i) {
    if (items_[i].name != name) continue;
    items_[i].value.append(", ").append(value);
    return;
  }
  assert(count_ < room);
  if (count_ == room) return;
  new (items_ + count_) ResponseHeader{name, std::move(value)};
  ++count_;
}

}  // namespace ficha
