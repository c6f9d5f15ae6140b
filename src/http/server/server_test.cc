#include "http/server/server.h"

#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/async/promise.h"
#include "base/testing/temp_dir.h"
#include "http/exchange_io.h"
#include "http/test_support.h"

namespace strata::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Awaitable<void> Echo(Exchange& exchange) {
  auto body = co_await ReadAll(exchange, 1_MiB);
  if (!body) co_return;
  auto answered = co_await Answer(exchange.sink(), 200, "text/plain", std::move(*body));
  EXPECT_TRUE(answered.has_value());
}

TEST(ServerTest, AnswersManyRequestsOnOneConnection) {
  ServerHarness harness;
  RawClient client(harness);
  for (int i = 0; i < 3; ++i) {
    client.Forget();
    client.Send(kGet);
    ASSERT_TRUE(client.ReadUntil("hello\n"));
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_NE(client.received().find("\r\nContent-Length: 6\r\n"), std::string::npos);
    EXPECT_NE(client.received().find("\r\nDate: Fri, 20 Dec 2019 00:00:0"), std::string::npos);
    EXPECT_EQ(client.received().find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(harness.server.counters().accepted, 1U);
  EXPECT_EQ(harness.server.counters().requests, 3U);
  EXPECT_EQ(harness.server.counters().open, 1U);
}

TEST(ServerTest, AnswersPipelinedRequestsInOrder) {
  ServerHarness harness(Echo);
  RawClient client(harness);
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string body = "body-" + std::to_string(i) + ";";
    all += "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  client.Send(all);
  ASSERT_TRUE(client.ReadUntil("body-199;"));
  std::size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    at = client.received().find("body-" + std::to_string(i) + ";", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(ServerTest, AnEarlierPipelinedAnswerDoesNotWaitForALaterHandler) {
  std::unique_ptr<Promise<int>> gate;
  ServerHarness harness([&gate](Exchange& exchange) -> Awaitable<void> {
    if (exchange.head().path == "/slow") {
      auto waited = co_await gate->Wait(seconds(10));
      EXPECT_TRUE(waited.has_value());
    }
    co_await SayHello(exchange);
  });
  gate = std::make_unique<Promise<int>>(harness.loop);
  RawClient client(harness);
  client.Send(std::string(kGet) + "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.ReadUntilCount("hello", 1));
  gate->Set(1);
  EXPECT_TRUE(client.ReadUntilCount("hello", 2));
  gate.reset();  // before its loop
}

TEST(ServerTest, HandsTheHandlerPeerAndHead) {
  std::string peer, query;
  ServerHarness harness([&](Exchange& exchange) -> Awaitable<void> {
    peer = exchange.head().peer;
    query = exchange.head().query;
    co_await SayHello(exchange);
  });
  RawClient client(harness);
  client.Send("GET /x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil("hello"));
  EXPECT_TRUE(peer.starts_with("127.0.0.1:")) << peer;
  EXPECT_EQ(query, "y=1");
}

TEST(ServerTest, AHeadStaysValidWhileALargeBodyPassesThrough) {
  const std::string path = "/" + std::string(1500, 'p');
  std::string seen;
  std::size_t total = 0;
  ServerHarness harness([&](Exchange& exchange) -> Awaitable<void> {
    auto body = co_await ReadAll(exchange, 8_MiB);
    EXPECT_TRUE(body.has_value());
    if (exchange.head().method == "POST" && body) {
      total = body->size();
      seen = exchange.head().path;
    }
    co_await SayHello(exchange);
  });
  RawClient client(harness);
  client.Send("POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'b') + "\r\n";
  for (int i = 0; i < 16; ++i) {
    client.Send(chunk);
    harness.Settle();
  }
  client.Send("0\r\nX-Trailer: 1\r\n\r\n" + std::string(kGet));
  ASSERT_TRUE(client.ReadUntilCount("hello", 2));
  EXPECT_EQ(total, 0x10000U * 16);
  EXPECT_EQ(seen, path);
}

TEST(ServerTest, SendsContinueOnlyWhenTheHandlerReads) {
  ServerHarness harness(Echo);
  RawClient client(harness);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  ASSERT_TRUE(client.ReadUntil("\r\n\r\nabc"));
}

TEST(ServerTest, AHandlerThatDoesNotReadAnExpectedBodyClosesWithoutContinue) {
  ServerHarness harness(SayHello);
  RawClient client(harness);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil("hello"));
  EXPECT_EQ(client.received().find("100 Continue"), std::string::npos);
  EXPECT_NE(client.received().find("Connection: close"), std::string::npos);
  client.EndSending();
  EXPECT_TRUE(client.ReadUntilClosed());
}

TEST(ServerTest, ASmallUnreadBodyIsDroppedAndTheConnectionKept) {
  ServerHarness harness(SayHello);
  RawClient client(harness);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" +
              std::string(1000, 'x'));
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntilCount("hello", 2));
}

TEST(ServerTest, ALargeUnreadBodyClosesTheConnectionAndTheAnswerArrives) {
  ServerHarness harness(SayHello);
  RawClient client(harness);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
              std::string(100000, 'x'));
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_NE(client.received().find("Connection: close"), std::string::npos);
  EXPECT_NE(client.received().find("hello"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
}

TEST(ServerTest, ABodyOverTheHandlersLimitIsAnswered413) {
  ServerHarness harness([](Exchange& exchange) -> Awaitable<void> {
    auto body = co_await ReadAll(exchange, 10_B);
    EXPECT_FALSE(body.has_value());
    EXPECT_EQ(body.error().code, Errc::kResourceExhausted);
  });
  for (const char* framing : {"Content-Length: 11\r\n\r\n01234567890",
                              "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"}) {
    RawClient client(harness);
    client.Send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(framing));
    client.EndSending();
    ASSERT_TRUE(client.ReadUntilClosed());
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 413 ")) << client.received();
  }
}

TEST(ServerTest, AHandlerWithoutAnAnswerIsA500) {
  ServerHarness harness([](Exchange&) -> Awaitable<void> { co_return; });
  RawClient client(harness);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntil("}"));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 500 ")) << client.received();
}

TEST(ServerTest, TheHandlerLearnsThatItsClientLeft) {
  bool gone = false;
  ServerHarness harness;
  FunctionHandler waits([&](Exchange& exchange) -> Awaitable<void> {
    while (!exchange.client_gone()) {
      Promise<int> pause(harness.loop);
      static_cast<void>(co_await pause.Wait(milliseconds(1)));
    }
    gone = true;
  });
  Server server(harness.loop, TestConfig(), waits, harness.clock);
  auto listener = ListenTcp(TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  harness.address.port = LocalPort(*listener).value();
  ASSERT_TRUE(server.Adopt(std::move(*listener)).has_value());
  RawClient client(harness);
  client.Send(kGet);
  ASSERT_TRUE(harness.RunUntil([&] { return server.counters().requests == 1; }));
  EXPECT_FALSE(gone);
  client.Close();
  harness.Settle();
  EXPECT_FALSE(gone);
  harness.clock.Advance(TestConfig().half_close_grace);
  EXPECT_TRUE(harness.RunUntil([&] { return gone; }));
  EXPECT_TRUE(harness.RunUntil([&] { return server.counters().open == 0; }));
}

TEST(ServerTest, AClientThatEndedItsSideStillGetsItsAnswer) {
  bool ended = false;
  bool gone = true;
  Loop* loop = nullptr;
  ServerHarness harness([&](Exchange& exchange) -> Awaitable<void> {
    Promise<int> pause(*loop);
    while (!ended) static_cast<void>(co_await pause.Wait(milliseconds(1)));
    for (int tick = 0; tick < 20; ++tick) {
      static_cast<void>(co_await pause.Wait(milliseconds(1)));
    }
    gone = exchange.client_gone();
    co_await SayHello(exchange);
  });
  loop = &harness.loop;
  RawClient client(harness);
  client.Send(kGet);
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().requests == 1; }));
  client.EndSending();
  ended = true;
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_FALSE(gone);
  EXPECT_NE(client.received().find("hello"), std::string::npos) << client.received();
}

// So long an answer uses a connection's turn up (response_writer.cc), and nobody waited for the
// next.
TEST(ServerTest, ARefusalIsWholeAfterALongAnswer) {
  ServerHarness harness([](Exchange& exchange) -> Awaitable<void> {
    std::string body(256 * 1024, 'x');
    (void)co_await Answer(exchange.sink(), 200, "text/plain", std::move(body));
  });
  RawClient client(harness);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntil(std::string(256 * 1024, 'x')));
  client.Forget();
  client.Send("GARBAGE\r\n\r\n");
  ASSERT_TRUE(client.ReadUntilClosed());
  const std::string& answer = client.received();
  const std::size_t body = answer.size() - answer.find("\r\n\r\n") - 4;
  EXPECT_NE(answer.find("\r\nContent-Length: " + std::to_string(body) + "\r\n"), std::string::npos)
      << answer;
}

