#include "tests/contract/driver_contract.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

namespace strata::sandbox::contract {

using model::ExitReason;
using std::chrono::milliseconds;
using testing::After;
using testing::CallFixture;
using testing::FakeBody;

namespace {

std::size_t CountEntries(const char* path) {
  const std::filesystem::directory_iterator entries(path);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

Result<Fd> Harness::FileArtifact(std::string_view /*verb*/, std::string_view /*name*/) {
  return Fail(Errc::kUnsupported, "its programs run beside servers");
}

Holdings Holdings::Now() {
  return {CountEntries("/proc/self/fd"), CountEntries("/proc/self/task")};
}

void DriverContract::Begin(const HarnessEntry& entry) {
  harness_ = entry.make();
  const std::string missing = harness_->Missing();
  if (!missing.empty()) GTEST_SKIP() << entry.name << ": " << missing;
  driver_ = harness_->MakeDriver(loop_, clock_, kSlots);
  ASSERT_NE(driver_, nullptr);
}

std::shared_ptr<Image> DriverContract::Prepare(Guest guest) {
  auto artifact = harness_->Artifact(guest);
  EXPECT_TRUE(artifact.has_value()) << artifact.error().message;
  auto image = driver_->Prepare(std::move(artifact).value());
  EXPECT_TRUE(image.has_value()) << image.error().message;
  const auto warm = CallFixture(loop_, clock_).Run((*image)->Warm());
  EXPECT_TRUE(warm.has_value()) << warm.error().message;
  loop_.restart();
  return std::move(image).value();
}

std::unique_ptr<Sandbox> DriverContract::Make(Guest guest, const Spec& spec) {
  auto sandbox = Prepare(guest)->Create(spec);
  EXPECT_TRUE(sandbox.has_value()) << sandbox.error().message;
  return std::move(sandbox).value();
}

model::Exit DriverContract::CallOnce(Guest guest, const Spec& spec, CallFixture& fixture,
                                     std::string_view body) {
  auto sandbox = Make(guest, spec);
  if (!body.empty()) fixture.body.Push(body);
  fixture.body.End();
  auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  EXPECT_TRUE(exit.has_value()) << exit.error().message;
  return exit.value_or(model::Exit{});
}

void DriverContract::ExpectExit(const Result<model::Exit>& invoked, ExitReason reason,
                                const std::string& detail) {
  ASSERT_TRUE(invoked.has_value()) << invoked.error().message;
  EXPECT_EQ(invoked->reason, reason) << invoked->detail;
  if (!detail.empty()) {
    EXPECT_EQ(invoked->detail, detail);
  }
}

// ---- life cycle --------------------------------------------------------------------------------

TEST_P(DriverContractTest, TheDriverKnowsItsNameAndCanRunHere) {
  EXPECT_EQ(driver_->name(), GetParam().name);
  const auto probed = driver_->Probe();
  EXPECT_TRUE(probed.has_value()) << probed.error().message;
}

TEST_P(DriverContractTest, CreateInvokeDestroy) {
  auto sandbox = Make(Guest::kHello);
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kReturned, "");
  EXPECT_EQ(fixture.sink.status(), 200);
  EXPECT_EQ(fixture.sink.text(), "hello");
  EXPECT_EQ(sandbox->usage().bytes_out, 5_B);
}

TEST_P(DriverContractTest, ASandboxKeepsItsStateFromCallToCall) {
  auto sandbox = Make(Guest::kCount);
  for (const char* expected : {"1", "2", "3"}) {
    CallFixture fixture(loop_, clock_);
    fixture.body.End();
    ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kReturned, "");
    EXPECT_EQ(fixture.sink.text(), expected);
  }
  EXPECT_EQ(sandbox->usage().bytes_out, 3_B);
}

TEST_P(DriverContractTest, SandboxesOfOneImageShareNothing) {
  auto image = Prepare(Guest::kCount);
  for (const char* id : {"box-1", "box-2"}) {
    auto sandbox = image->Create(Spec{.id = id});
    ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
    CallFixture fixture(loop_, clock_);
    fixture.body.End();
    ExpectExit(fixture.Run((*sandbox)->Invoke(fixture.call)), ExitReason::kReturned, "");
    EXPECT_EQ(fixture.sink.text(), "1");
  }
}

TEST_P(DriverContractTest, ASandboxOutlivesItsDriverAndImage) {
  auto sandbox = Make(Guest::kHello);
  driver_.reset();
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kReturned, "");
}

