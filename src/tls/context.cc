#include "tls/context.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/files/files.h"
#include "tls/openssl_error.h"

namespace strata::tls {
namespace {

// One protocol, with its length in front.
constexpr std::array<unsigned char, 9> kAlpn{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Instead of OpenSSL's own, which asks on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

// A client that names protocols must name ours; one that names none speaks it all the same.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome =
      ::SSL_select_next_proto(&found, size, kAlpn.data(), kAlpn.size(), offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::unexpected<Error> Malformed(const std::filesystem::path& file, const std::string& what) {
  return Fail(Errc::kInvalidArgument,
              file.string() + ": no usable " + what + ": " + OpensslReason());
}

// The checked descriptor is the one that is read, so the file cannot be another one meanwhile.
Result<void> UseKey(SSL_CTX* context, const std::filesystem::path& file) {
  auto fd = OpenFile(file, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::unexpected(fd.error());
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) return FailErrno("stat " + file.string(), errno);
  if (!S_ISREG(info.st_mode)) {
    return Fail(Errc::kInvalidArgument, file.string() + " is no regular file");
  }
  if ((info.st_mode & 077) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", info.st_mode & 07777);
    return Fail(Errc::kFailedPrecondition, "the key " + file.string() + " has mode " + mode.data() +
                                               ": others than its owner may use it; chmod 600 it");
  }
  const std::unique_ptr<BIO, decltype(&::BIO_free)> input(::BIO_new_fd(fd->get(), BIO_NOCLOSE),
                                                          &::BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(
      ::PEM_read_bio_PrivateKey(input.get(), nullptr, &NoPassphrase, nullptr), &::EVP_PKEY_free);
  if (!key) return Malformed(file, "private key (PEM, without a passphrase)");
  if (::SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return Malformed(file, "private key for this certificate");
  }
  return {};
}

// OpenSSL reports a file that is missing as one that is malformed.
Result<void> CheckReadable(const std::filesystem::path& file) {
  auto fd = OpenFile(file, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::unexpected(fd.error());
  return {};
}

Result<void> ShowCertificate(SSL_CTX* context, const Files& files) {
  if (auto readable = CheckReadable(files.certificate); !readable) return readable;
  if (::SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Malformed(files.certificate, "certificate (PEM)");
  }
  return UseKey(context, files.key);
}

}  // namespace

std::string OpensslReason() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  if (code == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

void Context::Free::operator()(ssl_ctx_st* context) const noexcept { ::SSL_CTX_free(context); }

Result<Context::Owned> Context::Load(const Files& files) {
  ::ERR_clear_error();
  Owned context(::SSL_CTX_new(::TLS_method()));
  if (!context) return Fail(Errc::kInternal, "OpenSSL: " + OpensslReason());
  SSL_CTX* raw = context.get();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  ::SSL_CTX_set_default_passwd_cb(raw, &NoPassphrase);
  // Writes are retried with whatever the caller then has at that place.
  ::SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  ::SSL_CTX_set_num_tickets(raw, 0);
  if (auto readable = CheckReadable(files.ca); !readable) {
    return std::unexpected(readable.error());
  }
  if (::SSL_CTX_load_verify_file(raw, files.ca.c_str()) != 1) {
    return Malformed(files.ca, "CA certificate (PEM)");
  }
  return context;
}

Result<Context> Context::ForServer(const Files& files) {
  auto context = Load(files);
  if (!context) return std::unexpected(context.error());
  SSL_CTX* raw = context->get();
  if (auto shown = ShowCertificate(raw, files); !shown) return std::unexpected(shown.error());
  ::SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ::SSL_CTX_set_alpn_select_cb(raw, &ChooseProtocol, nullptr);
  // Tells clients which of their certificates to show. It takes the names over.
  ::SSL_CTX_set_client_CA_list(raw, ::SSL_load_client_CA_file(files.ca.c_str()));
  return Context(std::move(*context));
}

Result<Context> Context::ForClient(const Files& files) {
  auto context = Load(files);
  if (!context) return std::unexpected(context.error());
  SSL_CTX* raw = context->get();
  if (!files.certificate.empty() || !files.key.empty()) {
    if (auto shown = ShowCertificate(raw, files); !shown) return std::unexpected(shown.error());
  }
  ::SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (::SSL_CTX_set_alpn_protos(raw, kAlpn.data(), kAlpn.size()) != 0) {
    return Fail(Errc::kInternal, "OpenSSL: " + OpensslReason());
  }
  return Context(std::move(*context));
}

}  // namespace strata::tls
