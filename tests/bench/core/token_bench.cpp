// P3: from the token a client sent to the session's id, against the digest alone as it is usually called.
#include <openssl/evp.h>

#include <stdexcept>

#include "ficha/token.hpp"
#include "report.hpp"

namespace ficha::bench {
namespace {

constexpr std::size_t calls_per_round = 200'000;
constexpr int rounds = 11;

void run(Report& report) {
  const auto token = Token::generate_anonymous({});
  if (!token) throw std::runtime_error(token.error().message);
  unsigned char message[44];
  std::copy_n(token->reveal().begin(), sizeof message, message);

  const auto ours = [&] { return nanoseconds_each(calls_per_round, [&](std::size_t) { keep(token->id()); }); };
  const auto theirs = [&] {
    return nanoseconds_each(calls_per_round, [&](std::size_t) {
      unsigned char digest[EVP_MAX_MD_SIZE];
      unsigned int length = 0;
      EVP_Digest(message, sizeof message, digest, &length, EVP_sha256(), nullptr);
      keep(digest);
    });
  };
  const Medians medians = interleaved(rounds, ours, theirs);
  report.measured("P3", medians.theirs / medians.ours, medians, "ns");
}

const Benchmark registered{"P3", run};

}  // namespace
}  // namespace ficha::bench
