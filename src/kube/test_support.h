// kube/test_support.h - an API server that answers as a test has it, and an address for what else a
// test has listen: for tests only.
//
//   ApiClient ==TLS==> [ ApiServer: tls::Listener ] --plain socket--> http::ServerHarness
//
// Threads:  one: the test steps the loop. Lifetime: what uses the loop goes before it; Close comes
// before that.
#pragma once

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "http/test_support.h"
#include "kube/controller/api_client.h"
#include "tls/listener.h"
#include "tls/test_support.h"

namespace strata::kube {

// Loopback addresses of this process alone, where a port is nobody else's.
inline std::string OurHost(unsigned number = 0) {
  const auto pid = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(1 + pid / 31'250 % 250) + "." +
         std::to_string(2 * (pid / 250 % 125) + number % 2) + "." + std::to_string(1 + pid % 250);
}

struct ApiServer {
  explicit ApiServer(http::FunctionHandler::Function answer) : http(std::move(answer)) {
    std::signal(SIGPIPE, SIG_IGN);
    auto opened = tls::Listener::Open(http.loop, http.clock, "127.0.0.1:0", pki.server,
                                      telemetry::Logger(), {});
    if (!opened) std::abort();
    listener = *std::move(opened);
    listener->Start([this](Fd connection, std::string peer) {
      return http.server.Serve(std::move(connection), std::move(peer));
    });
  }

  [[nodiscard]] controller::ClusterAccess access() const {
    const auto port = http::ParseTcpAddress(listener->address())->port;
    return {tls::Remote{"127.0.0.1", port, pki.client}, {}};
  }

  // Nothing runs any more, and what it is about may go.
  void Close() {
    listener.reset();
    http.Settle();
  }

  tls::Authority pki;
  http::ServerHarness http;
  std::unique_ptr<tls::Listener> listener;
};

}  // namespace strata::kube
