#include "tls/listener.h"

#include <boost/asio/redirect_error.hpp>

#include "tls/test_support.h"

namespace strata::tls {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST(TlsListenerTest, AClientOfTheCaIsServedAndNamed) {
  std::string peer;
  TlsHarness harness([&](http::Exchange& exchange) -> Awaitable<void> {
    peer = exchange.head().peer;
    co_await http::SayHello(exchange);
  });
  auto answer = harness.Get(harness.pki.client);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, "hello\n");
  EXPECT_TRUE(peer.starts_with("CN=alice 127.0.0.1:")) << peer;
  EXPECT_TRUE(harness.Logged("alice"));
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, LargeBodiesPassBothWays) {
  TlsHarness harness(EchoBody);
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 % 251);
  auto answer = harness.Get(harness.pki.client, {.method = "POST", .body = body});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_TRUE(answer->body == body);
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, AStreamArrivesPieceByPiece) {
  int written = 0;
  int seen = 0;
  TlsHarness harness([&](http::Exchange& exchange) -> Awaitable<void> {
    if (!exchange.sink().Head(http::ResponseHead{})) co_return;
    // Each event is written only after the client has seen the one before.
    while (!exchange.client_gone()) {
      if (written == seen) {
        ++written;
        auto sent = co_await http::WriteAll(exchange.sink(), AsBytes("data: x\n\n"));
        if (!sent) co_return;
        auto flushed = co_await exchange.sink().Writable();
        if (!flushed) co_return;
      }
      Timer pause(harness.http.loop.get_executor(), milliseconds(1));
      boost::system::error_code ignored;
      co_await pause.async_wait(asio::redirect_error(kAwait, ignored));
    }
  });
  http::FetchOptions options;
  options.on_body = [&](const http::ClientResponse&, std::string_view) { return ++seen < 5; };
  auto answer = harness.Get(harness.pki.client, {}, std::move(options));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(seen, 5);
  // The handler asks the clock how long the client has been gone, so time must pass.
  EXPECT_TRUE(harness.http.RunUntil([&] {
    harness.http.clock.Advance(milliseconds(10));
    return harness.listener->connections() == 0;
  }));
}

