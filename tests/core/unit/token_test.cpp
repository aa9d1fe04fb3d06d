#include "ficha/token.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <unordered_set>

#include "base/base64url.hpp"
#include "support/allocations.hpp"
#include "support/scripted_random.hpp"

namespace ficha {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<Token>);
static_assert(!std::is_convertible_v<Token, std::string_view>);

const TokenKeys& two_keys() {
  static const TokenKeys keys{Secret(std::string(32, 'a')), Secret(std::string(32, 'b'))};
  return keys;
}

Token make(std::string_view principal, const TokenKeys& keys = {}) {
  return Token::generate(route_of(principal), keys).value();
}

TEST(Tokens, AreParsedBackToTheSameSession) {
  const Token token = make("alice", two_keys());
  const auto parsed = Token::parse(token.reveal(), two_keys());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->reveal(), token.reveal());
  EXPECT_EQ(parsed->id(), token.id());
  EXPECT_EQ(token.id().route(), route_of("alice"));
}

TEST(Tokens, KeepTheirRouteWhateverItIs) {
  for (unsigned route = 0; route < 65536; route += 257) {
    const Token token = Token::generate(static_cast<std::uint16_t>(route), {}).value();
    EXPECT_EQ(token.id().route(), route);
  }
}

TEST(Tokens, OfAnonymousSessionsSpreadOverTheRoutes) {
  std::unordered_set<std::uint16_t> routes;
  for (int i = 0; i < 1000; ++i) routes.insert(Token::generate_anonymous({}).value().id().route());
  EXPECT_GT(routes.size(), 950U);  // 1000 draws of 65,536: 7.6 repeats expected
}

TEST(Tokens, AreSignedByTheFirstKeyAndVerifiedByEach) {
  const TokenKeys before{Secret(std::string(32, 'b'))};
  const TokenKeys after{Secret(std::string(32, 'a'))};
  const Token old_token = make("alice", before);
  const Token new_token = make("alice", two_keys());

  EXPECT_TRUE(Token::parse(old_token.reveal(), two_keys())) << "a prepended key logs nobody out";
  EXPECT_TRUE(Token::parse(new_token.reveal(), after));
  EXPECT_FALSE(Token::parse(new_token.reveal(), before));
  EXPECT_FALSE(Token::parse(old_token.reveal(), after)) << "a dropped key no longer counts";
  EXPECT_FALSE(Token::parse(new_token.reveal(), {}));
  EXPECT_FALSE(Token::parse(make("alice").reveal(), two_keys()));
}

TEST(Tokens, WithAnyOneCharacterChangedAreRefused) {
  const Token token = make("alice", two_keys());
  std::size_t tried = 0;
  for (std::size_t i = 0; i < Token::length; ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string changed(token.reveal());
      if (changed[i] == static_cast<char>(c)) continue;
      changed[i] = static_cast<char>(c);
      EXPECT_FALSE(Token::parse(changed, two_keys())) << "character " << i << " as " << c;
      ++tried;
    }
  }
  EXPECT_EQ(tried, Token::length * 255);
}

TEST(Tokens, OfAnotherLengthAreRefused) {
  const std::string text(make("alice").reveal());
  for (std::size_t length = 0; length < text.size(); ++length) EXPECT_FALSE(Token::parse(text.substr(0, length), {}));
  EXPECT_FALSE(Token::parse(text + 'A', {}));
  EXPECT_FALSE(Token::parse(text + '\0', {}));
  EXPECT_FALSE(Token::parse({}, {}));
}

TEST(Tokens, AreNotMadeWhenTheRandomSourceFails) {
  testing::FailingRandom failing;
  for (const auto& result : {Token::generate(7, {}, failing), Token::generate_anonymous({}, failing)}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  }
}

// An anonymous token draws its route first: also a failure after that must show.
TEST(Tokens, AreNotMadeWhenOnlyTheSecondDrawFails) {
  class FailsTheSecondTime final : public RandomSource {
   public:
    bool fill(std::span<std::byte> out) noexcept override {
      std::ranges::fill(out, std::byte{1});
      return ++calls_ == 1;
    }

   private:
    int calls_ = 0;
  } random;
  const auto result = Token::generate_anonymous({}, random);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
}

TEST(Tokens, TakeTheirSecretFromTheGivenSource) {
  testing::RepeatingRandom repeating;
  EXPECT_EQ(Token::generate(7, {}, repeating).value().reveal(), Token::generate(7, {}, repeating).value().reveal());
}

