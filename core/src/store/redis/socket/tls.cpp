#include "store/redis/socket/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/crypto.hpp"

namespace ficha::redis {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

Error unavailable(std::string message) {
  return {ErrorCode::unavailable, std::move(message)};
}

// OpenSSL's reason for the latest failure on this thread; it names files and alerts, never a key.
std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason ? reason : "unknown error";
}

int socket_of(BIO* bio) noexcept {
  return *static_cast<int*>(BIO_get_data(bio));
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, and a caller's thread must not be killed by SIGPIPE.
int bio_write(BIO* bio, const char* bytes, int length) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::send(socket_of(bio), bytes, static_cast<std::size_t>(length), MSG_NOSIGNAL);
  if (count < 0 && BIO_sock_should_retry(-1) != 0) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int bio_read(BIO* bio, char* bytes, int length) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::recv(socket_of(bio), bytes, static_cast<std::size_t>(length), 0);
  if (count < 0 && BIO_sock_should_retry(-1) != 0) BIO_set_retry_read(bio);
  return static_cast<int>(count);
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// A key file with a passphrase is an error, not a question on the host's terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Result<void> load_certificates(SSL_CTX* context, const Endpoint& endpoint) {
  if (endpoint.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return unavailable("the system's CA certificates cannot be read");
  } else if (SSL_CTX_load_verify_file(context, endpoint.ca_file.c_str()) != 1) {
    return unavailable("cannot read the CA file " + endpoint.ca_file + ": " + openssl_reason());
  }
  if (endpoint.certificate_file.empty()) return {};
  SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, endpoint.certificate_file.c_str()) != 1)
    return unavailable("cannot read the certificate " + endpoint.certificate_file + ": " + openssl_reason());
  if (SSL_CTX_use_PrivateKey_file(context, endpoint.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return unavailable("cannot use the private key " + endpoint.key_file + ": " + openssl_reason());
  return {};
}

bool is_address(const std::string& host) {
  in6_addr parsed;
  return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1 || ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

// What the certificate must be for, and the name sent to the server (SNI; RFC 6066, section 3: never an address).
bool expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* verification = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(verification, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const std::string without_zone = host.substr(0, host.find('%'));
  if (is_address(without_zone)) return X509_VERIFY_PARAM_set1_ip_asc(verification, without_zone.c_str()) == 1;
  return X509_VERIFY_PARAM_set1_host(verification, host.data(), host.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}
void TlsSession::Free::operator()(bio_method_st* method) const noexcept {
  BIO_meth_free(method);
}

TlsSession::~TlsSession() = default;

Result<std::unique_ptr<TlsSession>> TlsSession::open(const Endpoint& endpoint, int fd, SteadyTime deadline,
                                                     const Wakeup& wakeup) {
  if (!crypto::usable()) return unavailable("TLS: OpenSSL was cleaned up: the process is ending");
  std::unique_ptr<TlsSession> session(new TlsSession(fd));
  ERR_clear_error();
  Result<void> done = session->prepare(endpoint);
  if (done) done = session->shake_hands(deadline, wakeup);
  if (!done) return unavailable("TLS: " + done.error().message);
  return session;
}

Result<void> TlsSession::prepare(const Endpoint& endpoint) {
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
    return unavailable(openssl_reason());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (Result<void> loaded = load_certificates(context.get(), endpoint); !loaded) return loaded;

  ssl_.reset(SSL_new(context.get()));
  method_.reset(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "ficha socket"));
  if (!ssl_ || !method_) return unavailable(openssl_reason());
  BIO_meth_set_write(method_.get(), &bio_write);
  BIO_meth_set_read(method_.get(), &bio_read);
  BIO_meth_set_ctrl(method_.get(), &bio_control);
  BIO_meth_set_create(method_.get(), &bio_create);
  BIO* bio = BIO_new(method_.get());
  if (!bio) return unavailable(openssl_reason());
  BIO_set_data(bio, &fd_);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (!expect_host(ssl_.get(), endpoint.host)) return unavailable(openssl_reason());
  SSL_set_connect_state(ssl_.get());
  return {};
}

Result<void> TlsSession::shake_hands(SteadyTime deadline, const Wakeup& wakeup) {
  for (;;) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return {};
    const int reason = SSL_get_error(ssl_.get(), result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) break;
    const short events = reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (wait_for(fd_, events, deadline, wakeup) != Wait::ready) return unavailable("the server did not answer in time");
  }
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    return unavailable(std::string("the server's certificate is refused: ") + X509_verify_cert_error_string(verdict));
  if (ERR_peek_last_error() == 0) return unavailable("the server closed the connection during the handshake");
  return unavailable("handshake failed: " + openssl_reason());
}

SocketOutcome TlsSession::read(std::span<char> buffer) noexcept {
  const std::lock_guard lock(mutex_);
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &bytes);
  return outcome(result, bytes);
}

SocketOutcome TlsSession::write(std::string_view data) noexcept {
  const std::lock_guard lock(mutex_);
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int result = SSL_write_ex(ssl_.get(), data.data(), data.size(), &bytes);
  return outcome(result, bytes);
}

SocketOutcome TlsSession::outcome(int result, std::size_t bytes) noexcept {
  const int error = errno;
  if (result == 1) return {SocketOutcome::State::moved, bytes};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {SocketOutcome::State::blocked};
    case SSL_ERROR_ZERO_RETURN:
      return {SocketOutcome::State::ended};
    case SSL_ERROR_SYSCALL:
      return {SocketOutcome::State::ended, 0, error};
    default:
      return {SocketOutcome::State::ended, 0, EPROTO};
  }
}

}  // namespace ficha::redis
