// sandbox/wasm/outgoing/tls.h - the client side of outgoing HTTPS: one OpenSSL context per driver.
//
//   WasmDriver::Create --ca_bundle--> [ Tls ] --Context--> Request's handshake, with the name
//
// The file of trusted certificates is read at once, because a confined process cannot open it
// later; it is parsed at the first HTTPS request, because that takes tens of milliseconds that most
// cells never need.
//
// Threads:  the loop's. Lifetime: the context is the driver's; requests borrow it.
// Errors:   as stated. Tested by tls_test.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"

namespace strata::sandbox::wasm::outgoing {

class Tls {
 public:
  // Reads `ca_bundle`; one that cannot be read leaves no certificate to trust.
  explicit Tls(const std::filesystem::path& ca_bundle);

  // TLS 1.2 or later, peer verification on. Fails with kUnavailable: there is nothing to trust.
  Result<boost::asio::ssl::context*> Context();

 private:
  std::string pem_;
  std::optional<boost::asio::ssl::context> context_;
};

}  // namespace strata::sandbox::wasm::outgoing
