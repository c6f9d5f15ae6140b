#include "tls/stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include "tls/openssl_error.h"

namespace strata::tls {
namespace {

using ErrorCode = boost::system::error_code;

// A peer whose machine has vanished is found out within about two minutes.
constexpr std::chrono::seconds kSilence{120};
constexpr int kProbes = 3;

void Set(int fd, int level, int name, std::int64_t value) {
  const int wanted = static_cast<int>(value);
  static_cast<void>(::setsockopt(fd, level, name, &wanted, sizeof wanted));
}

// The kernel asks a peer that is silent for half of `silence`, and again, until that is over.
void Probe(int fd, std::chrono::seconds silence) {
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, (silence / 2).count());
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, (silence / (2 * kProbes)).count());
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

}  // namespace

void Stream::Free::operator()(ssl_st* session) const noexcept { ::SSL_free(session); }

Stream::Stream(Socket socket, std::unique_ptr<ssl_st, Free> session)
    : socket_(std::move(socket)), session_(std::move(session)), timer_(socket_.get_executor()) {}

Stream::~Stream() = default;

Result<std::shared_ptr<Stream>> Stream::Make(const Context& context, Socket socket) {
  ErrorCode error;
  socket.native_non_blocking(true, error);
  if (error) return FailErrno("TLS: make the socket non-blocking", error.value());
  Set(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, 1);
  Probe(socket.native_handle(), kSilence);
  ::ERR_clear_error();
  std::unique_ptr<ssl_st, Free> session(::SSL_new(context.get()));
  if (!session || ::SSL_set_fd(session.get(), socket.native_handle()) != 1) {
    return Fail(Errc::kResourceExhausted, "TLS: " + OpensslReason());
  }
  return std::shared_ptr<Stream>(new Stream(std::move(socket), std::move(session)));
}

Result<std::shared_ptr<Stream>> Stream::OfServer(const Context& context, Socket socket) {
  auto stream = Make(context, std::move(socket));
  if (stream) ::SSL_set_accept_state((*stream)->session_.get());
  return stream;
}

Result<std::shared_ptr<Stream>> Stream::OfClient(const Context& context, Socket socket,
                                                 const std::string& host) {
  auto stream = Make(context, std::move(socket));
  if (!stream) return stream;
  SSL* session = (*stream)->session_.get();
  ::SSL_set_connect_state(session);
  ::SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str()) == 1) return stream;
  ::ERR_clear_error();
  if (::SSL_set1_host(session, host.c_str()) != 1 ||
      ::SSL_set_tlsext_host_name(session, host.c_str()) != 1) {
    return Fail(Errc::kInvalidArgument, "'" + host + "' is no name of a server");
  }
  return stream;
}

void Stream::GiveUpAfter(std::chrono::seconds silence) {
  Probe(socket_.native_handle(), silence);
  // Nothing is probed while it has yet to confirm what we sent, which alone would take minutes.
  Set(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT,
      std::chrono::milliseconds(silence).count());
}

Task<void> Stream::Handshake(Duration limit) {
  KillAfter(limit);
  for (;;) {
    ::ERR_clear_error();
    const int outcome = ::SSL_do_handshake(session_.get());
    if (outcome == 1) break;
    auto waited = co_await Wait(outcome, errno);
    if (!waited) co_return waited;
  }
  KillAfter(Duration::max());
  co_return Result<void>{};
}

Task<std::size_t> Stream::Read(std::span<char> to) {
  for (;;) {
    ::ERR_clear_error();
    std::size_t got = 0;
    const int outcome = ::SSL_read_ex(session_.get(), to.data(), to.size(), &got);
    if (outcome == 1) co_return got;
    if (::SSL_get_error(session_.get(), outcome) == SSL_ERROR_ZERO_RETURN) co_return 0;
    auto waited = co_await Wait(outcome, errno);
    if (!waited) co_return std::unexpected(waited.error());
  }
}

Task<void> Stream::Write(std::string_view bytes, Duration stall) {
  while (!bytes.empty()) {
    if (dead_ || broken_) co_return Fail(Errc::kUnavailable, "the connection has ended");
    ::ERR_clear_error();
    std::size_t sent = 0;
    const int outcome = ::SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &sent);
    if (outcome == 1) {
      bytes.remove_prefix(sent);
      continue;
    }
    KillAfter(stall);
    auto waited = co_await Wait(outcome, errno);
    KillAfter(Duration::max());
    if (!waited) co_return waited;
  }
  co_return Result<void>{};
}

