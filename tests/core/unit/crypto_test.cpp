#include "base/crypto.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/base64url.hpp"
#include "base/siphash.hpp"
#include "support/allocations.hpp"
#include "support/processor_time.hpp"

namespace ficha {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

std::string sha256_hex(std::string_view message, std::string_view rest = {}) {
  return hex(crypto::chars(crypto::sha256(message, rest)));
}

constexpr std::string_view abc_digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

// FIPS 180-4 examples, from NIST's "Examples with Intermediate Values".
TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(sha256_hex("abc"), abc_digest);
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfTwoPartsIsThatOfTheirConcatenation) {
  EXPECT_EQ(sha256_hex("a", "bc"), abc_digest);
  EXPECT_EQ(sha256_hex("", "abc"), abc_digest);
}

// RFC 4231, test cases 1, 2, 3 and 6.
TEST(HmacSha256, GivesTheCodesOfTheRfc) {
  const auto hmac_hex = [](std::string_view key, std::string_view message) {
    return hex(crypto::chars(crypto::hmac_sha256(key, message)));
  };
  EXPECT_EQ(hmac_hex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_hex(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hmac_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, WithAnEmptyKeyDoesNotReuseTheLastOne) {
  const auto empty = crypto::hmac_sha256("", "message");
  const auto keyed = crypto::hmac_sha256("key", "message");
  EXPECT_NE(empty, keyed);
  EXPECT_EQ(crypto::hmac_sha256({}, "message"), empty);
  EXPECT_EQ(hex(crypto::chars(crypto::hmac_sha256({}, ""))),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// A thread keeps the last key that is no longer than a block.
TEST(HmacSha256, OfKeysByTurnsAreThoseOfEachKeyAlone) {
  const std::string block(64, 'k');
  const std::array<std::string, 7> keys{"", "key", "kez", "ke", block, block + "k", std::string(131, '\xaa')};
  const auto hmac = [](const std::string& key) {
    crypto::Digest digest;
    std::thread{[&] { digest = crypto::hmac_sha256(key, "message"); }}.join();
    return digest;
  };
  std::vector<crypto::Digest> alone;
  for (const std::string& key : keys) alone.push_back(hmac(key));
  for (std::size_t first = 0; first < keys.size(); ++first) {
    for (std::size_t second = 0; second < keys.size(); ++second) {
      EXPECT_EQ(crypto::hmac_sha256(keys[first], "message"), alone[first]);
      EXPECT_EQ(crypto::hmac_sha256(keys[second], "message"), alone[second]);
      EXPECT_EQ(crypto::hmac_sha256(keys[second], "message"), alone[second]);
    }
  }
}

TEST(Hashing, AllocatesNothingOnceAThreadHasStarted) {
  (void)crypto::sha256("warm up");
  const std::size_t before = testing::allocation_count();
  for (int i = 0; i < 100; ++i) (void)crypto::sha256("message");
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(Hashing, WorksInManyThreadsAtOnceAndInThoseThatEnd) {
  for (int round = 0; round < 4; ++round) {
    std::vector<std::thread> threads;
    std::array<int, 4> wrong{};
    for (int& count : wrong) {
      threads.emplace_back([&count] {
        for (int i = 0; i < 500; ++i) {
          count += sha256_hex("abc") != abc_digest ? 1 : 0;
          count += crypto::hmac_sha256("k", "m") != crypto::hmac_sha256("k", "m") ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, (std::array<int, 4>{}));
  }
}

TEST(Hashing, WorksWhileAThreadsObjectsAreDestroyed) {
  static std::string digest;
  struct HashesAtItsEnd {
    ~HashesAtItsEnd() { digest = sha256_hex("abc"); }
  };
  std::thread([] {
    // Made before the thread's first hash, so destroyed after what that hash left behind.
    thread_local HashesAtItsEnd last;
    [[maybe_unused]] const HashesAtItsEnd& used = last;
    (void)crypto::sha256("first");
  }).join();
  EXPECT_EQ(digest, abc_digest);
}

TEST(Hashing, WorksInAForkedChild) {
  (void)crypto::sha256("the parent has hashed before");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(sha256_hex("abc") == abc_digest ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// The time to find a difference must not tell where it is: an early exit would be hundreds of times faster.
TEST(ConstantTimeComparison, TakesAsLongWhereverTheDifferenceIs) {
  const std::string a(1U << 16U, 'x');
  std::string first = a;
  std::string last = a;
  first.front() = 'y';
  last.back() = 'y';
  const auto fastest = [&a](const std::string& b) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 50; ++i) {
      const auto start = testing::processor_time();
      EXPECT_FALSE(crypto::equal_in_constant_time(a, b));
      best = std::min(best, testing::processor_time() - start);
    }
    return best;
  };
  const auto at_front = fastest(first);
  const auto at_back = fastest(last);
  EXPECT_LT(at_back, at_front * 2);
  EXPECT_LT(at_front, at_back * 2);
}

// The first, the last and some of vectors_sip128 in the authors' reference implementation: key 00…0f, message 00, 01, ….
TEST(SipHash128, GivesTheReferenceVectors) {
  const SipHashKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  std::string message;
  for (char c = 0; c < 64; ++c) message += c;
  const auto hash_hex = [&](std::size_t length) {
    const SipHash128 hash = siphash_2_4_128(key, std::string_view(message).substr(0, length));
    return hex({reinterpret_cast<const char*>(&hash), sizeof hash});
  };
  EXPECT_EQ(hash_hex(0), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(hash_hex(1), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(hash_hex(2), "8177228da4a45dc7fca38bdef60affe4");
  EXPECT_EQ(hash_hex(15), "5493e99933b0a8117e08ec0f97cfc3d9");
  EXPECT_EQ(hash_hex(63), "5150d1772f50834a503e069a973fbd7c");
}

TEST(SipHash128, ChangesWithEveryBitOfKeyAndMessage) {
  const SipHashKey key{1, 2};
  const std::string message(56, 'm');
  const SipHash128 hash = siphash_2_4_128(key, message);
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(siphash_2_4_128({key.k0 ^ 1ULL << bit, key.k1}, message) == hash);
    EXPECT_FALSE(siphash_2_4_128({key.k0, key.k1 ^ 1ULL << bit}, message) == hash);
  }
  for (std::size_t i = 0; i < message.size(); ++i) {
    std::string other = message;
    other[i] ^= 1;
    EXPECT_FALSE(siphash_2_4_128(key, other) == hash);
  }
}

// RFC 4648, section 10, without the padding.
TEST(Base64url, EncodesTheRfcsExamples) {
  const auto encode = [](std::string_view text) {
    std::string encoded(base64url::length(text.size()), '?');
    base64url::encode(std::as_bytes(std::span(text)), encoded.data());
    return encoded;
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg");
  EXPECT_EQ(encode("fo"), "Zm8");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foob"), "Zm9vYg");
  EXPECT_EQ(encode("fooba"), "Zm9vYmE");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xfb\xff\xfe"), "-__-");
}

TEST(Base64url, DecodesOnlyTheOneSpellingOfEveryValue) {
  std::array<std::byte, 1> byte{};
  int accepted = 0;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char text[] = {static_cast<char>(first), static_cast<char>(second)};
      accepted += base64url::decode({text, 2}, byte) ? 1 : 0;
    }
  }
  EXPECT_EQ(accepted, 256);
  EXPECT_FALSE(base64url::decode("Zg==", byte));
  EXPECT_FALSE(base64url::decode("Z", byte));
  EXPECT_FALSE(base64url::decode("Zm8", byte));
}

}  // namespace
}  // namespace ficha
