#include "http/server/response_writer.h"  // IWYU pragma: keep

#include <string>
#include <vector>

#include <boost/asio/post.hpp>

#include "http/exchange_io.h"
#include "http/parse/chunked.h"
#include "http/test_support.h"

namespace strata::http {
namespace {

// What the client receives when the handler is `function` and the request `request`.
std::string AnswerOf(FunctionHandler::Function function, std::string_view request) {
  ServerHarness harness(std::move(function));
  RawClient client(harness);
  client.Send(request);
  client.EndSending();
  EXPECT_TRUE(client.ReadUntilClosed());
  return client.received();
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Awaitable<void> TwoPieces(Exchange& exchange) {
  ResponseSink& sink = exchange.sink();
  if (!sink.Head(ResponseHead{})) co_return;
  EXPECT_EQ(sink.TryWrite(AsBytes("one")).value(), 3U);
  auto flushed = co_await sink.Writable();
  EXPECT_TRUE(flushed.has_value());
  EXPECT_EQ(sink.TryWrite(AsBytes("three")).value(), 5U);
}

TEST(ResponseWriterTest, ABodyOfUnknownLengthIsChunked) {
  const std::string answer = AnswerOf(TwoPieces, kGet);
  EXPECT_TRUE(Contains(answer, "Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n")) << answer;
}

TEST(ResponseWriterTest, ForHttp10ItEndsWithTheConnection) {
  const std::string answer =
      AnswerOf(TwoPieces, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(Contains(answer, "chunked"));
  EXPECT_TRUE(Contains(answer, "Connection: close\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nonethree")) << answer;
}

TEST(ResponseWriterTest, Http10KeepAliveIsConfirmed) {
  ServerHarness harness;
  RawClient client(harness);
  for (int i = 0; i < 2; ++i) {
    client.Forget();
    client.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ASSERT_TRUE(client.ReadUntil("hello"));
    EXPECT_TRUE(Contains(client.received(), "Connection: keep-alive\r\n"));
  }
}

TEST(ResponseWriterTest, HeadHasTheFieldsAndNoBody) {
  EXPECT_TRUE(AnswerOf(SayHello, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("\r\n\r\n"));
  EXPECT_TRUE(
      Contains(AnswerOf(SayHello, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), "Content-Length: 6\r\n"));
  const std::string chunked = AnswerOf(TwoPieces, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(Contains(chunked, "Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(chunked.ends_with("\r\n\r\n")) << chunked;
  EXPECT_FALSE(Contains(chunked, "one"));
}

TEST(ResponseWriterTest, NoContentHasNeitherLengthNorBody) {
  const auto handler = [](Exchange& exchange) -> Awaitable<void> {
    ResponseHead head{.status = 204};
    head.headers = {{"Content-Length", "3"}};
    EXPECT_TRUE(exchange.sink().Head(std::move(head)).has_value());
    EXPECT_EQ(exchange.sink().TryWrite(AsBytes("abc")).value(), 3U);
    co_return;
  };
  const std::string answer = AnswerOf(handler, kGet);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_FALSE(Contains(answer, "Content-Length"));
  EXPECT_FALSE(Contains(answer, "Transfer-Encoding"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(ResponseWriterTest, DropsHopByHopFields) {
  const auto handler = [](Exchange& exchange) -> Awaitable<void> {
    ResponseHead head;
    head.headers = {{"connection", "close"}, {"Transfer-Encoding", "gzip"},
                    {"Upgrade", "x"},        {"Date", "never"},
                    {"X-Kept", "yes"},       {"Content-Length", "0"}};
    EXPECT_TRUE(exchange.sink().Head(std::move(head)).has_value());
    co_return;
  };
  const std::string answer = AnswerOf(handler, kGet);
  for (const char* gone : {"onnection: close", "gzip", "Upgrade", "never"}) {
    EXPECT_FALSE(Contains(answer, gone)) << gone << " in " << answer;
  }
  EXPECT_TRUE(Contains(answer, "X-Kept: yes\r\n"));
}

TEST(ResponseWriterTest, RefusesHeadsThatWouldBreakTheMessage) {
  const auto handler = [](Exchange& exchange) -> Awaitable<void> {
    ResponseSink& sink = exchange.sink();
    EXPECT_EQ(sink.TryWrite(AsBytes("x")).error().code, Errc::kFailedPrecondition);
    const std::vector<ResponseHead> bad{
        {.status = 101},
        {.status = 99},
        {.status = 600},
        {.headers = {{"X", "a\r\nSet-Cookie: b"}}},
        {.headers = {{"X Y", "a"}}},
        {.headers = {{"", "a"}}},
        {.headers = {{"X", std::string("a\0b", 3)}}},
        {.headers = {{"Content-Length", "-1"}}},
        {.headers = {{"Content-Length", "1"}, {"Content-Length", "2"}}},
        {.headers = {{"X", std::string(70000, 'a')}}},
    };
    for (const ResponseHead& head : bad) {
      auto set = sink.Head(head);
      EXPECT_EQ(set.has_value() ? Errc::kInternal : set.error().code, Errc::kInvalidArgument);
      EXPECT_FALSE(sink.head_sent());
    }
    co_await SayHello(exchange);
    EXPECT_EQ(sink.Head(ResponseHead{}).error().code, Errc::kFailedPrecondition);
  };
  EXPECT_TRUE(AnswerOf(handler, kGet).ends_with("\r\n\r\nhello\n"));
}

TEST(ResponseWriterTest, MoreBytesThanContentLengthAreRefused) {
  const auto handler = [](Exchange& exchange) -> Awaitable<void> {
    co_await SayHello(exchange);
    EXPECT_EQ(exchange.sink().TryWrite(AsBytes("x")).error().code, Errc::kInvalidArgument);
  };
  EXPECT_TRUE(AnswerOf(handler, kGet).ends_with("\r\n\r\nhello\n"));
}

TEST(ResponseWriterTest, FewerBytesThanContentLengthCloseTheConnection) {
  ServerHarness harness([](Exchange& exchange) -> Awaitable<void> {
    ResponseHead head;
    head.headers = {{"Content-Length", "10"}};
    EXPECT_TRUE(exchange.sink().Head(std::move(head)).has_value());
    EXPECT_EQ(exchange.sink().TryWrite(AsBytes("short")).value(), 5U);
    co_return;
  });
  RawClient client(harness);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_TRUE(client.received().ends_with("short"));
}

TEST(ResponseWriterTest, AnAbortedAnswerHasNoEndMark) {
  const auto handler = [](Exchange& exchange) -> Awaitable<void> {
    co_await TwoPieces(exchange);
    exchange.sink().Abort();
  };
  for (const char* request : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    ServerHarness harness(handler);
    RawClient client(harness);
    client.Send(request);
    ASSERT_TRUE(client.ReadUntilClosed());
    EXPECT_FALSE(client.received().ends_with("0\r\n\r\n"));
    EXPECT_EQ(client.was_reset(), Contains(request, "HTTP/1.0")) << "1.0 knows no other way";
  }
}

// Large pieces take the way without a copy; what the kernel does not take must not be lost.
TEST(ResponseWriterTest, LargeBodiesArriveUnchanged) {
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 977);
  const auto handler = [&body](Exchange& exchange) -> Awaitable<void> {
    ResponseHead head;
    if (exchange.head().path == "/length") {
      head.headers = {{"Content-Length", std::to_string(body.size())}};
    }
    EXPECT_TRUE(exchange.sink().Head(std::move(head)).has_value());
    auto written = co_await WriteAll(exchange.sink(), AsBytes(body));
    EXPECT_TRUE(written.has_value());
  };
  const std::string sized = AnswerOf(handler, "GET /length HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(sized.substr(sized.find("\r\n\r\n") + 4) == body);
  const std::string chunked = AnswerOf(handler, kGet);
  ChunkDecoder decoder;
  std::string decoded(body.size() + 1, '\0');
  const std::size_t start = chunked.find("\r\n\r\n") + 4;
  auto step = decoder.Decode(std::string_view(chunked).substr(start),
                             std::as_writable_bytes(std::span(decoded)));
  ASSERT_TRUE(step.has_value());
  EXPECT_TRUE(decoder.done());
  decoded.resize(step->produced);
  EXPECT_TRUE(decoded == body);
}

// The client takes every piece at once, so that there is always room.
TEST(ResponseWriterTest, WhoFlushesEveryPieceLeavesOthersOfTheLoopTheirTurns) {
  constexpr std::size_t kMost = 1024 * 1024;
  RawClient* reader = nullptr;
  Loop* loop = nullptr;
  std::size_t written = 0;
  const auto handler = [&](Exchange& exchange) -> Awaitable<void> {
    ResponseSink& sink = exchange.sink();
    const std::string piece(16 * 1024, 'x');
    EXPECT_TRUE(sink.Head(ResponseHead{}).has_value());
    bool turn = false;
    asio::post(*loop, [&turn] { turn = true; });
    while (!turn && written < kMost) {
      const auto took = sink.TryWrite(AsBytes(piece));
      if (!took) co_return;
      written += *took;
      reader->Drain();
      auto flushed = co_await sink.Writable();
      if (!flushed) co_return;
    }
  };
  ServerHarness harness(handler);
  loop = &harness.loop;
  RawClient client(harness);
  reader = &client;
  client.Send(kGet);
  client.EndSending();
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_GT(written, 0U);
  EXPECT_LT(written, kMost);
}

}  // namespace
}  // namespace strata::http