TEST_P(DriverContractTest, ATrapIsAViolationAndEndsTheSandbox) {
  auto sandbox = Make(Guest::kTrap);
  CallFixture first(loop_, clock_);
  first.body.End();
  const auto exit = first.Run(sandbox->Invoke(first.call));
  ExpectExit(exit, ExitReason::kViolation, "");
  EXPECT_FALSE(exit->detail.empty());

  CallFixture second(loop_, clock_);
  const auto refused = second.Run(sandbox->Invoke(second.call));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
}

TEST_P(DriverContractTest, ASecondCallAtOnceIsAPreconditionFailure) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture first(loop_, clock_);
  CallFixture second(loop_, clock_);
  asio::co_spawn(loop_, sandbox->Invoke(first.call), asio::detached);
  const auto refused = second.Run(sandbox->Invoke(second.call));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
  sandbox->Stop();
  loop_.restart();
  loop_.run();
}

namespace {

// A caller that owns everything its call borrows, as a connection does.
Awaitable<void> Serve(std::unique_ptr<Sandbox> sandbox, std::unique_ptr<CallFixture> fixture) {
  static_cast<void>(co_await sandbox->Invoke(fixture->call));
}

}  // namespace

TEST_P(DriverContractTest, ALoopThatEndsInTheMiddleOfACallFreesIt) {
  auto loop = std::make_unique<Loop>();
  auto driver = harness_->MakeDriver(*loop, clock_, kSlots);
  auto image = driver->Prepare(harness_->Artifact(Guest::kEcho).value()).value();
  auto fixture = std::make_unique<CallFixture>(*loop, clock_);
  const FakeBody& body = fixture->body;
  Spawn(*loop, Serve(image->Create(Spec{.id = "box-1"}).value(), std::move(fixture)));
  image.reset();
  driver.reset();
  while (!body.awaited()) loop->run_one();
  loop.reset();  // the sanitizers see what it forgot or touched too late
}

// ---- stopping ----------------------------------------------------------------------------------

TEST_P(DriverContractTest, TheDeadlineStopsAGuestThatComputes) {
  auto sandbox = Make(Guest::kSpin, {.id = "box-1", .limits = {.cpu_time = std::chrono::hours(1)}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  fixture.call.deadline = clock_.Now() + milliseconds(10);
  After(loop_, milliseconds(5), [&] { clock_.Advance(milliseconds(10)); });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "deadline");
}

TEST_P(DriverContractTest, TheDeadlineStopsAGuestThatWaits) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture fixture(loop_, clock_);
  fixture.call.deadline = clock_.Now() + milliseconds(10);
  After(loop_, milliseconds(5), [&] { clock_.Advance(milliseconds(10)); });
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ExpectExit(exit, ExitReason::kStopped, "deadline");
  EXPECT_EQ(exit->usage.wall, milliseconds(10));
  EXPECT_FALSE(fixture.body.awaited());
}

TEST_P(DriverContractTest, TheTimeoutLimitCountsLikeADeadline) {
  auto sandbox = Make(Guest::kEcho, {.id = "box-1", .limits = {.timeout = milliseconds(20)}});
  CallFixture fixture(loop_, clock_);
  After(loop_, milliseconds(5), [&] { clock_.Advance(milliseconds(20)); });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "deadline");
}

TEST_P(DriverContractTest, StopEndsAGuestThatComputes) {
  auto sandbox = Make(Guest::kSpin, {.id = "box-1", .limits = {.cpu_time = std::chrono::hours(1)}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  After(loop_, milliseconds(5), [&] { sandbox->Stop(); });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "stopped");
}

TEST_P(DriverContractTest, StopEndsAGuestThatWaits) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture fixture(loop_, clock_);
  After(loop_, milliseconds(5), [&] { sandbox->Stop(); });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "stopped");
  EXPECT_FALSE(fixture.body.awaited());
}

TEST_P(DriverContractTest, AStoppedSandboxTakesNoCalls) {
  auto sandbox = Make(Guest::kHello);
  sandbox->Stop();
  sandbox->Stop();
  CallFixture fixture(loop_, clock_);
  const auto refused = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
  EXPECT_FALSE(fixture.sink.head_sent());
}

