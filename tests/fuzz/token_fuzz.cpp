// Tokens and session ids from hostile bytes; and tokens of which everything but one character is genuine.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ficha/token.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class GivenBytes final : public ficha::RandomSource {
 public:
  explicit GivenBytes(std::string_view bytes) : bytes_(bytes) {}
  bool fill(std::span<std::byte> out) noexcept override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(bytes_[i % bytes_.size()]);
    return true;
  }

 private:
  std::string_view bytes_;
};

// What is accepted is the one spelling of its token.
void parse(std::string_view text, const ficha::TokenKeys& keys) {
  const auto token = ficha::Token::parse(text, keys);
  if (!token) return;
  require(token->reveal() == text);
  require(ficha::SessionId::parse(token->id().str()) == token->id());
}

void change_a_genuine_token(std::string_view bytes, const ficha::TokenKeys& keys) {
  GivenBytes random(bytes.substr(2));
  const auto token = ficha::Token::generate_anonymous(keys, random);
  require(token.has_value() && ficha::Token::parse(token->reveal(), keys).has_value());
  std::string changed(token->reveal());
  char& place = changed[static_cast<unsigned char>(bytes[0]) % changed.size()];
  if (place == bytes[1]) return;
  place = bytes[1];
  require(!ficha::Token::parse(changed, keys));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ficha::TokenKeys keys{ficha::Secret(std::string(32, 'a')), ficha::Secret(std::string(32, 'b'))};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  parse(bytes, {});
  parse(bytes, keys);
  if (const auto id = ficha::SessionId::parse(bytes)) require(id->str() == bytes);
  if (size > 2) change_a_genuine_token(bytes, keys);
  return 0;
}
