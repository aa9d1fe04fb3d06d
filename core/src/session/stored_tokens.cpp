#include "session/stored_tokens.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/ascii.hpp"

namespace ficha {
namespace {

enum class Holds : std::uint8_t { nothing, anothers_token, own_token };

// Each candidate costs a MAC for every key: no honest text has as many.
constexpr int most_candidates = 256;

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// What the four hexadecimal digits at the start of `text` stand for, if that is ASCII: nothing else is part of a token.
std::optional<char> escaped_character(std::string_view text) {
  constexpr std::size_t digits = 4;
  if (text.size() < digits) return std::nullopt;
  int code = 0;
  for (const char c : text.substr(0, digits)) {
    const int value = hex_value(c);
    if (value < 0) return std::nullopt;
    code = code * 16 + value;
  }
  return code < 0x80 ? static_cast<char>(code) : '?';
}

// One level of JSON's escapes undone.
std::string without_escapes(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain += text[at];
      continue;
    }
    const char letter = text[++at];
    const auto character = letter == 'u' ? escaped_character(text.substr(at + 1)) : std::nullopt;
    if (character) at += 4;
    plain += character.value_or(letter);
  }
  return plain;
}

bool is_own(const SessionId& id, const OwnTokens& own) {
  return id == own.id || id.route() == own.route;
}

Holds search_plain(std::string_view text, const OwnTokens& own, const TokenKeys& keys) {
  Holds holds = Holds::nothing;
  int candidates = 0;
  for (std::size_t at = text.find(Token::prefix); at != std::string_view::npos; at = text.find(Token::prefix, at + 1)) {
    if (text.size() - at < Token::length) break;
    if (++candidates > most_candidates) return Holds::own_token;
    const auto token = Token::parse(text.substr(at, Token::length), keys);
    if (!token) continue;
    if (is_own(token->id(), own)) return Holds::own_token;
    holds = Holds::anothers_token;
  }
  return holds;
}

// Every level is looked at, JSON within JSON within JSON: an escape that another completes may hide what stands before it.
Holds search(std::string_view text, const OwnTokens& own, const TokenKeys& keys) {
  constexpr int most_levels = 16;
  if (text.size() < Token::length) return Holds::nothing;
  Holds holds = search_plain(text, own, keys);
  std::string plain;
  for (int level = 0; text.find("\\u") != std::string_view::npos; ++level) {
    if (level == most_levels) return Holds::own_token;
    plain = without_escapes(text);
    text = plain;
    holds = std::max(holds, search_plain(text, own, keys));
  }
  return holds;
}

class Search {
 public:
  Search(const OwnTokens& own, const TokenKeys& keys) : own_(own), keys_(keys) {}

  void look_at(const std::string& name, std::string_view text) {
    if (error_) return;
    // No message may show it.
    if (search(name, own_, keys_) != Holds::nothing) return fail("an attribute's name must not hold a token");
    if (note(text, name)) return fail("attribute \"" + name + "\": must not hold the token of the session");
  }
  void look_at(const Device& device) {
    if (error_) return;
    if (note(device.address, "device") || note(device.user_agent, "device")) {
      fail("device: must not hold the token of the session");
    }
  }

  [[nodiscard]] Result<std::vector<std::string>> result() && {
    if (error_) return *std::move(error_);
    return std::move(reported_);
  }

 private:
  // Whether `text` is to be refused.
  bool note(std::string_view text, const std::string& name) {
    const Holds holds = search(text, own_, keys_);
    const bool known = std::ranges::find(reported_, name) != reported_.end();
    if (holds == Holds::anothers_token && !known) reported_.push_back(name);
    return holds == Holds::own_token;
  }
  void fail(std::string message) { error_ = Error{ErrorCode::invalid_argument, std::move(message)}; }

  const OwnTokens& own_;
  const TokenKeys& keys_;
  std::vector<std::string> reported_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<std::string>> find_tokens(const NewSession& session, const OwnTokens& own, const TokenKeys& keys) {
  Search search(own, keys);
  for (const Attribute& attribute : session.attributes) search.look_at(attribute.name, attribute.json);
  for (const Attribute& attribute : session.protected_attributes) search.look_at(attribute.name, attribute.json);
  search.look_at(session.device);
  return std::move(search).result();
}

Result<std::vector<std::string>> find_tokens(const Patch& patch, const OwnTokens& own, const TokenKeys& keys) {
  Search search(own, keys);
  for (const Patch::Op& op : patch.protected_ops) search.look_at(op.name, op.json);
  for (const Patch::Op& op : patch.ops) {
    search.look_at(op.name, op.json);
    search.look_at(op.name, op.key);
  }
  if (patch.device) search.look_at(*patch.device);
  return std::move(search).result();
}

}  // namespace ficha
