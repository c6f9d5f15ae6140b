#include "tls/client.h"

#include <netinet/tcp.h>

#include <chrono>
#include <cstdint>
#include <tuple>

#include "tls/test_support.h"

namespace strata::tls {
namespace {

TEST(TlsClientTest, ParsesUrlsAndRefusesOtherForms) {
  const auto plain = ParseRemote("https://box.test:8443/", {});
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->host, "box.test");
  EXPECT_EQ(plain->port, 8443);
  const auto v6 = ParseRemote("https://[::1]:1", {});
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(v6->host, "::1");
  for (const char* wrong :
       {"", "http://a:1", "https://a", "https://:1", "https://a:", "https://a:0", "https://a:65536",
        "https://a:1/v1", "https://::1:1", "https://[a]:1", "https://u@a:1", "a:1"}) {
    auto parsed = ParseRemote(wrong, {});
    ASSERT_FALSE(parsed.has_value()) << wrong;
    EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument);
  }
}

TEST(TlsClientTest, AServerOfAnotherCaIsNotAsked) {
  TlsHarness harness;
  Files files = harness.pki.client;
  files.ca = harness.pki.stranger.file();
  auto answer = harness.Get(files);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kPermissionDenied);
  EXPECT_NE(answer.error().message.find("certificate is not accepted"), std::string::npos)
      << answer.error().message;
  EXPECT_EQ(harness.http.server.counters().accepted, 0U);
}

TEST(TlsClientTest, AServerWithAnotherNameIsNotAsked) {
  TlsHarness harness;
  auto answer = harness.Finish({"localhost", harness.port, harness.pki.client});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kPermissionDenied);
  EXPECT_NE(answer.error().message.find("ostname mismatch"), std::string::npos)
      << answer.error().message;
  EXPECT_EQ(harness.http.server.counters().accepted, 0U);
}

TEST(TlsClientTest, NobodyThereIsUnavailable) {
  Authority pki;
  auto socket = http::ListenTcp({});
  const std::uint16_t port = http::LocalPort(*socket).value();
  socket->Reset();
  auto answer = FetchBlocking({"127.0.0.1", port, pki.client}, {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_NE(answer.error().message.find("refused"), std::string::npos) << answer.error().message;
}

TEST(TlsClientTest, AServerWithoutTlsIsNotUnderstood) {
  TlsHarness harness;
  auto answer = harness.Finish({"127.0.0.1", harness.http.address.port, harness.pki.client});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
}

// After half of the silence it is probed three times, and what it does not confirm does not wait
// on.
TEST(TlsClientTest, AMachineThatVanishesIsGivenUpAfterTheSilenceThatIsAsked) {
  std::uint16_t port = 0;
  std::tuple<int, int, int, int, int> found;
  TlsHarness harness([&](http::Exchange& exchange) -> Awaitable<void> {
    found = {OptionOfConnectionTo(port, SOL_SOCKET, SO_KEEPALIVE),
             OptionOfConnectionTo(port, IPPROTO_TCP, TCP_KEEPIDLE),
             OptionOfConnectionTo(port, IPPROTO_TCP, TCP_KEEPINTVL),
             OptionOfConnectionTo(port, IPPROTO_TCP, TCP_KEEPCNT),
             OptionOfConnectionTo(port, IPPROTO_TCP, TCP_USER_TIMEOUT)};
    co_await http::SayHello(exchange);
  });
  port = harness.port;
  Remote remote = harness.remote(harness.pki.client);
  ASSERT_TRUE(harness.Finish(remote).has_value());
  EXPECT_EQ(found, std::tuple(1, 60, 20, 3, 0)) << "who does not read is waited for";
  remote.silence = std::chrono::seconds(30);
  ASSERT_TRUE(harness.Finish(remote).has_value());
  EXPECT_EQ(found, std::tuple(1, 15, 5, 3, 30'000));
}

TEST(TlsClientTest, AStatusOf400AndAboveIsAnAnswer) {
  TlsHarness harness([](http::Exchange& exchange) -> Awaitable<void> {
    auto answered = co_await http::Answer(exchange.sink(), 404, "text/plain", "no");
    static_cast<void>(answered);
  });
  auto answer = harness.Get(harness.pki.client);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 404);
}

}  // namespace
}  // namespace strata::tls