Task<void> Stream::EndSending(Duration stall) {
  for (;;) {
    if (dead_ || broken_) co_return Fail(Errc::kUnavailable, "the connection has ended");
    ::ERR_clear_error();
    const int outcome = ::SSL_shutdown(session_.get());
    if (outcome >= 0) break;  // sent; whether theirs has come is Read's business
    KillAfter(stall);
    auto waited = co_await Wait(outcome, errno);
    KillAfter(Duration::max());
    if (!waited) co_return waited;
  }
  ErrorCode ignored;  // the peer may have gone meanwhile
  socket_.shutdown(Socket::shutdown_send, ignored);
  co_return Result<void>{};
}

Awaitable<void> Stream::Linger(Duration limit) {
  constexpr int kPieces = 64;
  ErrorCode error;
  socket_.shutdown(Socket::shutdown_send, error);
  KillAfter(limit);
  std::array<char, 4096> dropped;
  for (int i = 0; i < kPieces && !error; ++i) {
    co_await socket_.async_read_some(asio::buffer(dropped), asio::redirect_error(kAwait, error));
  }
  KillAfter(Duration::max());
}

Task<void> Stream::Wait(int outcome, int err) {
  const int why = ::SSL_get_error(session_.get(), outcome);
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
    co_return std::unexpected(Broken(why, err));
  }
  ErrorCode error;
  if (!dead_) {
    co_await socket_.async_wait(why == SSL_ERROR_WANT_READ ? Socket::wait_read : Socket::wait_write,
                                asio::redirect_error(kAwait, error));
  }
  if (expired_) co_return Fail(Errc::kDeadlineExceeded, "the other side is too slow");
  if (dead_ || error) co_return Fail(Errc::kUnavailable, "the connection has ended");
  co_return Result<void>{};
}

// Why a call failed for good.
Error Stream::Broken(int why, int err) {
  broken_ = true;
  if (expired_) return {Errc::kDeadlineExceeded, "the other side is too slow"};
  if (dead_) return {Errc::kUnavailable, "the connection has ended"};
  if (why == SSL_ERROR_SYSCALL && err != 0) {
    return {Errc::kUnavailable, std::system_category().message(err)};
  }
  const int reason = ERR_GET_REASON(::ERR_peek_error());
  const long verified = ::SSL_get_verify_result(session_.get());
  if (verified != X509_V_OK) {
    ::ERR_clear_error();
    return {Errc::kPermissionDenied, std::string("the other side's certificate is not accepted: ") +
                                         ::X509_verify_cert_error_string(verified)};
  }
  const std::string text = OpensslReason();
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return {Errc::kPermissionDenied, "the other side showed no certificate"};
  }
  if (reason > SSL_AD_REASON_OFFSET) {  // an alert from the other side
    return {Errc::kPermissionDenied, "the other side refused us: " + text};
  }
  if (reason == SSL_R_HTTP_REQUEST) {
    SayHttps();
    return {Errc::kUnavailable, "the other side speaks plain HTTP"};
  }
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return {Errc::kUnavailable, "the connection was cut"};
  }
  return {Errc::kUnavailable, text};
}

// A few bytes: a fresh socket's buffer takes them whole.
void Stream::SayHttps() noexcept {
  constexpr std::string_view kAnswer =
      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
      "this port speaks HTTPS, and clients need a certificate\n";
  static_cast<void>(
      ::send(socket_.native_handle(), kAnswer.data(), kAnswer.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void Stream::KillAfter(Duration limit) {
  timer_.cancel();
  if (limit == Duration::max() || dead_) return;
  timer_.expires_after(limit);
  timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->expired_ = true;
    self->Kill();
  });
}

void Stream::Kill() noexcept {
  dead_ = true;
  timer_.cancel();
  ErrorCode ignored;  // nothing can be done about it: the destructor closes the socket
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.cancel(ignored);
}

std::string Stream::peer_name() const {
  const X509* certificate = ::SSL_get0_peer_certificate(session_.get());
  if (certificate == nullptr) return "";
  const X509_NAME* subject = ::X509_get_subject_name(certificate);
  const int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const int size =
      ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)));
  if (size < 0) return "";
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  ::OPENSSL_free(text);
  return name;
}

}  // namespace strata::tls