TEST(TlsListenerTest, AClientWithoutACertificateIsRefusedInTheHandshake) {
  TlsHarness harness;
  RawTls client(harness);
  EXPECT_EQ(client.Handshake(), 1);  // its own half: the refusal follows at once (TLS 1.3)
  client.Send(kGet);
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_TRUE(harness.Logged("showed no certificate"));
  EXPECT_EQ(harness.http.server.counters().accepted, 0U);
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, ACertificateThatIsNotForClientsOfTheCaIsRefused) {
  TlsHarness harness;
  Authority& pki = harness.pki;
  const struct {
    Files files;
    const char* said;
  } cases[] = {
      {pki.stranger.Issue("mallory", kForClients, pki.ca), "unable to get local issuer"},
      {pki.ca.Issue("other-server", kForServers, pki.ca), "unsuitable certificate purpose"},
      {pki.ca.Issue("late", kForClients, pki.ca, std::chrono::hours(-1)), "has expired"},
  };
  for (const auto& each : cases) {
    auto answer = harness.Get(each.files);
    ASSERT_FALSE(answer.has_value()) << each.said;
    EXPECT_EQ(answer.error().code, Errc::kPermissionDenied) << answer.error().message;
    EXPECT_NE(answer.error().message.find("refused us"), std::string::npos)
        << answer.error().message;
    EXPECT_TRUE(harness.Logged(each.said)) << each.said;
  }
  EXPECT_EQ(harness.http.server.counters().accepted, 0U);
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, OlderTlsIsRefused) {
  TlsHarness harness;
  RawTls client(harness, &harness.pki.client, TLS1_2_VERSION);
  EXPECT_NE(client.Handshake(), 1);
  EXPECT_TRUE(harness.Logged("unsupported protocol"));
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, AnotherProtocolInAlpnIsRefused) {
  TlsHarness harness;
  RawTls client(harness, &harness.pki.client);
  ::SSL_set_alpn_protos(client.session(), reinterpret_cast<const unsigned char*>("\2h2"), 3);
  EXPECT_NE(client.Handshake(), 1);
  RawTls both(harness, &harness.pki.client);
  ::SSL_set_alpn_protos(both.session(), reinterpret_cast<const unsigned char*>("\2h2\10http/1.1"),
                        12);
  EXPECT_EQ(both.Handshake(), 1);
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  ::SSL_get0_alpn_selected(both.session(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST(TlsListenerTest, PlainHttpIsToldToSpeakHttps) {
  TlsHarness harness;
  harness.http.address.port = harness.port;  // where RawClient connects
  http::RawClient client(harness.http);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 400 ")) << client.received();
  EXPECT_NE(client.received().find("this port speaks HTTPS"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
  EXPECT_TRUE(harness.Logged("plain HTTP"));
  EXPECT_EQ(harness.http.server.counters().accepted, 0U);
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, ASilentClientIsCutOffAtTheHandshakesDeadline) {
  TlsHarness harness(http::SayHello, {.handshake = milliseconds(20)});
  harness.http.address.port = harness.port;
  http::RawClient client(harness.http);
  EXPECT_TRUE(client.ReadUntilClosed());
  EXPECT_TRUE(harness.Logged("too slow"));
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, ClientsOverTheLimitAreClosed) {
  TlsHarness harness(http::SayHello, {.max_connections = 2, .max_handshakes = 1});
  harness.http.address.port = harness.port;
  {
    http::RawClient shaking(harness.http);  // says nothing
    ASSERT_TRUE(harness.http.RunUntil([&] { return harness.listener->connections() == 1; }));
    http::RawClient second(harness.http);
    EXPECT_TRUE(second.ReadUntilClosed());
    EXPECT_TRUE(harness.Logged("too many connections"));
  }
  ASSERT_TRUE(harness.AllGone());
  RawTls one(harness, &harness.pki.client);
  ASSERT_EQ(one.Handshake(), 1);
  ASSERT_TRUE(harness.http.RunUntil([&] { return harness.http.server.counters().open == 1; }));
  RawTls two(harness, &harness.pki.client);
  ASSERT_EQ(two.Handshake(), 1);
  ASSERT_TRUE(harness.http.RunUntil([&] { return harness.http.server.counters().open == 2; }));
  auto third = harness.Get(harness.pki.client);
  EXPECT_FALSE(third.has_value());
  one.Send(kGet);
  EXPECT_NE(one.ReadAll().find("hello"), std::string::npos);
}

TEST(TlsListenerTest, AClientThatEndsItsSideStillGetsItsAnswer) {
  TlsHarness harness;
  RawTls client(harness, &harness.pki.client);
  ASSERT_EQ(client.Handshake(), 1);
  client.Send(kGet);
  client.EndSending();
  EXPECT_NE(client.ReadAll().find("hello"), std::string::npos);
  EXPECT_TRUE(client.ended_cleanly());
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, AConnectionThatIsCutEndsTheRequest) {
  bool reading = false;
  bool failed = false;
  TlsHarness harness([&](http::Exchange& exchange) -> Awaitable<void> {
    reading = true;
    auto body = co_await http::ReadAll(exchange, 1_MiB);
    failed = !body.has_value();
  });
  RawTls client(harness, &harness.pki.client);
  ASSERT_EQ(client.Handshake(), 1);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(harness.http.RunUntil([&] { return reading; }));
  client.Cut();
  EXPECT_TRUE(harness.http.RunUntil([&] { return failed; }));
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, AClientThatDoesNotReadIsCutOff) {
  TlsHarness harness(
      [](http::Exchange& exchange) -> Awaitable<void> {
        const std::string much(64UL * 1024 * 1024, 'x');
        auto answered = co_await http::Answer(exchange.sink(), 200, "text/plain", much);
        static_cast<void>(answered);
      },
      {.relay = {.write_stall = milliseconds(50), .linger = milliseconds(10)}});
  RawTls client(harness, &harness.pki.client);
  ASSERT_EQ(client.Handshake(), 1);
  client.Send(kGet);
  EXPECT_TRUE(harness.http.RunUntil([&] { return harness.http.server.counters().open == 1; }));
  EXPECT_TRUE(harness.AllGone());
}

TEST(TlsListenerTest, DrainEndsWithTheLastConnectionAndCutsOffWhatStays) {
  TlsHarness harness;
  RawTls idle(harness, &harness.pki.client);
  ASSERT_EQ(idle.Handshake(), 1);
  ASSERT_TRUE(harness.http.RunUntil([&] { return harness.http.server.counters().open == 1; }));
  bool drained = false;
  Spawn(harness.http.loop, [](TlsHarness& h, bool& out) -> Awaitable<void> {
    co_await h.listener->Drain(milliseconds(50));
    out = true;
  }(harness, drained));
  EXPECT_TRUE(harness.http.RunUntil([&] { return drained; }));
  EXPECT_EQ(harness.listener->connections(), 0U);
  auto late = harness.Get(harness.pki.client);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
}

TEST(TlsListenerTest, OpenRefusesWhatItCannotServe) {
  Loop loop{1};
  const SystemClock clock;
  Authority pki;
  auto name = Listener::Open(loop, clock, "localhost:0", pki.server, {});
  ASSERT_FALSE(name.has_value());
  EXPECT_EQ(name.error().code, Errc::kInvalidArgument);
  auto first = Listener::Open(loop, clock, "127.0.0.1:0", pki.server, {});
  ASSERT_TRUE(first.has_value()) << first.error().message;
  auto second = Listener::Open(loop, clock, (*first)->address(), pki.server, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::tls