TEST(Tokens, AreWipedWhenTheyEnd) {
  alignas(Token) std::array<unsigned char, sizeof(Token)> storage;
  auto* token = new (storage.data()) Token(make("alice"));
  ASSERT_FALSE(std::ranges::all_of(storage, [](unsigned char c) { return c == 0; }));
  token->~Token();
  EXPECT_TRUE(std::ranges::all_of(storage, [](unsigned char c) { return c == 0; }));
}

TEST(Tokens, AreParsedWithoutAllocating) {
  const Token token = make("alice", two_keys());
  ASSERT_TRUE(Token::parse(token.reveal(), two_keys()));
  const std::size_t before = testing::allocation_count();
  const auto parsed = Token::parse(token.reveal(), two_keys());
  const SessionId id = parsed->id();
  EXPECT_EQ(testing::allocation_count(), before);
  EXPECT_EQ(id, token.id());
}

// 256 bits of secret in 10^6 tokens: none twice, and each bit set in half of them, within five standard deviations.
TEST(Tokens, AMillionAreAllDifferentAndEveryBitIsFair) {
  constexpr int count = 1'000'000;
  std::unordered_set<std::uint64_t> seen;
  seen.reserve(count);
  std::array<std::array<int, 256>, 32> values{};  // how often each byte had each value
  for (int i = 0; i < count; ++i) {
    std::array<std::byte, 38> raw;
    const Token token = Token::generate(0, {}).value();
    ASSERT_TRUE(base64url::decode(token.reveal().substr(Token::prefix.size()), raw));
    for (std::size_t byte = 0; byte < 32; ++byte) ++values[byte][std::to_integer<std::size_t>(raw[2 + byte])];
    // 64 of the 256 bits: two alike among 10^6 have probability 3e-8.
    std::uint64_t part;
    std::memcpy(&part, raw.data() + 2, sizeof part);
    seen.insert(part);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(count));
  const double five_sigma = 5 * std::sqrt(count * 0.25);
  for (std::size_t bit = 0; bit < 256; ++bit) {
    int ones = 0;
    for (std::size_t value = 0; value < 256; ++value) ones += (value >> bit % 8 & 1U) != 0 ? values[bit / 8][value] : 0;
    EXPECT_NEAR(ones, count / 2, five_sigma) << "bit " << bit;
  }
}

TEST(Tokens, MadeInForkedChildrenAreAllDifferent) {
  constexpr int children = 8;
  constexpr std::size_t per_child = 1000;
  (void)make("the parent has used its generator before");
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  std::array<pid_t, children> pids{};
  for (pid_t& pid : pids) {
    pid = fork();
    ASSERT_GE(pid, 0);
    if (pid != 0) continue;
    for (std::size_t i = 0; i < per_child; ++i) {
      // Up to PIPE_BUF bytes are written at once, so the children's tokens do not mix.
      const Token token = make("alice");
      if (write(pipe_ends[1], token.reveal().data(), Token::length) != static_cast<ssize_t>(Token::length)) _exit(1);
    }
    _exit(0);
  }
  close(pipe_ends[1]);

  std::string all;
  std::array<char, 4096> chunk;
  for (ssize_t size; (size = read(pipe_ends[0], chunk.data(), chunk.size())) > 0;) {
    all.append(chunk.data(), static_cast<std::size_t>(size));
  }
  close(pipe_ends[0]);
  for (const pid_t pid : pids) {
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  std::unordered_set<std::string> tokens;
  for (std::size_t at = 0; at < all.size(); at += Token::length) tokens.insert(all.substr(at, Token::length));
  EXPECT_EQ(tokens.size(), children * per_child);
}

TEST(SessionIds, AreParsedBackExactly) {
  const SessionId id = make("alice").id();
  EXPECT_EQ(id.str().size(), SessionId::length);
  EXPECT_EQ(id.guard(), id.str().substr(13));
  EXPECT_EQ(SessionId::parse(id.str()), id);
}

TEST(SessionIds, HoldNothingButBase64url) {
  const SessionId id = make("alice").id();
  for (std::size_t i = 0; i < SessionId::length; ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string changed(id.str());
      changed[i] = static_cast<char>(c);
      const bool allowed = alphabet.find(static_cast<char>(c)) != std::string_view::npos;
      EXPECT_EQ(SessionId::parse(changed).has_value(), allowed) << "character " << i << " as " << c;
    }
  }
}

TEST(SessionIds, OfTwoTokensDiffer) {
  const Token a = make("alice");
  const Token b = make("alice");
  EXPECT_NE(a.id(), b.id());
  EXPECT_EQ(a.id().route(), b.id().route());
  EXPECT_EQ(a.reveal().find(a.id().guard()), std::string_view::npos) << "an id shows nothing of its token";
}

}  // namespace
}  // namespace ficha
