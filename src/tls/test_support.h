// tls/test_support.h - an HTTP server behind a TLS listener on a loop that the test steps, and its
// clients: for tests only.
//
//   a client ==TLS==> Listener --plain socket--> http::ServerHarness (http/test_support.h)
//
// Threads:  one: Get and Finish run the loop until the answer is there, or for ten seconds.
// Lifetime: the listener ends before the loop; clients that still wait are ended with it.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "http/exchange_io.h"
#include "http/test_support.h"
#include "tls/client.h"
#include "tls/listener.h"
#include "tls/test_certificates.h"

namespace strata::tls {

inline Awaitable<void> EchoBody(http::Exchange& exchange) {
  auto body = co_await http::ReadAll(exchange, 64_MiB);
  if (!body) co_return;
  auto answered = co_await http::Answer(exchange.sink(), 200, "text/plain", *body);
  static_cast<void>(answered);
}

// One CA, a server certificate for 127.0.0.1 and "box.test", and a client's.
struct Authority {
  TestFolder folder;
  TestCa ca{folder, "ca"};
  TestCa stranger{folder, "stranger"};
  Files server = ca.Issue("server", kForServers, ca);
  Files client = ca.Issue("alice", kForClients, ca);
};

struct TlsHarness {
  explicit TlsHarness(http::FunctionHandler::Function function = http::SayHello,
                      const ListenerLimits& limits = {})
      : http(std::move(function)) {
    std::signal(SIGPIPE, SIG_IGN);
    log = telemetry::Logger::To(
        [this](telemetry::Level, std::string_view line) { lines.emplace_back(line); },
        telemetry::Level::kInfo, telemetry::Format::kText, http.clock);
    auto opened = Listener::Open(http.loop, http.clock, "127.0.0.1:0", pki.server, log, limits);
    if (!opened) std::abort();
    listener = std::move(*opened);
    listener->Start([this](Fd connection, std::string peer) {
      return http.server.Serve(std::move(connection), std::move(peer));
    });
    port = http::ParseTcpAddress(listener->address())->port;
  }
  // Clients and relays that still wait hold pieces of the loop: they end before it does.
  ~TlsHarness() {
    listener.reset();
    http.Settle();
  }

  [[nodiscard]] Remote remote(const Files& files) const { return {"127.0.0.1", port, files}; }

  // Fetches with `files`, running the loop meanwhile.
  Result<http::ClientResponse> Get(const Files& files, http::ClientRequest request = {},
                                   http::FetchOptions options = {}) {
    return Finish(remote(files), std::move(request), std::move(options));
  }
  Result<http::ClientResponse> Finish(Remote from, http::ClientRequest request = {},
                                      http::FetchOptions options = {}) {
    auto out = std::make_shared<std::optional<Result<http::ClientResponse>>>();
    Spawn(http.loop,
          Keep(Fetch(http.loop, std::move(from), std::move(request), std::move(options)), out));
    if (!http.RunUntil([&] { return out->has_value(); })) {
      return Fail(Errc::kInternal, "the fetch did not end");
    }
    return std::move(**out);
  }
  static Awaitable<void> Keep(Task<http::ClientResponse> task,
                              std::shared_ptr<std::optional<Result<http::ClientResponse>>> out) {
    out->emplace(co_await std::move(task));
  }

  // True once a line of the log has `text` in it.
  bool Logged(std::string_view text) {
    return http.RunUntil([&] {
      return std::ranges::any_of(
          lines, [&](const auto& line) { return line.find(text) != std::string::npos; });
    });
  }
  bool AllGone() {
    return http.RunUntil([&] { return listener->connections() == 0; });
  }

  Authority pki;
  std::vector<std::string> lines;
  telemetry::Logger log;
  http::ServerHarness http;
  std::unique_ptr<Listener> listener;
  std::uint16_t port = 0;
};

// An option of TCP (`level` IPPROTO_TCP) or of sockets, of this process's connection to the server
// at `port`; -1: there is none.
inline int OptionOfConnectionTo(std::uint16_t port, int level, int name) {
  constexpr int kMostDescriptors = 1024;
  for (int fd = 0; fd < kMostDescriptors; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const bool connected = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
    if (!connected || peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) continue;
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, level, name, &value, &length);
    return value;
  }
  return -1;
}

// A client that does with TLS what ours never would.
class RawTls {
 public:
  // Trusts any server and shows the certificate of `files`, or none.
  explicit RawTls(TlsHarness& harness, const Files* files = nullptr, int version = TLS1_3_VERSION)
      : harness_(harness),
        context_(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free),
        session_(nullptr, &::SSL_free) {
    ::SSL_CTX_set_max_proto_version(context_.get(), version);
    if (files != nullptr) {
      ::SSL_CTX_use_certificate_chain_file(context_.get(), files->certificate.c_str());
      ::SSL_CTX_use_PrivateKey_file(context_.get(), files->key.c_str(), SSL_FILETYPE_PEM);
    }
    const auto where = http::ToSocketAddress(http::TcpAddress{"127.0.0.1", harness.port});
    fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd_.get(), where->get(), where->size) != 0) std::abort();
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
    session_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(session_.get(), fd_.get());
    ::SSL_set_connect_state(session_.get());
  }

  // Runs the loop until `call` is done or has failed for good; its last result.
  template <typename Call>
  int Until(Call call) {
    int outcome = 0;
    harness_.http.RunUntil([&] {
      outcome = call();
      const int why = ::SSL_get_error(session_.get(), outcome);
      return why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
    });
    return outcome;
  }
  int Handshake() {
    return Until([this] { return ::SSL_do_handshake(session_.get()); });
  }
  int Send(std::string_view bytes) {
    return Until([&] { return ::SSL_write(session_.get(), bytes.data(), bytes.size()); });
  }
  // All that comes until the server ends or breaks the connection.
  std::string ReadAll() {
    std::string all;
    std::array<char, 4096> piece;
    for (;;) {
      const int got = Until([&] { return ::SSL_read(session_.get(), piece.data(), piece.size()); });
      if (got <= 0) return all;
      all.append(piece.data(), got);
    }
  }
  void EndSending() {
    ::SSL_shutdown(session_.get());
    ::shutdown(fd_.get(), SHUT_WR);
  }
  bool ended_cleanly() { return (::SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void Cut() { fd_.Reset(); }
  SSL* session() { return session_.get(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  TlsHarness& harness_;
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> session_;
  Fd fd_;
};

}  // namespace strata::tls
