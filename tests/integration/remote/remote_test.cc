#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sandbox/fake/driver.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/driver.h"
#include "sandbox/remote/server.h"
#include "sandbox/testing/call_fixture.h"
#include "wire/channel.h"

namespace strata::sandbox::remote {
namespace {

using model::ExitReason;
using testing::CallFixture;
using testing::RecordingLog;

struct Ends {
  Fd cell;
  Fd keeper;
};

Ends MakeLine() {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

// A fake driver in "the keeper" and its image in "the cell", over a real line.
class RemoteTest : public ::testing::Test {
 protected:
  // With a line whose sandboxes are as `spec` says.
  std::shared_ptr<Image> MakeImage(const std::string& script, const Spec& spec = {}) {
    auto artifact = fake::FakeDriver::Artifact(script);
    auto real = real_.Prepare(std::move(*artifact));
    EXPECT_TRUE(real.has_value());
    Ends ends = MakeLine();
    server_.Serve(std::move(*real), {.limits = spec.limits, .grants = spec.grants, .env = spec.env},
                  std::move(ends.keeper));
    auto image = driver_.Prepare(std::move(ends.cell));
    EXPECT_TRUE(image.has_value());
    return std::move(*image);
  }

  std::unique_ptr<Sandbox> Make(const std::string& script, const Spec& spec = Spec{.id = "box-1"}) {
    auto made = MakeImage(script, spec)->Create(spec);
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }

  // Lets the other side notice what was closed.
  void RunUntilIdle() {
    while (server_.sandboxes() > 0) loop_.run_one();
  }

  void TearDown() override {
    server_.CloseAll();
    while (server_.lines() > 0) loop_.run_one();
  }

  Loop loop_;
  SystemClock clock_;
  fake::FakeDriver real_{loop_, clock_};
  Server server_{loop_, clock_};
  RemoteDriver driver_{loop_, clock_};
};

TEST_F(RemoteTest, AnswersLikeTheRealOne) {
  auto sandbox = Make(R"({"do": "answer", "status": 404, "body": "no", "headers": {"x-a": "b"}})");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kReturned);
  EXPECT_EQ(fixture.sink.status(), 404);
  EXPECT_EQ(fixture.sink.header("x-a"), "b");
  EXPECT_EQ(fixture.sink.text(), "no");
}

TEST_F(RemoteTest, KeepsItsStateFromCallToCall) {
  auto sandbox = Make(R"({"do": "count"})");
  for (const char* expected : {"1", "2", "3"}) {
    CallFixture fixture(loop_, clock_);
    fixture.body.End();
    ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
    EXPECT_EQ(fixture.sink.text(), expected);
  }
}

TEST_F(RemoteTest, StreamsMoreThanItsWindowBothWays) {
  auto sandbox =
      Make(R"({"do": "echo"})",
           Spec{.id = "box-1", .limits = {.request = Bytes::MiB(4), .response = Bytes::MiB(4)}});
  const std::string body(3 * kWindow + 17, 'x');
  CallFixture fixture(loop_, clock_);
  fixture.body.Push(body).End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(fixture.sink.text(), body);
  EXPECT_EQ(exit->usage.bytes_in.count, body.size());
}

// Looks until the sink has been pushed out `times` times.
Awaitable<bool> UntilPushed(Loop& loop, const testing::RecordingSink& sink, std::size_t times) {
  constexpr int kLooks = 1000;  // bounds a broken test, never a passing one
  Timer timer(loop.get_executor());
  for (int i = 0; i < kLooks && sink.waits() < times; ++i) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(kAwait);
  }
  co_return sink.waits() >= times;
}

// Sends the rest once what was echoed before has been pushed out to the client: the head alone, or
// with it.
Awaitable<void> GoOnOncePushed(Loop& loop, CallFixture& fixture, bool& pushed) {
  pushed = co_await UntilPushed(loop, fixture.sink, 1);
  const bool whole = fixture.sink.text() == "one";
  fixture.sink.Drain();
  if (pushed && !whole) pushed = co_await UntilPushed(loop, fixture.sink, 2);
  pushed = pushed && fixture.sink.text() == "one";
  fixture.body.Push("two").End();
}

TEST_F(RemoteTest, WhatAProgramHasSaidGoesOutBeforeItSaysMore) {
  auto sandbox = Make(R"({"do": "echo"})");
  CallFixture fixture(loop_, clock_);
  fixture.body.Push("one");
  fixture.sink.Stall();
  bool pushed = false;
  Spawn(loop_, GoOnOncePushed(loop_, fixture, pushed));
  ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
  EXPECT_TRUE(pushed);
  EXPECT_EQ(fixture.sink.text(), "onetwo");
}

TEST_F(RemoteTest, AClientThatDoesNotReadHoldsTheGuestBack) {
  auto sandbox = Make(R"({"do": "large", "bytes": 2000000})",
                      Spec{.id = "box-1", .limits = {.response = Bytes::MiB(4)}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  fixture.sink.set_capacity(1000);
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(fixture.sink.text().size(), 2'000'000U);
  EXPECT_GT(fixture.sink.waits(), 1000U);
}

TEST_F(RemoteTest, LimitsAreTheRealSandboxs) {
  auto sandbox = Make(R"({"do": "memory"})");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, ExitReason::kLimit);
  EXPECT_EQ(exit->detail, "memory");
  EXPECT_FALSE(sandbox->holder_lost());
  const auto again = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kFailedPrecondition);
}

TEST_F(RemoteTest, LogLinesArriveAsTheyAre) {
  RecordingLog log;
  Spec spec{.id = "box-1"};
  spec.effects.logs = &log;
  auto sandbox = Make(R"({"do": "log", "text": "a \"line\""})", spec);
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_EQ(log.lines[0], (RecordingLog::Line{Stream::kStdout, "a \"line\""}));
  EXPECT_EQ(log.lines[1], (RecordingLog::Line{Stream::kStderr, "a \"line\""}));
}

