#include "http/request_fields.hpp"

#include <cstddef>
#include <cstring>

#include "base/ascii.hpp"

namespace ficha {
namespace {

// `size` bytes at `text` as a number, letters in lower case. "-" and CR become one, but no field's name holds a CR.
template <class Word>
Word folded(const char* text) noexcept {
  Word word;
  std::memcpy(&word, text, sizeof word);
  return word | static_cast<Word>(0x2020202020202020U);
}

// Whether `name`, of the same length as `known`, is `known` in any case: by words that overlap, since every field of
// every request is compared.
template <std::size_t Size>
bool is_name(std::string_view name, const char (&known)[Size]) noexcept {
  constexpr std::size_t length = Size - 1;
  static_assert(length >= 4 && length <= 24);
  const auto same = [&]<class Word>(Word, std::size_t offset) {
    return folded<Word>(name.data() + offset) == folded<Word>(known + offset);
  };
  if constexpr (length < 8) {
    return same(std::uint32_t{}, 0) && same(std::uint32_t{}, length - 4);
  } else {
    return same(std::uint64_t{}, length - 8) && same(std::uint64_t{}, 0) &&
           (length <= 16 || same(std::uint64_t{}, length / 2 - 4));
  }
}

void add(Field& field, std::string_view value) noexcept {
  field.value = value;
  ++field.count;
}

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

}  // namespace

CredentialFields find_credentials(std::span<const HeaderField> headers, std::string_view cookie_name) noexcept {
  CredentialFields fields;
  for (const auto& [name, value] : headers) {
    switch (name.size()) {
      case 6:
        if (is_name(name, "cookie")) add_cookie_field(fields.cookie, value, cookie_name);
        break;
      case 7:
        if (is_name(name, "upgrade")) fields.websocket |= names_websocket(value);
        break;
      case 13:
        if (is_name(name, "authorization")) add(fields.authorization, value);
        break;
      default:
        if (name.size() > 14 && is_name(name.substr(0, 14), "sec-websocket-")) fields.websocket = true;
        break;
    }
  }
  return fields;
}

OriginFields find_origin(std::span<const HeaderField> headers) noexcept {
  OriginFields fields;
  for (const auto& [name, value] : headers) {
    switch (name.size()) {
      case 4:
        if (is_name(name, "host")) add(fields.host, value);
        break;
      case 6:
        if (is_name(name, "origin")) add(fields.origin, value);
        break;
      case 7:
        if (is_name(name, "referer")) add(fields.referer, value);
        break;
      case 14:
        if (is_name(name, "sec-fetch-site")) add(fields.sec_fetch_site, value);
        break;
      case 16:
        if (is_name(name, "x-forwarded-host")) add(fields.forwarded_host, value);
        break;
      case 17:
        if (is_name(name, "x-forwarded-proto")) add(fields.forwarded_proto, value);
        break;
      default:
        break;
    }
  }
  return fields;
}

Field find_field(std::span<const HeaderField> headers, std::string_view name) noexcept {
  Field field;
  for (const HeaderField& header : headers) {
    if (equal_ignoring_case(header.name, name)) add(field, header.value);
  }
  return field;
}

}  // namespace ficha
