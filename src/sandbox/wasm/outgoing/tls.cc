#include "sandbox/wasm/outgoing/tls.h"

#include <fstream>
#include <iterator>

#include <boost/asio/buffer.hpp>

namespace strata::sandbox::wasm::outgoing {

namespace ssl = boost::asio::ssl;

Tls::Tls(const std::filesystem::path& ca_bundle) {
  std::ifstream file(ca_bundle, std::ios::binary);
  if (file) pem_.assign(std::istreambuf_iterator<char>(file), {});
}

Result<ssl::context*> Tls::Context() {
  if (context_) return &*context_;
  if (pem_.empty()) return Fail(Errc::kUnavailable, "no trusted certificates for HTTPS");
  ssl::context context(ssl::context::tls_client);
  boost::system::error_code error;
  context.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
  if (!error) context.set_verify_mode(ssl::verify_peer, error);
  if (!error) context.add_certificate_authority(boost::asio::buffer(pem_), error);
  if (error) return Fail(Errc::kUnavailable, "trusted certificates: " + error.message());
  context_.emplace(std::move(context));
  pem_ = {};
  return &*context_;
}

}  // namespace strata::sandbox::wasm::outgoing
