#include "http/stream/websocket.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/client/client.h"
#include "http/exchange_io.h"
#include "http/test_support.h"

namespace strata::http {
namespace {

constexpr const char* kProtocol = "test.strata";

ServerConfig OfferingConfig() {
  ServerConfig config = TestConfig();
  config.web_sockets = WebSockets::kHandlers;
  return config;
}

class WebSocketTest : public ::testing::Test {
 protected:
  // Answers every message with itself, until the client closes.
  Awaitable<void> Echo(Exchange& exchange) {
    EXPECT_TRUE(WebSocket::IsAskedFor(exchange.head(), kProtocol));
    std::string protocol = kProtocol;
    auto socket = co_await WebSocket::Accept(harness.loop, exchange, std::move(protocol));
    if (!socket) co_return ADD_FAILURE() << socket.error().message;
    while (true) {
      auto message = co_await (*socket)->Receive();
      if (!message) break;
      (void)co_await (*socket)->Send(*message);
    }
    closed = true;
  }

  Task<std::unique_ptr<WebSocket>> Connect() {
    Endpoint server = harness.address;
    auto client = co_await Client::Connect(harness.loop, std::move(server));
    if (!client) co_return std::unexpected(std::move(client).error());
    auto connection = std::move(*client).Release();
    if (!connection) co_return std::unexpected(std::move(connection).error());
    std::string host = "localhost";
    std::string target = "/chat";
    std::string protocol = kProtocol;
    co_return co_await WebSocket::Connect(harness.loop, std::move(*connection), std::move(host),
                                          std::move(target), std::move(protocol));
  }

  template <typename Scenario>
  void Run(Scenario scenario) {
    bool over = false;
    const auto run = [](Scenario todo, bool& done) -> Awaitable<void> {
      co_await todo();
      done = true;
    };
    Spawn(harness.loop, run(std::move(scenario), over));
    EXPECT_TRUE(harness.RunUntil([&] { return over; }));
  }

  bool closed = false;
  ServerHarness harness{[this](Exchange& exchange) { return Echo(exchange); }, OfferingConfig()};
};

TEST_F(WebSocketTest, CarriesWholeMessagesBothWays) {
  const auto scenario = [this]() -> Awaitable<void> {
    auto socket = co_await Connect();
    if (!socket) co_return ADD_FAILURE() << socket.error().message;
    const std::vector<std::string> messages = {std::string("a\0b", 3), "",
                                               std::string(100'000, 'x')};
    for (const std::string& message : messages) {
      const auto sent = co_await (*socket)->Send(message);
      EXPECT_TRUE(sent.has_value());
      const auto back = co_await (*socket)->Receive();
      EXPECT_TRUE(back.has_value());
      EXPECT_EQ(back.value_or("nothing"), message);
    }
    const auto over = co_await (*socket)->Close();
    EXPECT_TRUE(over.has_value());
  };
  Run(scenario);
  EXPECT_TRUE(harness.RunUntil([&] { return closed; }));
  EXPECT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 0; }));
}

TEST_F(WebSocketTest, AClientThatGoesAwayIsNoticed) {
  const auto scenario = [this]() -> Awaitable<void> {
    const auto socket = co_await Connect();
    EXPECT_TRUE(socket.has_value());
  };
  Run(scenario);
  EXPECT_TRUE(harness.RunUntil([&] { return closed; }));
}

TEST_F(WebSocketTest, AMessageThatIsTooLongEndsIt) {
  const auto scenario = [this]() -> Awaitable<void> {
    auto socket = co_await Connect();
    if (!socket) co_return ADD_FAILURE();
    const std::string huge(WebSocket::kLongestMessage.count + 1, 'x');
    (void)co_await (*socket)->Send(huge);
    const auto back = co_await (*socket)->Receive();
    EXPECT_FALSE(back.has_value());
  };
  Run(scenario);
  EXPECT_TRUE(closed);
}

TEST_F(WebSocketTest, AnAnswerThatIsNoneIsItsProblem) {
  harness.handler = FunctionHandler([](Exchange& exchange) -> Awaitable<void> {
    Problem problem = ProblemFor(Error{Errc::kNotFound, "no service web"});
    (void)co_await AnswerProblem(exchange.sink(), std::move(problem));
  });
  const auto scenario = [this]() -> Awaitable<void> {
    const auto socket = co_await Connect();
    EXPECT_FALSE(socket.has_value());
    if (socket) co_return;
    EXPECT_EQ(socket.error().code, Errc::kNotFound);
    EXPECT_EQ(socket.error().message, "no service web");
  };
  Run(scenario);
}

TEST_F(WebSocketTest, AProblemThatIsNotWrittenAsOneEndsNobody) {
  harness.handler = FunctionHandler([](Exchange& exchange) -> Awaitable<void> {
    std::string body = R"({"code": 404, "detail": ["no service"]})";
    (void)co_await Answer(exchange.sink(), 404, "application/problem+json", std::move(body));
  });
  const auto scenario = [this]() -> Awaitable<void> {
    const auto socket = co_await Connect();
    EXPECT_FALSE(socket.has_value());
    if (!socket) {
      EXPECT_EQ(socket.error().message, "the server answered 404");
    }
  };
  Run(scenario);
}

TEST(WebSocketsRefusedTest, UnlessTheServerOffersThem) {
  ServerHarness harness;
  RawClient client(harness);
  client.Send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_TRUE(client.ReadUntil("501"));
}

}  // namespace
}  // namespace strata::http