TEST(ServerTest, OverTheLimitAConnectionGetsA503) {
  ServerConfig config = TestConfig();
  config.max_connections = 2;
  ServerHarness harness(SayHello, config);
  RawClient first(harness), second(harness);
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 2; }));
  RawClient third(harness);
  third.Send(kGet);
  ASSERT_TRUE(third.ReadUntilClosed());
  EXPECT_TRUE(third.received().starts_with("HTTP/1.1 503 ")) << third.received();
  EXPECT_NE(third.received().find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(harness.server.counters().refused, 1U);
  first.Send(kGet);
  EXPECT_TRUE(first.ReadUntil("hello"));
}

TEST(ServerTest, ListensOnAUnixSocketToo) {
  std::string peer;
  ServerHarness harness([&](Exchange& exchange) -> Awaitable<void> {
    peer = exchange.head().peer;
    co_await SayHello(exchange);
  });
  const testing::TempDir dir;
  auto listener = ListenUnix(dir / "s");
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  ASSERT_TRUE(harness.server.Adopt(std::move(*listener)).has_value());
  const auto where = ToSocketAddress(dir / "s");
  const Fd client(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), where->get(), where->size), 0);
  ASSERT_EQ(::send(client.get(), kGet.data(), kGet.size(), 0), static_cast<ssize_t>(kGet.size()));
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().requests == 1; }));
  EXPECT_EQ(peer, "unix");
}