TEST_P(DriverContractTest, CancellingTheTaskStopsTheGuest) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture fixture(loop_, clock_);
  asio::cancellation_signal cancel;
  Result<model::Exit> exit = Fail(Errc::kInternal, "not ended");
  asio::co_spawn(loop_, sandbox->Invoke(fixture.call),
                 asio::bind_cancellation_slot(
                     cancel.slot(), [&](const std::exception_ptr&, Result<model::Exit> result) {
                       exit = std::move(result);
                     }));
  After(loop_, milliseconds(5), [&] { cancel.emit(asio::cancellation_type::terminal); });
  loop_.run();
  ExpectExit(exit, ExitReason::kStopped, "cancelled");
  EXPECT_FALSE(fixture.body.awaited());
}

TEST_P(DriverContractTest, AGuestEndsWhenItsClientIsGone) {
  auto sandbox = Make(Guest::kSpin, {.id = "box-1", .limits = {.cpu_time = std::chrono::hours(1)}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  After(loop_, milliseconds(5), [&] { fixture.exchange.gone = true; });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "client gone");
}

TEST_P(DriverContractTest, ABodyThatBreaksOffStopsTheGuest) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture fixture(loop_, clock_);
  fixture.body.Push("half");
  After(loop_, milliseconds(5),
        [&] { fixture.body.Fail({Errc::kUnavailable, "connection reset"}); });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "client gone");
}

TEST_P(DriverContractTest, ASinkThatBreaksStopsTheGuest) {
  auto sandbox = Make(Guest::kLarge, {.id = "box-1", .limits = {.response = 2_MiB}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  fixture.sink.Stall();
  After(loop_, milliseconds(5), [&] { fixture.sink.Break(); });
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "client gone");
}

// ---- streaming ---------------------------------------------------------------------------------

TEST_P(DriverContractTest, EchoStreamsBothWaysWithBackPressure) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture fixture(loop_, clock_);
  fixture.sink.set_capacity(1000);
  std::string sent;
  std::function<void()> feed = [&] {
    const std::string piece(7'777, static_cast<char>('a' + sent.size() % 26));
    sent += piece;
    fixture.body.Push(piece);
    if (sent.size() < 100'000) {
      After(loop_, milliseconds(1), feed);
    } else {
      fixture.body.End();
    }
  };
  feed();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ExpectExit(exit, ExitReason::kReturned, "");
  EXPECT_EQ(fixture.sink.text(), sent);
  EXPECT_GE(fixture.sink.waits(), sent.size() / 1000 - 1);
  EXPECT_EQ(exit->usage.bytes_in, Bytes{sent.size()});
  EXPECT_EQ(exit->usage.bytes_out, Bytes{sent.size()});
}

TEST_P(DriverContractTest, AGuestDoesNotRunAheadOfAStalledClient) {
  auto sandbox = Make(Guest::kEcho);
  CallFixture fixture(loop_, clock_);
  fixture.sink.set_capacity(1000);
  fixture.sink.Stall();
  fixture.body.Push(std::string(100'000, 'x')).End();
  fixture.call.deadline = clock_.Now() + milliseconds(10);
  std::function<void()> expire_once_stalled = [&] {
    if (fixture.sink.waits() == 0) {
      After(loop_, milliseconds(1), expire_once_stalled);
    } else {
      clock_.Advance(milliseconds(10));
    }
  };
  expire_once_stalled();
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kStopped, "deadline");
  EXPECT_EQ(fixture.sink.text().size(), 1000U);
  EXPECT_FALSE(fixture.sink.awaited());
}

TEST_P(DriverContractTest, LogLinesReachTheSink) {
  testing::RecordingLog log;
  auto sandbox = Make(Guest::kLog, {.id = "box-1", .effects = {.logs = &log}});
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ExpectExit(fixture.Run(sandbox->Invoke(fixture.call)), ExitReason::kReturned, "");
  EXPECT_NE(std::ranges::find(log.lines, testing::RecordingLog::Line{Stream::kStderr, "a line"}),
            log.lines.end());
  EXPECT_EQ(fixture.sink.text(), "hello");
}

}  // namespace strata::sandbox::contract