// While they are written nobody reads the line.
TEST_F(RemoteTest, OfAFloodOfEmptyLinesMostAreDroppedAndCounted) {
  constexpr std::size_t kLines = 1'000'000;
  RecordingLog log;
  Spec spec{.id = "box-1"};
  spec.effects.logs = &log;
  auto sandbox = Make(R"({"do": "log", "text": "", "times": 500000})", spec);
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
  ASSERT_GT(log.lines.size(), 1000U);
  EXPECT_LT(log.lines.size(), 10'000U);
  const std::string dropped = std::to_string(kLines - (log.lines.size() - 1));
  EXPECT_EQ(log.lines.back(), (RecordingLog::Line{Stream::kHost, dropped + " log lines dropped"}));
}

TEST_F(RemoteTest, AClientThatIsGoneEndsTheCall) {
  auto sandbox = Make(R"({"do": "spin"})");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  fixture.exchange.gone = true;
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kStopped);
  EXPECT_EQ(exit->detail, "client gone");
}

TEST_F(RemoteTest, ARefusedSpecFailsTheCallWithItsReason) {
  Spec spec{.id = "box-1"};
  spec.grants.dirs.push_back({.host = "/usr", .guest = "/usr"});
  auto sandbox = Make(R"({"do": "hello"})", spec);
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_FALSE(exit.has_value());
  EXPECT_EQ(exit.error().code, Errc::kUnsupported);
}

TEST_F(RemoteTest, DroppingASandboxEndsTheRealOne) {
  auto sandbox = Make(R"({"do": "hello"})");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
  EXPECT_EQ(server_.sandboxes(), 1U);
  sandbox.reset();
  RunUntilIdle();
  EXPECT_EQ(real_.metrics().sandboxes_live, 0U);
}

