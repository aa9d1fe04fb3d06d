#include "request_fields.hpp"

#include "ascii.hpp"

namespace ficha {
namespace {

// Several fields count as one list: the same name with another value in a second field is as ambiguous as in the first.
void add_cookie_field(CookieValue& cookie, std::string_view field, std::string_view name) noexcept {
  if (cookie.lookup == CookieLookup::ambiguous) return;
  const CookieValue found = find_cookie({&field, 1}, name);
  if (found.lookup == CookieLookup::absent) return;
  if (found.lookup == CookieLookup::found && cookie.lookup == CookieLookup::found && found.value != cookie.value) {
    cookie = {CookieLookup::ambiguous, {}};
    return;
  }
  cookie = found;
}

// Anywhere in the value and with any version: asking for too many proofs is the safe mistake.
bool names_websocket(std::string_view upgrade) noexcept {
  constexpr std::string_view protocol = "websocket";
  for (; upgrade.size() >= protocol.size(); upgrade.remove_prefix(1)) {
    if (starts_with_ignoring_case(upgrade, protocol)) return true;
  }
  return false;
}

// The single-valued field that `name` is, by its length first: most fields of a request are none of these.
Field* known_field(RequestFields& fields, std::string_view name) noexcept {
  const auto field_if = [name](std::string_view known, Field& field) {
    return equal_ignoring_case(name, known) ? &field : nullptr;
  };
  switch (name.size()) {
    case 4:
      return field_if("host", fields.host);
    case 6:
      return field_if("origin", fields.origin);
    case 7:
      return field_if("referer", fields.referer);
    case 13:
      return field_if("authorization", fields.authorization);
    case 14:
      return field_if("sec-fetch-site", fields.sec_fetch_site);
    case 16:
      return field_if("x-forwarded-host", fields.forwarded_host);
    case 17:
      return field_if("x-forwarded-proto", fields.forwarded_proto);
    default:
      return nullptr;
  }
}

}  // namespace

RequestFields gather_fields(std::span<const HeaderField> headers, std::string_view cookie_name,
                            std::string_view csrf_header) noexcept {
  RequestFields fields;
  for (const HeaderField& header : headers) {
    if (Field* field = known_field(fields, header.name)) {
      field->value = header.value;
      ++field->count;
    } else if (header.name.size() == 6 && equal_ignoring_case(header.name, "cookie")) {
      add_cookie_field(fields.cookie, header.value, cookie_name);
    } else if (header.name.size() == 7 && equal_ignoring_case(header.name, "upgrade")) {
      fields.websocket |= names_websocket(header.value);
    }
    if (header.name.size() == csrf_header.size() && equal_ignoring_case(header.name, csrf_header)) {
      fields.csrf_token.value = header.value;
      ++fields.csrf_token.count;
    }
  }
  return fields;
}

}  // namespace ficha
