#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ficha {
namespace {

// The first eight bytes of `text`, which has as many.
bool begins_with_ascii_word(std::string_view text) noexcept {
  std::uint64_t word;
  std::memcpy(&word, text.data(), sizeof word);
  return (word & 0x8080808080808080U) == 0;
}

// Bytes of the well-formed sequence at the start of `text`, which begins with a byte ≥ 0x80; 0 if there is none
// (Unicode standard, table 3-7).
std::size_t multibyte_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) noexcept { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) noexcept { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  const unsigned char lead = byte(0);
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xF4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // above U+10FFFF
  return 4;
}

// Bytes of the well-formed character at the start of `text`; 0 if there is none.
std::size_t character_length(std::string_view text) noexcept {
  return static_cast<unsigned char>(text[0]) < 0x80 ? 1 : multibyte_length(text);
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    if (text.size() >= 8 && begins_with_ascii_word(text)) {
      text.remove_prefix(8);
      continue;
    }
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_plain_text(std::string_view text) noexcept {
  if (!is_utf8(text)) return false;
  unsigned char previous = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
    if (previous == 0xC2 && byte < 0xA0) return false;  // U+0080–U+009F
    previous = byte;
  }
  return true;
}

std::string to_plain_text(std::string_view text, std::size_t max_bytes) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const std::string_view shown = is_plain_text(character) ? character : "?";
    if (plain.size() + shown.size() > max_bytes) break;
    plain.append(shown);
    text.remove_prefix(character.size());
  }
  return plain;
}

}  // namespace ficha