// What a keeper that broke the rules, or died, does to a call.
class BrokenKeeperTest : public RemoteTest {
 protected:
  // Answers the sandbox's line with `bytes`, or closes it at once.
  Awaitable<void> Misbehave(Fd line, std::string bytes) {
    wire::Channel image(loop_, std::move(line));
    auto open = co_await image.Receive();
    EXPECT_TRUE(open.has_value());
    wire::Channel sandbox(loop_, std::move(open->fds.front()));
    if (!bytes.empty()) {
      wire::Frame frame{std::move(bytes), {}};
      EXPECT_TRUE((co_await sandbox.Send(std::move(frame))).has_value());
      while (co_await sandbox.Receive()) continue;
    }
  }

  Error Provoke(std::string bytes) {
    Ends ends = MakeLine();
    Spawn(loop_, Misbehave(std::move(ends.keeper), std::move(bytes)));
    auto sandbox = (*driver_.Prepare(std::move(ends.cell)))->Create(Spec{.id = "box-1"});
    CallFixture fixture(loop_, clock_);
    const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
    EXPECT_FALSE(exit.has_value());
    lost_ = (*sandbox)->holder_lost();
    return exit ? Error{} : exit.error();
  }

  bool lost_ = false;  // as the sandbox says
};

TEST_F(BrokenKeeperTest, ThatDiesIsUnavailable) {
  EXPECT_EQ(Provoke("").code, Errc::kUnavailable);
  EXPECT_TRUE(lost_);
}

TEST_F(BrokenKeeperTest, ThatIsGoneAlreadyIsUnavailable) {
  auto sandbox = (*driver_.Prepare(MakeLine().cell))->Create(Spec{.id = "box-1"});
  CallFixture fixture(loop_, clock_);
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  ASSERT_FALSE(exit.has_value());
  EXPECT_EQ(exit.error().code, Errc::kUnavailable);
  EXPECT_TRUE((*sandbox)->holder_lost());
}

TEST_F(BrokenKeeperTest, ThatSendsNonsenseIsAnError) {
  EXPECT_EQ(Provoke("nonsense").code, Errc::kInternal);
  EXPECT_FALSE(lost_);
}

TEST_F(BrokenKeeperTest, ThatSendsMoreThanItMayIsAnError) {
  EXPECT_EQ(Provoke("d" + std::string(kWindow + 1, 'x')).code, Errc::kInternal);
}

// A cell that a guest took over asks for what it likes.
TEST_F(RemoteTest, WhatASandboxMayDoIsNotTheCallersToSay) {
  auto image =
      MakeImage(R"({"do": "large", "bytes": 2000})", {.limits = {.response = Bytes(1000)}});
  auto sandbox = image->Create(Spec{.id = "box-1", .limits = {.response = Bytes::MiB(4)}});
  ASSERT_TRUE(sandbox.has_value());
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, model::ExitReason::kLimit);
  EXPECT_FALSE(DecodeToServer(R"({"type":"open","id":"box-1","grants":{}})").has_value());
}

TEST_F(RemoteTest, ACallerThatSendsMoreThanItMayLosesItsSandbox) {
  auto artifact = fake::FakeDriver::Artifact(R"({"do": "spin"})");
  Ends image = MakeLine();
  server_.Serve(*real_.Prepare(std::move(*artifact)), Spec{}, std::move(image.keeper));
  wire::Channel line(loop_, std::move(image.cell));
  Ends own = MakeLine();
  wire::Frame open{Encode(ToServer(Open{.id = "box-1"})), {}};
  open.fds.push_back(std::move(own.keeper));
  ASSERT_TRUE(line.Post(std::move(open)).has_value());
  wire::Channel sandbox(loop_, std::move(own.cell));
  Begin begin;
  begin.patience_ms = 60'000;
  begin.texts = {"POST", "/", "", "http", "unix"};
  ASSERT_TRUE(sandbox.Post({Encode(ToServer(begin)), {}}).has_value());
  ASSERT_TRUE(
      sandbox.Post({Encode(ToServer(Input{std::string(kWindow + 1, 'x')})), {}}).has_value());
  const auto answer = CallFixture(loop_, clock_).Run(sandbox.Receive());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace strata::sandbox::remote
