#include "base/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>

#include "ficha/hooks.hpp"

namespace ficha {
namespace crypto {
namespace {

void require(bool succeeded) noexcept {
  if (succeeded) return;
  std::fputs("ficha: OpenSSL cannot compute SHA-256\n", stderr);
  std::abort();
}

// What every thread's contexts are made from: fetching an algorithm takes locks, and costs more than hashing a token. Never
// freed, and all that hashing needs, so that it works while and after the process' objects are destroyed.
struct Algorithms {
  EVP_MD* sha256;
  EVP_MAC_CTX* hmac;     // keyed with nothing, to be copied
  bool hmac_keeps_keys;  // begins anew with the key it has
};

EVP_MAC_CTX* new_hmac() noexcept {
  EVP_MAC_CTX* const hmac = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  char digest_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end(),
  };
  require(hmac != nullptr && EVP_MAC_init(hmac, reinterpret_cast<const unsigned char*>(""), 0, parameters) == 1);
  return hmac;
}

// `key` may be null: the same key as last time.
bool make_hmac(EVP_MAC_CTX* hmac, const unsigned char* key, std::size_t key_size, std::string_view message,
               Digest& digest) noexcept {
  std::size_t length = 0;
  return EVP_MAC_init(hmac, key, key_size, nullptr) == 1 &&
         EVP_MAC_update(hmac, reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1 &&
         EVP_MAC_final(hmac, reinterpret_cast<unsigned char*>(digest.data()), &length, digest.size()) == 1 &&
         length == digest.size();
}

// Whether a copy of `hmac` can be used again without its key; before OpenSSL 3.0.3 the code is then wrong (OpenSSL issue
// 17811).
bool keeps_keys(const EVP_MAC_CTX* hmac) noexcept {
  EVP_MAC_CTX* const trial = EVP_MAC_CTX_dup(hmac);
  require(trial != nullptr);
  const unsigned char key[] = {1};
  Digest first, second;
  ERR_set_mark();
  const bool made = make_hmac(trial, key, sizeof key, "a", first) && make_hmac(trial, nullptr, 0, "a", second);
  ERR_pop_to_mark();
  EVP_MAC_CTX_free(trial);
  return made && first == second;
}

const Algorithms& algorithms() noexcept {
  static const Algorithms fetched = [] {
    require(usable());
    EVP_MAC_CTX* const hmac = new_hmac();
    return Algorithms{EVP_MD_fetch(nullptr, "SHA256", nullptr), hmac, keeps_keys(hmac)};
  }();
  return fetched;
}

// Contexts are reused because making one costs several times a hash (OpenSSL issues 17064, 19612, 20286).
class Contexts {
 public:
  Contexts() noexcept
      : sha256_algorithm_(algorithms().sha256), digest_(EVP_MD_CTX_new()), mac_(EVP_MAC_CTX_dup(algorithms().hmac)) {
    require(sha256_algorithm_ != nullptr && digest_ != nullptr && mac_ != nullptr);
  }
  ~Contexts() {
    EVP_MD_CTX_free(digest_);
    EVP_MAC_CTX_free(mac_);
    wipe(key_.data(), key_.size());
  }
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;

  Digest sha256(std::string_view message, std::string_view rest) noexcept {
    Digest digest;
    require(EVP_DigestInit_ex2(digest_, sha256_algorithm_, nullptr) == 1 &&
            EVP_DigestUpdate(digest_, message.data(), message.size()) == 1 &&
            (rest.empty() || EVP_DigestUpdate(digest_, rest.data(), rest.size()) == 1) &&
            EVP_DigestFinal_ex(digest_, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
  }

  Digest hmac_sha256(std::string_view key, std::string_view message) noexcept {
    Digest digest;
    if (has_key(key)) {
      require(make_hmac(mac_, nullptr, 0, message, digest));
    } else {
      const char* key_bytes = key.data() == nullptr ? "" : key.data();
      require(make_hmac(mac_, reinterpret_cast<const unsigned char*>(key_bytes), key.size(), message, digest));
      remember(key);
    }
    return digest;
  }

 private:
  // A new key costs as much as the code of a token under it.
  [[nodiscard]] bool has_key(std::string_view key) const noexcept {
    return keyed_ && equal_in_constant_time(key, {key_.data(), key_size_});
  }
  void remember(std::string_view key) noexcept {
    keyed_ = algorithms().hmac_keeps_keys && key.size() <= key_.size();
    if (!keyed_) return;
    std::copy(key.begin(), key.end(), key_.begin());
    key_size_ = key.size();
  }

  EVP_MD* sha256_algorithm_;
  EVP_MD_CTX* digest_;
  EVP_MAC_CTX* mac_;
  bool keyed_ = false;  // mac_ has the key below
  std::array<char, 64> key_{};
  std::size_t key_size_ = 0;
};

struct ThreadContexts;
constinit thread_local Contexts* current = nullptr;
constinit thread_local bool thread_ends = false;

struct ThreadContexts {
  Contexts contexts;
  ThreadContexts() noexcept { current = &contexts; }
  ~ThreadContexts() {
    current = nullptr;
    thread_ends = true;
  }
};

template <class Use>
Digest with_contexts(Use use) noexcept {
  if (current != nullptr) [[likely]]
    return use(*current);
  if (thread_ends) {  // called from the destructor of another thread-local object
    Contexts temporary;
    return use(temporary);
  }
  static thread_local ThreadContexts owner;
  return use(owner.contexts);
}

}  // namespace

bool usable() noexcept {
  return OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr) == 1;
}

void prepare() noexcept {
  algorithms();
}

Digest sha256(std::string_view message, std::string_view rest) noexcept {
  return with_contexts([&](Contexts& contexts) noexcept { return contexts.sha256(message, rest); });
}

Digest hmac_sha256(std::string_view key, std::string_view message) noexcept {
  return with_contexts([&](Contexts& contexts) noexcept { return contexts.hmac_sha256(key, message); });
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

void wipe(void* bytes, std::size_t size) noexcept {
  if (size > 0) OPENSSL_cleanse(bytes, size);
}

}  // namespace crypto

namespace {

class OpensslRandom final : public RandomSource {
 public:
  bool fill(std::span<std::byte> out) noexcept override {
    return out.size() <= INT_MAX && crypto::usable() &&
           RAND_priv_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1;
  }
};

}  // namespace

RandomSource& openssl_random() noexcept {
  static constinit OpensslRandom source;
  return source;
}

}  // namespace ficha
