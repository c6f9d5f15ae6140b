#include "http/client/client.h"

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/testing/temp_dir.h"
#include "http/exchange_io.h"
#include "http/parse/response_parser.h"
#include "http/test_support.h"

namespace strata::http {
namespace {

using std::chrono::milliseconds;

Awaitable<void> EchoMethodAndBody(Exchange& exchange) {
  auto body = co_await ReadAll(exchange, 64_MiB);
  if (!body) co_return;
  const std::string text = std::string(exchange.head().method) + " " + *body;
  auto answered = co_await Answer(exchange.sink(), 201, "text/plain", text);
  EXPECT_TRUE(answered.has_value());
}

Awaitable<void> CountForever(Exchange& exchange) {
  if (!exchange.sink().Head(ResponseHead{})) co_return;
  for (int i = 0;; ++i) {
    const std::string event = "data: " + std::to_string(i) + "\n\n";
    auto written = co_await WriteAll(exchange.sink(), AsBytes(event));
    if (!written) co_return;
    auto flushed = co_await exchange.sink().Writable();
    if (!flushed) co_return;
  }
}

Awaitable<void> KeepResult(Task<ClientResponse> task, std::optional<Result<ClientResponse>>& out) {
  out.emplace(co_await std::move(task));
}

class ClientTest : public ::testing::Test {
 protected:
  // Runs `task` to its end on the harness' loop.
  static Result<ClientResponse> Finish(ServerHarness& harness, Task<ClientResponse> task) {
    std::optional<Result<ClientResponse>> out;
    Spawn(harness.loop, KeepResult(std::move(task), out));
    if (!harness.RunUntil([&] { return out.has_value(); })) {
      return Fail(Errc::kInternal, "the fetch did not end");
    }
    return std::move(*out);
  }
};

TEST_F(ClientTest, FetchesOverTcp) {
  ServerHarness harness(EchoMethodAndBody);
  const ClientRequest request{.method = "PUT", .target = "/x", .body = std::string(200'000, 'b')};
  auto answer = Finish(harness, Fetch(harness.loop, harness.address, request));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "PUT " + request.body);
  EXPECT_EQ(answer->header("content-TYPE"), "text/plain");
}

TEST_F(ClientTest, ReusesItsConnection) {
  ServerHarness harness;
  std::optional<Client> client;
  Spawn(harness.loop, [](ServerHarness& h, std::optional<Client>& out) -> Awaitable<void> {
    auto connected = co_await Client::Connect(h.loop, h.address);
    if (connected) out.emplace(std::move(*connected));
  }(harness, client));
  ASSERT_TRUE(harness.RunUntil([&] { return client.has_value(); }));
  for (int i = 0; i < 3; ++i) {
    auto answer = Finish(harness, client->Fetch({}));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->body, "hello\n");
  }
  EXPECT_TRUE(client->reusable());
  auto last = Finish(harness, client->Fetch({.headers = {{"Connection", "close"}}}));
  ASSERT_TRUE(last.has_value());
  EXPECT_FALSE(client->reusable());
  EXPECT_EQ(harness.server.counters().accepted, 1U);
}

TEST_F(ClientTest, StreamsAnEndlessAnswerUntilTheCallerHasEnough) {
  ServerHarness harness(CountForever);
  std::string seen;
  FetchOptions options;
  options.on_body = [&seen](const ClientResponse& head, std::string_view piece) {
    EXPECT_EQ(head.status, 200);
    seen += piece;
    return seen.find("data: 100\n\n") == std::string::npos;
  };
  auto answer = Finish(harness, Fetch(harness.loop, harness.address, {}, options));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_TRUE(seen.starts_with("data: 0\n\ndata: 1\n\n"));
  EXPECT_EQ(answer->body, "");
  EXPECT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 0; }));
}

TEST_F(ClientTest, ABodyOverItsLimitFails) {
  ServerHarness harness(CountForever);
  FetchOptions options{.body_limit = 10_KiB};
  auto answer = Finish(harness, Fetch(harness.loop, harness.address, {}, options));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kResourceExhausted);
}

