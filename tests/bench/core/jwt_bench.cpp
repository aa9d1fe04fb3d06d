// A near-cache hit beside what a service pays that verifies a signed token itself: split, decode, verify, parse the
// claims, check the expiry. OpenSSL is called as jwt-cpp 0.7 calls it: HMAC() for HS256, a fresh EVP_MD_CTX for each
// verification otherwise, and for ES256 the raw signature turned into DER.
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "report.hpp"

namespace ficha::bench {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;

constexpr std::string_view hmac_key = "0123456789abcdef0123456789abcdef";
constexpr int es256_half = 32;

std::string encode(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string decode(std::string_view text) {
  std::string padded(text);
  for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t padding = (4 - padded.size() % 4) % 4;
  padded.append(padding, '=');
  std::string bytes(padded.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  if (length < 0) throw std::runtime_error("malformed base64url");
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

std::string hmac(std::string_view data) {
  unsigned char result[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), hmac_key.data(), static_cast<int>(hmac_key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), result, &length);
  return {reinterpret_cast<const char*>(result), length};
}

std::string sign(EVP_PKEY* key, std::string_view data) {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::size_t length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key);
  EVP_DigestSign(context.get(), nullptr, &length, bytes, data.size());
  std::string signature(length, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes, data.size());
  signature.resize(length);
  return signature;
}

bool verify_digest(EVP_PKEY* key, std::string_view data, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerifyUpdate(context.get(), data.data(), data.size()) == 1 &&
         EVP_DigestVerifyFinal(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                               signature.size()) == 1;
}

// From r and s, 32 bytes each, to DER and back.
std::string to_der(std::string_view raw) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  const EcdsaSignature signature(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, es256_half, nullptr),
                 BN_bin2bn(bytes + es256_half, es256_half, nullptr));
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  const std::string result(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return result;
}
std::string from_der(std::string_view der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())), ECDSA_SIG_free);
  std::string raw(2 * es256_half, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, es256_half);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + es256_half, es256_half);
  return raw;
}

// The claims, if the signature holds and the token has not expired.
template <class Verify>
nlohmann::json verified_claims(std::string_view token, std::string_view algorithm, Verify verify) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  const auto header = nlohmann::json::parse(decode(token.substr(0, first)));
  auto claims = nlohmann::json::parse(decode(token.substr(first + 1, second - first - 1)));
  const std::string signature = decode(token.substr(second + 1));
  if (header.at("alg") != algorithm || !verify(token.substr(0, second), signature)) throw std::runtime_error("refused");
  if (claims.at("exp").template get<std::int64_t>() < 1'800'000'000) throw std::runtime_error("expired");
  return claims;
}

template <class Sign>
std::string make_token(std::string_view algorithm, Sign make_signature) {
  const nlohmann::json header = {{"alg", algorithm}, {"typ", "JWT"}};
  const nlohmann::json claims = {{"sub", "customer-1234567"}, {"roles", {"customer"}}, {"theme", "dark"},
                                 {"language", "pt"},          {"exp", 2'000'000'000},  {"iat", 1'800'000'000}};
  const std::string signed_part = encode(header.dump()) + "." + encode(claims.dump());
  return signed_part + "." + encode(make_signature(signed_part));
}

template <class Sign, class Verify>
void measure(Report& report, std::string_view algorithm, std::size_t count, Sign make_signature, Verify verify) {
  const std::string token = make_token(algorithm, make_signature);
  std::vector<double> rounds;
  for (int round = 0; round < 5; ++round) {
    rounds.push_back(nanoseconds_each(count, [&](std::size_t) { keep(verified_claims(token, algorithm, verify)); }));
  }
  report.note("a JWT verified and parsed in C++, " + std::string(algorithm), median(std::move(rounds)), "ns");
}

void run(Report& report) {
  const Key rsa(EVP_RSA_gen(2048), EVP_PKEY_free);
  const Key ec(EVP_EC_gen("P-256"), EVP_PKEY_free);
  measure(report, "HS256", 20'000, hmac,
          [](std::string_view data, std::string_view signature) { return hmac(data) == signature; });
  measure(
      report, "RS256", 2'000, [&](std::string_view data) { return sign(rsa.get(), data); },
      [&](std::string_view data, std::string_view signature) { return verify_digest(rsa.get(), data, signature); });
  measure(
      report, "ES256", 1'000, [&](std::string_view data) { return from_der(sign(ec.get(), data)); },
      [&](std::string_view data, std::string_view signature) {
        return verify_digest(ec.get(), data, to_der(signature));
      });
}

const Benchmark registered{"JWT", run};

}  // namespace
}  // namespace ficha::bench
