#include "sandbox/call/cgi.h"

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox {
namespace {

// The head that `output` begins with, in the form "status fields body".
std::string HeadOf(std::string_view output) {
  CgiOutput cgi;
  cgi.Write(output);
  const auto head = cgi.TakeHead();
  if (!head) return "open";
  return std::to_string(head->status) + " " + std::to_string(head->headers.size()) + " " +
         std::string(cgi.body());
}

TEST(CgiOutputTest, AHeadEndsAtItsEmptyLine) {
  EXPECT_EQ(HeadOf("Status: 404 Not Found\r\nX: 1\r\n\r\nbody"), "404 2 body");
  EXPECT_EQ(HeadOf("content-type: text/x\n\nbody"), "200 1 body");
  EXPECT_EQ(HeadOf("Location: /elsewhere\n\n"), "302 2 ");
}

TEST(CgiOutputTest, AHeadMayComeInPieces) {
  const std::string output = "Status: 201\r\nContent-Type: text/x\r\n\r\n";
  CgiOutput cgi;
  for (const char c : output) {
    EXPECT_FALSE(cgi.TakeHead().has_value());
    cgi.Write(std::string(1, c));
  }
  const auto head = cgi.TakeHead();
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 201);
  EXPECT_FALSE(cgi.TakeHead().has_value());
}

// Milliseconds of this thread's CPU time.
std::int64_t CpuTime() {
  timespec now = {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Read anew with every byte it would take seconds.
TEST(CgiOutputTest, ALongHeadInPiecesCostsWhatItCostsAsAWhole) {
  std::string output = "Status: 201\n";
  while (output.size() < 16'000) output += "a:\n";
  CgiOutput cgi;
  const std::int64_t begin = CpuTime();
  for (const char c : output) cgi.Write(std::string_view(&c, 1));
  EXPECT_FALSE(cgi.TakeHead().has_value());
  cgi.Write("\nbody");
  EXPECT_LT(CpuTime() - begin, 500);
  const auto head = cgi.TakeHead();
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 201);
  EXPECT_GT(head->headers.size(), 5000U);
  EXPECT_EQ(cgi.body(), "body");
}

TEST(CgiOutputTest, AnythingElseIsBodyAtOnce) {
  for (const char* body :
       {"hello", "{\"a\": 1}", "Note: this is text\n\n", "Status: teapot\n\n", "Status: 999\n\n",
        "Status: 200\nno field\n\n", "Status: 200\nX: a\x01\n\n"}) {
    EXPECT_EQ(HeadOf(body), "200 1 " + std::string(body));
  }
}

TEST(CgiOutputTest, AHeadThatNeverEndsIsBody) {
  EXPECT_EQ(HeadOf("Status: 200\nX: " + std::string(10'000, 'x')), "open");
  EXPECT_TRUE(HeadOf("Status: 200\nX: " + std::string(20'000, 'x')).starts_with("200 1 Status"));
}

TEST(CgiOutputTest, SilenceIsAnAnswerOnlyOfAGuestThatSucceeded) {
  CgiOutput good;
  good.Finish(0);
  EXPECT_EQ(good.TakeHead()->status, 200);
  CgiOutput bad;
  bad.Finish(3);
  EXPECT_EQ(bad.TakeHead()->status, 500);
  CgiOutput begun;
  begun.Write("Stat");
  begun.Finish(3);
  EXPECT_EQ(begun.TakeHead()->status, 200);
  EXPECT_EQ(begun.body(), "Stat");
}

TEST(CgiVariablesTest, TheRequestIsInTheEnvironment) {
  Loop loop;
  const ManualClock clock;
  testing::CallFixture fixture(loop, clock, "PUT", "/a/b?c=d");
  const std::vector<http::Header> headers = {{"Content-Type", "text/x"}, {"Content-Length", "9"},
                                             {"Proxy", "evil"},          {"X-Twice", "1"},
                                             {"x-twice", "2"},           {"traceparent", "theirs"}};
  fixture.exchange.request.headers = headers;
  fixture.exchange.request.content_length = 9;
  fixture.call.trace.traceparent = "ours";
  EXPECT_EQ(CgiVariables(fixture.call), (model::Env{{"REQUEST_METHOD", "PUT"},
                                                    {"SCRIPT_NAME", ""},
                                                    {"PATH_INFO", "/a/b"},
                                                    {"QUERY_STRING", "c=d"},
                                                    {"CONTENT_LENGTH", "9"},
                                                    {"CONTENT_TYPE", "text/x"},
                                                    {"HTTP_X_TWICE", "1, 2"},
                                                    {"HTTP_TRACEPARENT", "ours"}}));
}

}  // namespace
}  // namespace strata::sandbox
