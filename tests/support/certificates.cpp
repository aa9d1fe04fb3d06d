#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace ficha::testing {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string{"OpenSSL: "} + what);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension && X509_add_ext(certificate, extension, -1), "extension");
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& common_name, std::chrono::seconds lifetime) {
  static std::atomic<long> serial{1};
  Certificate made{X509_new(), X509_free};
  require(made != nullptr, "X509_new");
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), static_cast<long>(lifetime.count()));
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return made;
}

void write_certificate(const std::string& path, X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  require(file && PEM_write_X509(file, certificate), "PEM_write_X509");
  std::fclose(file);
}

void write_key(const std::string& path, EVP_PKEY* key) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  require(file && PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr), "PEM_write_PrivateKey");
  std::fclose(file);
}

bool is_address(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

struct CertificateAuthority::Impl {
  TempDir directory;
  Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  Certificate certificate = make_certificate(key.get(), "Ficha test authority", std::chrono::hours{48});
};

CertificateAuthority::CertificateAuthority() : impl_(std::make_unique<Impl>()) {
  X509* self = impl_->certificate.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(self, self, NID_subject_key_identifier, "hash");
  require(X509_sign(self, impl_->key.get(), EVP_sha256()) > 0, "X509_sign");
  file_ = (impl_->directory.path() / "ca.crt").string();
  write_certificate(file_, self);
}

CertificateAuthority::~CertificateAuthority() = default;

CertificateFiles CertificateAuthority::issue(const std::string& host, std::chrono::seconds lifetime) const {
  static std::atomic<int> count{0};
  const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const Certificate made = make_certificate(key.get(), host, lifetime);
  X509* authority = impl_->certificate.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(authority));
  add_extension(made.get(), authority, NID_subject_alt_name, (is_address(host) ? "IP:" : "DNS:") + host);
  add_extension(made.get(), authority, NID_ext_key_usage, "serverAuth,clientAuth");
  require(X509_sign(made.get(), impl_->key.get(), EVP_sha256()) > 0, "X509_sign");

  const std::string stem = (impl_->directory.path() / std::to_string(count++)).string();
  write_certificate(stem + ".crt", made.get());
  write_key(stem + ".key", key.get());
  return {stem + ".crt", stem + ".key"};
}

}  // namespace ficha::testing
