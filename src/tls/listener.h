// tls/listener.h - a TCP port where only clients with a certificate get further: accepts, does the
// handshake, and hands what comes out of it, as a plain socket, to an HTTP server.
//
//   client --TLS--> [ Listener: accept, handshake --> Relay ] --socketpair--> http::Server::Serve
//
// Who has no certificate of the client CA never reaches the HTTP parser. Refusals are logged with
// their reason, at most kRefusalsLogged in kRefusalWindow.
//
// What it does not protect: whoever holds a certificate may do all that the server behind it
// offers; certificates are told apart in the log only. A stranger who reaches the port can make the
// process do handshakes, max_handshakes at a time, and so keep others waiting: put a firewall in
// front. OpenSSL parses the stranger's bytes in this process.
//
// Threads: on the loop. Lifetime: the loop outlives it; destroy it after Drain(), or when the loop
// runs no more. Errors: see Open(); a client's never are errors of ours. Tested by
// tls/listener_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "telemetry/log.h"
#include "tls/context.h"
#include "tls/relay.h"

namespace strata::tls {

struct ListenerLimits {
  Duration handshake = std::chrono::seconds(10);
  std::size_t max_connections = 256;  // handshakes included; more are closed
  std::size_t max_handshakes = 64;
  RelayLimits relay;
};

inline constexpr std::size_t kRefusalsLogged = 20;
inline constexpr std::chrono::seconds kRefusalWindow{10};

class Listener {
 public:
  // Serves one connection of `peer`, "CN=alice 192.0.2.1:5000". A failure closes it.
  using Serve = std::function<Result<void>(Fd connection, std::string peer)>;

  // Reads the files and binds "ADDR:PORT"; accepts nobody before Start(). Fails as
  // Context::ForServer, http::ParseTcpAddress and http::ListenTcp do.
  static Result<std::unique_ptr<Listener>> Open(Loop& loop, const Clock& clock,
                                                const std::string& address, const Files& files,
                                                telemetry::Logger log,
                                                const ListenerLimits& limits = {});
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();  // cuts off what is left

  // Once. `serve` is kept as long as the listener.
  void Start(Serve serve);

  // "127.0.0.1:8443", with the port that the kernel chose.
  [[nodiscard]] const std::string& address() const noexcept;

  [[nodiscard]] std::size_t connections() const noexcept;  // handshakes included

  // Stops accepting and waits until the connections have ended; at `limit` they are cut off. Drain
  // the server behind it first: it ends them.
  Awaitable<void> Drain(Duration limit);

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace strata::tls
