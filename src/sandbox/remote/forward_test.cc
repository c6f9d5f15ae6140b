#include "sandbox/remote/forward.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox::remote {
namespace {

using model::ExitReason;
using testing::CallFixture;
using testing::RecordingSink;

// A service that has said all its answer before it was asked.
class ForwardTest : public ::testing::Test {
 protected:
  ForwardTest() {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    connection_.emplace(loop_, Fd(ends[0]));
    service_ = Fd(ends[1]);
  }

  void Say(std::string_view answer) {
    ASSERT_EQ(::write(service_.get(), answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
  }

  // What the service was sent so far.
  std::string Heard() {
    std::string text(65536, '\0');
    const ssize_t got = ::recv(service_.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

  Result<model::Exit> Ask(CallFixture& fixture) {
    Forward forward(loop_, clock_, *connection_, spec_, fixture.call);
    auto exit = fixture.Run(forward.Run());
    reusable_ = forward.reusable();
    repeatable_ = forward.repeatable();
    return exit;
  }

  Loop loop_;
  ManualClock clock_;
  const Spec spec_{.id = "box-1"};
  std::optional<Connection> connection_;
  Fd service_;
  bool reusable_ = false;
  bool repeatable_ = false;
};

TEST_F(ForwardTest, ARequestAndItsAnswer) {
  CallFixture fixture(loop_, clock_, "GET", "/a?b=c");
  fixture.body.End();
  Say("HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
  const auto exit = Ask(fixture);
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kReturned);
  EXPECT_EQ(fixture.sink.status(), 201);
  EXPECT_EQ(fixture.sink.header("x-a"), "b");
  EXPECT_EQ(fixture.sink.text(), "hello");
  EXPECT_TRUE(Heard().starts_with("GET /a?b=c HTTP/1.1\r\nHost: "));
  EXPECT_TRUE(reusable_);
}

TEST_F(ForwardTest, ABodyOfUnknownLengthGoesInChunks) {
  CallFixture fixture(loop_, clock_, "POST", "/");
  fixture.body.Push("abc").End();
  Say("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(Ask(fixture).has_value());
  const std::string heard = Heard();
  EXPECT_TRUE(heard.contains("Transfer-Encoding: chunked\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) << heard;
}

TEST_F(ForwardTest, InterimAnswersAreNotTheAnswer) {
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  Say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(Ask(fixture).has_value());
  EXPECT_EQ(fixture.sink.status(), 200);
}

TEST_F(ForwardTest, AServiceThatOnlyEverAnswersInTheInterimIsLeft) {
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  std::string answer;
  for (int i = 0; i < 100; ++i) answer += "HTTP/1.1 100 Continue\r\n\r\n";
  Say(answer + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const auto exit = Ask(fixture);
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kViolation);
  EXPECT_EQ(exit->detail, "its answer: too many interim heads");
}

TEST_F(ForwardTest, AnAnswerInChunksOrUntilTheEnd) {
  {
    CallFixture fixture(loop_, clock_, "GET");
    fixture.body.End();
    Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    ASSERT_TRUE(Ask(fixture).has_value());
    EXPECT_EQ(fixture.sink.text(), "onetwo");
    EXPECT_TRUE(reusable_);
  }
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  Say("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  ::shutdown(service_.get(), SHUT_WR);
  ASSERT_TRUE(Ask(fixture).has_value());
  EXPECT_EQ(fixture.sink.text(), "until the end");
  EXPECT_FALSE(reusable_);
}

// Says the rest once what was said before has been pushed out to the client.
Awaitable<void> GoOnOncePushed(Loop& loop, RecordingSink& sink, int service, bool& pushed) {
  constexpr int kLooks = 1000;  // bounds a broken test, never a passing one
  Timer timer(loop.get_executor());
  for (int i = 0; i < kLooks && !sink.awaited(); ++i) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(kAwait);
  }
  pushed = sink.awaited() && sink.text() == "one";
  sink.Drain();
  constexpr std::string_view kRest = "3\r\ntwo\r\n0\r\n\r\n";
  EXPECT_EQ(::write(service, kRest.data(), kRest.size()), static_cast<ssize_t>(kRest.size()));
}

TEST_F(ForwardTest, WhatAServiceHasSaidGoesOutBeforeItSaysMore) {
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  fixture.sink.Stall();
  Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  bool pushed = false;
  Spawn(loop_, GoOnOncePushed(loop_, fixture.sink, service_.get(), pushed));
  ASSERT_TRUE(Ask(fixture).has_value());
  EXPECT_TRUE(pushed);
  EXPECT_EQ(fixture.sink.text(), "onetwo");
}

TEST_F(ForwardTest, AnAnswerThatBreaksTheRulesIsTheServicesFault) {
  for (const char* answer : {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\nX: y\n\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                             "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    std::array<int, 2> ends = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    connection_.emplace(loop_, Fd(ends[0]));
    service_ = Fd(ends[1]);
    CallFixture fixture(loop_, clock_, "GET");
    fixture.body.End();
    Say(answer);
    const auto exit = Ask(fixture);
    ASSERT_TRUE(exit.has_value()) << exit.error().message;
    EXPECT_EQ(exit->reason, ExitReason::kViolation) << answer;
    EXPECT_FALSE(fixture.sink.head_sent());
    EXPECT_FALSE(reusable_);
  }
}

TEST_F(ForwardTest, ABodyCutShortIsNotTakenForTheWhole) {
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  Say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  ::shutdown(service_.get(), SHUT_WR);
  const auto exit = Ask(fixture);
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, ExitReason::kViolation);
}

TEST_F(ForwardTest, OnlyWhatIsSafeMayBeSentAgain) {
  for (const auto& [method, repeatable] : {std::pair("GET", true), std::pair("POST", false)}) {
    std::array<int, 2> ends = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    connection_.emplace(loop_, Fd(ends[0]));
    ::close(ends[1]);
    EXPECT_FALSE(connection_->fresh());
    CallFixture fixture(loop_, clock_, method);
    fixture.body.End();
    const auto exit = Ask(fixture);
    ASSERT_FALSE(exit.has_value());
    EXPECT_EQ(exit.error().code, Errc::kUnavailable);
    EXPECT_EQ(repeatable_, repeatable) << method;
  }
}

TEST_F(ForwardTest, AnAnswerOverItsLimitEndsTheCall) {
  const Spec small{.id = "box-1", .limits = {.response = 4_B}};
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  Say("HTTP/1.1 200 OK\r\n\r\nhello");
  Forward forward(loop_, clock_, *connection_, small, fixture.call);
  const auto exit = fixture.Run(forward.Run());
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, ExitReason::kLimit);
  EXPECT_EQ(exit->detail, "response");
}

TEST_F(ForwardTest, ASilentServiceIsLeftAtTheDeadline) {
  CallFixture fixture(loop_, clock_, "GET");
  fixture.body.End();
  clock_.Advance(std::chrono::hours(1));
  const auto exit = Ask(fixture);
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, ExitReason::kStopped);
  EXPECT_EQ(exit->detail, "deadline");
}

}  // namespace
}  // namespace strata::sandbox::remote