TEST_F(ClientTest, ASilentServerIsADeadline) {
  ServerHarness harness;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const Fd server(pair[0]);
  auto client = Client::Adopt(harness.loop, Fd(pair[1]));
  ASSERT_TRUE(client.has_value());
  auto answer = Finish(harness, client->Fetch({}, {.timeout = milliseconds(5)}));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kDeadlineExceeded);
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientTest, NobodyThereIsUnavailable) {
  auto tcp = FetchBlocking(TcpAddress{.port = 1}, {});
  ASSERT_FALSE(tcp.has_value());
  EXPECT_EQ(tcp.error().code, Errc::kUnavailable);
  EXPECT_NE(tcp.error().message.find("127.0.0.1:1"), std::string::npos) << tcp.error().message;
  const testing::TempDir dir;
  auto local = FetchBlocking(UnixEndpoint{dir / "s"}, {});
  ASSERT_FALSE(local.has_value());
  EXPECT_EQ(local.error().code, Errc::kUnavailable);
}

TEST_F(ClientTest, RefusesToSendWhatCouldBeReadAsTwoRequests) {
  ServerHarness harness;
  for (const ClientRequest& request :
       {ClientRequest{.method = "GET /x"}, ClientRequest{.target = "/a b"},
        ClientRequest{.target = "/a\r\nX: 1"}, ClientRequest{.host = "a\r\nX: 1"},
        ClientRequest{.headers = {{"X", "1\r\nY: 2"}}}, ClientRequest{.headers = {{"X ", "1"}}}}) {
    auto answer = Finish(harness, Fetch(harness.loop, harness.address, request));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Errc::kInvalidArgument);
  }
  EXPECT_EQ(harness.server.counters().requests, 0U);
}

TEST_F(ClientTest, ParsesEndpoints) {
  EXPECT_EQ(std::get<UnixEndpoint>(ParseEndpoint("unix:/run/s").value()).path, "/run/s");
  EXPECT_EQ(std::get<TcpAddress>(ParseEndpoint("http://127.0.0.1:80/").value()).port, 80);
  EXPECT_EQ(std::get<TcpAddress>(ParseEndpoint("[::1]:81").value()).host, "::1");
  for (const char* bad : {"", "unix:", "https://127.0.0.1:1", "http://a:1", "127.0.0.1"}) {
    auto endpoint = ParseEndpoint(bad);
    ASSERT_FALSE(endpoint.has_value()) << bad;
    EXPECT_EQ(endpoint.error().code, Errc::kInvalidArgument) << bad;
  }
}

TEST_F(ClientTest, ResolvesLocalhost) {
  auto address = ResolveBlocking("127.0.0.1", 80);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(ToString(*address), "127.0.0.1:80");
}

struct Framing {
  const char* label;
  const char* method;
  const char* head;
  BodyEnd body;
};

TEST_F(ClientTest, KnowsHowABodyEnds) {
  const Framing table[] = {
      {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", BodyEnd::kLength},
      {"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       BodyEnd::kChunked},
      {"close", "GET", "HTTP/1.1 200 OK\r\n\r\n", BodyEnd::kClose},
      {"head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", BodyEnd::kNone},
      {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", BodyEnd::kNone},
      {"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", BodyEnd::kNone},
      {"100", "GET", "HTTP/1.1 100 Continue\r\n\r\n", BodyEnd::kNone},
  };
  for (const Framing& row : table) {
    auto head = ParseResponseHead(row.head, row.method);
    ASSERT_TRUE(head.has_value()) << row.label << ": " << head.error().message;
    EXPECT_EQ(head->body, row.body) << row.label;
  }
  for (const char* bad : {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "hello\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_FALSE(ParseResponseHead(bad, "GET").has_value()) << bad;
  }
}

TEST_F(ClientTest, KnowsWhetherTheConnectionStays) {
  struct Row {
    const char* lines;
    bool stays;
  };
  for (const Row& row :
       {Row{"HTTP/1.1 204 No Content\r\n\r\n", true},
        Row{"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", false},
        Row{"HTTP/1.1 204 No Content\r\nConnection: Upgrade, Close\r\n\r\n", false},
        Row{"HTTP/1.1 204 No Content\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
            false},
        Row{"HTTP/1.0 204 No Content\r\n\r\n", false},
        Row{"HTTP/1.0 204 No Content\r\nConnection: x, keep-alive\r\n\r\n", true}}) {
    const auto head = ParseResponseHead(row.lines, "GET");
    ASSERT_TRUE(head.has_value()) << row.lines;
    EXPECT_EQ(head->keep_alive, row.stays) << row.lines;
  }
}

}  // namespace
}  // namespace strata::http
