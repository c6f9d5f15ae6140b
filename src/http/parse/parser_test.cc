#include "http/parse/parser.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace strata::http {
namespace {

using Step = RequestParser::Step;

// Feeds `message` in pieces of `piece` bytes. Returns the last step.
Step FeedInPieces(RequestParser& parser, std::string_view message, std::size_t piece) {
  Step step = Step::kNeedMore;
  for (std::size_t end = 0; step == Step::kNeedMore && end < message.size();) {
    end = std::min(end + piece, message.size());
    step = parser.Feed(message.substr(0, end));
  }
  return step;
}

TEST(ParserTest, FillsTheHeadWithViewsIntoTheBytes) {
  const std::string message =
      "POST /a/b?c=d HTTP/1.1\r\nHost: Example.com:8080\r\nX-One:  1 \r\nContent-Length: "
      "3\r\n\r\nabc";
  RequestParser parser{HeadLimits{}};
  ASSERT_EQ(parser.Feed(message), Step::kComplete);
  const RequestHead& head = parser.head();
  EXPECT_EQ(parser.size(), message.size() - 3);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a/b?c=d");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.query, "c=d");
  EXPECT_EQ(head.host, "Example.com");
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.content_length, 3U);
  EXPECT_EQ(FindHeader(head.headers, "x-one"), "1");
  EXPECT_EQ(FindHeader(head.headers, "x-two"), std::nullopt);
  EXPECT_GE(head.path.data(), message.data());
  EXPECT_LE(head.path.data(), message.data() + message.size());
}

TEST(ParserTest, ResetForgetsTheLastRequest) {
  RequestParser parser{HeadLimits{}};
  ASSERT_EQ(parser.Feed("GET / HTTP/1.0\r\nHost: a\r\nExpect: x\r\n\r\n"), Step::kComplete);
  parser.Reset();
  ASSERT_EQ(parser.Feed("GET /2 HTTP/1.1\r\nHost: b\r\n\r\n"), Step::kComplete);
  EXPECT_EQ(parser.head().path, "/2");
  EXPECT_EQ(parser.head().headers.size(), 1U);
  EXPECT_FALSE(parser.framing().http10);
}

struct Good {
  const char* label;
  const char* message;
  const char* target;
  const char* host;
  bool keep_alive;
  bool chunked;
};

class ParserGoodTest : public ::testing::TestWithParam<Good> {};

TEST_P(ParserGoodTest, IsAcceptedHoweverItArrives) {
  const std::string_view message = GetParam().message;
  for (const std::size_t piece : {message.size(), std::size_t{1}, std::size_t{7}}) {
    RequestParser parser{HeadLimits{}};
    ASSERT_EQ(FeedInPieces(parser, message, piece), Step::kComplete) << parser.rejection().detail;
    EXPECT_EQ(parser.head().target, GetParam().target);
    EXPECT_EQ(parser.head().host, GetParam().host);
    EXPECT_EQ(parser.framing().keep_alive, GetParam().keep_alive);
    EXPECT_EQ(parser.framing().chunked, GetParam().chunked);
    EXPECT_EQ(parser.size(), message.size());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Requests, ParserGoodTest,
    ::testing::Values(
        Good{"Plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", "a", true, false},
        Good{"EmptyLineFirst", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", "a", true, false},
        Good{"Close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", "/", "a", false,
             false},
        Good{"Old", "GET / HTTP/1.0\r\n\r\n", "/", "", false, false},
        Good{"OldKept", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "/", "", true, false},
        Good{"Chunked", "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", "/x",
             "a", true, true},
        Good{"Absolute", "GET http://A:80/p?q HTTP/1.1\r\nHost: a:80\r\n\r\n", "/p?q", "a", true,
             false},
        Good{"AbsoluteBare", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "/", "a", true, false},
        Good{"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", "a", true, false},
        Good{"Ip6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "/", "[::1]", true, false},
        Good{"EmptyValue", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "/", "a", true, false},
        Good{"UnknownMethod", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "/pot", "a", true, false},
        Good{"Upgrade", "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
             "/", "a", true, false},
        Good{"Utf8Value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xC3\xA9\r\n\r\n", "/", "a", true,
             false}),
    [](const auto& info) { return info.param.label; });

TEST(ParserTest, ExpectContinueNeedsABody) {
  RequestParser parser{HeadLimits{}};
  ASSERT_EQ(parser.Feed("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"),
            Step::kComplete);
  EXPECT_FALSE(parser.framing().expect_continue);
  parser.Reset();
  ASSERT_EQ(
      parser.Feed("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"),
      Step::kComplete);
  EXPECT_TRUE(parser.framing().expect_continue);
}

TEST(ParserTest, LimitsHoldExactly) {
  const HeadLimits limits{.bytes = 200_B, .start_line = 60_B, .target = 40_B, .fields = 3};
  const auto feed = [&limits](const std::string& message) -> std::optional<std::uint16_t> {
    RequestParser parser{limits};
    const Step step = parser.Feed(message);
    if (step == Step::kRejected) return parser.rejection().status;
    return step == Step::kComplete ? std::optional<std::uint16_t>(0) : std::nullopt;
  };
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(feed("GET /" + std::string(39, 'a') + rest), 0);
  EXPECT_EQ(feed("GET /" + std::string(40, 'a') + rest), 414);
  EXPECT_EQ(feed("GET /" + std::string(80, 'a')), 414) << "without its end, too";
  EXPECT_EQ(feed("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n"), 0);
  EXPECT_EQ(feed("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"), 431);
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
  EXPECT_EQ(feed(head + std::string(200 - head.size() - 4, 'x') + "\r\n\r\n"), 0);
  EXPECT_EQ(feed(head + std::string(200 - head.size() - 3, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(feed(head + std::string(200, 'x')), 431) << "without its end, too";
}

}  // namespace
}  // namespace strata::http
