// Every row of the table, sent to a real server over loopback: the right status, a problem+json
// body, a closed connection, nothing of what follows taken for a request, and a server that goes
// on.
#include <string>

#include <gtest/gtest.h>

#include "base/text/json.h"
#include "http/exchange_io.h"
#include "http/test_support.h"
#include "tests/conformance/http_bad_requests.h"

namespace strata::http {
namespace {

// Reads the whole body before it answers, as most functions do.
Awaitable<void> ReadThenHello(Exchange& exchange) {
  auto body = co_await ReadAll(exchange, 1_MiB);
  if (body) co_await SayHello(exchange);
}

class HttpConformanceTest : public ::testing::TestWithParam<BadRequest> {};

TEST_P(HttpConformanceTest, IsRefusedAndTheConnectionClosed) {
  ServerHarness harness(ReadThenHello);
  RawClient client(harness);
  // What a smuggler would hide behind the bad request.
  client.Send(GetParam().message + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.ReadUntilClosed());

  const std::string& answer = client.received();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(GetParam().status) + " ")) << answer;
  EXPECT_NE(answer.find("Content-Type: application/problem+json\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("}HTTP/1.1 "), std::string::npos) << "a second answer: " << answer;
  auto problem = ParseJson(answer.substr(answer.find("\r\n\r\n") + 4));
  ASSERT_TRUE(problem.has_value()) << answer;
  EXPECT_EQ((*problem)["status"], GetParam().status);
  for (const char* member : {"type", "title", "detail"}) {
    EXPECT_FALSE((*problem)[member].get<std::string>().empty()) << member;
  }

  RawClient other(harness);
  other.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(other.ReadUntil("hello"));
}

INSTANTIATE_TEST_SUITE_P(BadRequests, HttpConformanceTest, ::testing::ValuesIn(BadRequests()),
                         [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::http
