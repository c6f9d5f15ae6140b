// Outgoing HTTPS against a real TLS server at the other end of a socket pair, with a certificate
// made for the test.
#include "sandbox/wasm/outgoing/tls.h"

#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/testing/temp_dir.h"
#include "sandbox/wasm/outgoing/request.h"

namespace strata::sandbox::wasm::outgoing {
namespace {

namespace ssl = boost::asio::ssl;
using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

template <typename T, void (*kFree)(T*)>
struct Free {
  void operator()(T* object) const { kFree(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;

// Self-signed for "secure.example", valid for an hour.
struct Identity {
  Identity() : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509* x = certificate.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key.get());
    X509_NAME* name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("secure.example"), -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:secure.example");
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x, key.get(), EVP_sha256());
  }

  Key key;
  Certificate certificate;
};

class TlsServer final : public Connector {
 public:
  TlsServer(Loop& loop, const Identity& identity)
      : loop_(loop), context_(ssl::context::tls_server) {
    SSL_CTX_use_certificate(context_.native_handle(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.native_handle(), identity.key.get());
  }

  Task<Fd> Connect(std::string_view, std::uint16_t) override {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      co_return FailErrno("socketpair", errno);
    }
    Spawn(loop_, Serve(Socket(loop_.get_executor(), asio::local::stream_protocol(), pair[1])));
    co_return Fd(pair[0]);
  }

  std::string received;
  std::string server_name;  // what the client asked for (SNI)

 private:
  Awaitable<void> Serve(Socket socket) {
    ssl::stream<Socket> stream(std::move(socket), context_);
    auto [shaken] =
        co_await stream.async_handshake(ssl::stream_base::server, asio::as_tuple(kAwait));
    if (shaken) co_return;
    const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) server_name = name;
    auto [read, size] = co_await asio::async_read_until(stream, asio::dynamic_buffer(received),
                                                        "\r\n\r\n", asio::as_tuple(kAwait));
    if (read) co_return;
    const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    co_await asio::async_write(stream, asio::buffer(response), asio::as_tuple(kAwait));
  }

  Loop& loop_;
  ssl::context context_;
};

class TlsTest : public ::testing::Test {
 protected:
  std::filesystem::path WriteBundle(const Identity& identity) {
    const auto path = folder_ / "ca.pem";
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, identity.certificate.get());
    std::fclose(file);
    return path;
  }

  // The status that https://`host`/ answers, or 0 when the request failed.
  int Get(const std::string& host, Tls& tls, TlsServer& server) {
    WakeEvent guest(loop_);
    const OutgoingHead head{"https", host, "GET", "/", {}};
    auto request = Request::Make(loop_, head, {host, 443, true}, guest).value();
    request->End();
    request->Start(server, tls);
    loop_.restart();
    loop_.run();
    EXPECT_FALSE(request->running());
    failure_ = request->failure();
    http::ResponseHead answer;
    return request->Response(answer) == Io::Some(1) ? answer.status : 0;
  }

  Loop loop_;
  const strata::testing::TempDir folder_;
  Identity identity_;
  std::string failure_;
};

TEST_F(TlsTest, ATrustedServerWithTheRightNameIsAsked) {
  TlsServer server(loop_, identity_);
  Tls tls(WriteBundle(identity_));
  EXPECT_EQ(Get("secure.example", tls, server), 200) << failure_;
  EXPECT_EQ(server.server_name, "secure.example");
}

TEST_F(TlsTest, AServerWithAnotherNameIsRefusedBeforeAnythingIsSent) {
  TlsServer server(loop_, identity_);
  Tls tls(WriteBundle(identity_));
  EXPECT_EQ(Get("other.example", tls, server), 0);
  EXPECT_NE(failure_.find("TLS handshake"), std::string::npos) << failure_;
  EXPECT_EQ(server.received, "");
}

TEST_F(TlsTest, AServerThatNobodyVouchesForIsRefused) {
  TlsServer server(loop_, identity_);
  const Identity somebody_else;
  Tls tls(WriteBundle(somebody_else));
  EXPECT_EQ(Get("secure.example", tls, server), 0);
  EXPECT_EQ(server.received, "");
}

TEST_F(TlsTest, WithoutCertificatesNothingIsTrusted) {
  TlsServer server(loop_, identity_);
  Tls missing(folder_ / "missing.pem");
  EXPECT_EQ(Get("secure.example", missing, server), 0);
  const auto garbage = folder_ / "garbage.pem";
  std::ofstream(garbage) << "no certificate";
  Tls broken(garbage);
  EXPECT_EQ(Get("secure.example", broken, server), 0);
  EXPECT_EQ(server.received, "");
}

}  // namespace
}  // namespace strata::sandbox::wasm::outgoing