TEST(ServerTest, ServesAConnectionThatSomebodyElseAccepted) {
  std::string peer;
  ServerHarness harness([&](Exchange& exchange) -> Awaitable<void> {
    peer = exchange.head().peer;
    co_await SayHello(exchange);
  });
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd client(ends[0]);
  ASSERT_TRUE(harness.server.Serve(Fd(ends[1]), "somebody").has_value());
  ASSERT_EQ(::send(client.get(), kGet.data(), kGet.size(), 0), static_cast<ssize_t>(kGet.size()));
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().requests == 1; }));
  EXPECT_EQ(peer, "somebody");

  auto nothing = harness.server.Serve(Fd(), "nobody");
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(harness.server.counters().accepted, 1U);
}

TEST(ServerTest, AdoptRefusesWhatDoesNotListen) {
  ServerHarness harness;
  auto plain = harness.server.Adopt(Fd(::socket(AF_INET, SOCK_STREAM, 0)));
  ASSERT_FALSE(plain.has_value());
  EXPECT_EQ(plain.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(harness.server.Adopt(Fd()).has_value());
}

TEST(ServerTest, HundredsOfIdleConnectionsDoNotStopAnswers) {
  ServerHarness harness;
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 400; ++i) idle.push_back(std::make_unique<RawClient>(harness));
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 400; }));
  RawClient client(harness);
  client.Send(kGet);
  EXPECT_TRUE(client.ReadUntil("hello"));
}

}  // namespace
}  // namespace strata::http
