// TLS certificates made for one test run.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "support/temp_dir.hpp"

namespace ficha::testing {

struct CertificateFiles {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

// A certificate authority of its own. Files live as long as the object.
class CertificateAuthority {
 public:
  CertificateAuthority();
  ~CertificateAuthority();

  // Its certificate, PEM: what clients trust.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  // A certificate for `host`, which may be a name or an IPv4 address, valid from an hour ago until `lifetime` from now
  // (negative: it has expired).
  [[nodiscard]] CertificateFiles issue(const std::string& host,
                                       std::chrono::seconds lifetime = std::chrono::hours{24}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string file_;
};

}  // namespace ficha::testing
