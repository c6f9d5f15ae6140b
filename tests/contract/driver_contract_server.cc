// The part of the contract about long-running guests: Serve, Dial, Exec, Pause. A class that has
// none refuses each of them, and makes nothing.
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "tests/contract/driver_contract.h"
#include "tests/contract/served.h"

namespace strata::sandbox::contract {

using model::ExitReason;
using testing::CallFixture;

constexpr std::uint16_t kPort = Served::kPort;
constexpr std::chrono::milliseconds kPatience = Served::kPatience;
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\n\r\n";

TEST_P(ServerContractTest, AServerIsReachedAtItsPort) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    // Two connections at once, each used twice.
    auto first = co_await (*served).Dial(kPort);
    auto second = co_await (*served).Dial(kPort);
    if (!first || !second) co_return ADD_FAILURE();
    for (const Fd* each : {&*first, &*second, &*first, &*second}) {
      const std::string answer = co_await Exchange(served, *each, kRequest);
      EXPECT_TRUE(answer.ends_with("hello")) << answer;
    }
  });
}

TEST_P(ServerContractTest, ARunningServerIsMeasured) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const auto load = co_await (*served).Measure();
    if (!load) co_return ADD_FAILURE() << load.error().message;
    EXPECT_GT(load->memory.count, 0U);
    EXPECT_GT(load->cpu.count(), 0);
    co_await served.Finish();
    const auto after = co_await (*served).Measure();
    EXPECT_TRUE(!after && after.error().code == Errc::kUnavailable);
  });
}

TEST_P(ServerContractTest, PortsWhereNobodyListensAreRefused) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto dialled = co_await (*served).Dial(kPort + 1);
    EXPECT_TRUE(!dialled && dialled.error().code == Errc::kUnavailable);
  });
}

TEST_P(ServerContractTest, AServersOutputIsLoggedAndAStoppedOneMayFinish) {
  Lines lines;
  const auto scenario = [&lines](Served& server) -> Awaitable<void> {
    const bool ready = co_await server.Ready();
    EXPECT_TRUE(ready);
    while (!lines.Has("listening")) co_await server.Pause();
    (*server).Stop();
    const auto end = co_await server.End();
    ExpectExit(end, ExitReason::kStopped, "stopped");
    EXPECT_TRUE(lines.Has("asked to end"));
  };
  WithServer(*this, scenario, &lines);
}

TEST_P(ServerContractTest, AServersOwnEndIsAnExit) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto connection = co_await (*served).Dial(kPort);
    if (!connection) co_return ADD_FAILURE();
    Send(*connection, "GET /exit HTTP/1.1\r\n\r\n");
    const auto end = co_await served.End();
    ExpectExit(end, ExitReason::kReturned, "");
    EXPECT_TRUE(end && end->status == 7);
    auto dialled = co_await (*served).Dial(kPort);
    EXPECT_FALSE(dialled.has_value());
  });
}

TEST_P(ServerContractTest, AConnectionEndsWhenTheServerClosesIt) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto connection = co_await (*served).Dial(kPort);
    if (!connection) co_return ADD_FAILURE();
    Send(*connection, "GET /close HTTP/1.1\r\n\r\n");
    const std::string answer =
        co_await Receive(served, *connection, "never said", Served::kPatience);
    EXPECT_TRUE(answer.ends_with("until the end")) << answer;
    char more = 0;
    EXPECT_EQ(::read(connection->get(), &more, 1), 0);  // not EAGAIN: it is closed
  });
}

TEST_P(ServerContractTest, ProgramsRunBesideAServer) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Pipe in = MakePipe();
    Pipe out = MakePipe();
    EXPECT_EQ(::write(in.write.get(), "abc", 3), 3);
    in.write.Reset();
    Program echo{
        .args = {"/bin/guest", "echo"}, .in = std::move(in.read), .out = std::move(out.write)};
    auto status = co_await RunBeside(*served, std::move(echo));
    EXPECT_TRUE(status.has_value() && *status == 0) << (status ? "" : status.error().message);
    EXPECT_EQ(ReadAll(out.read), "abc");
    Program fails{.args = {"/bin/guest", "exit-3"}};
    status = co_await RunBeside(*served, std::move(fails));
    EXPECT_TRUE(status.has_value() && *status == 3) << (status ? "" : status.error().message);
  });
}

TEST_P(ServerContractTest, ProgramsBesideAServerSeeTheirOwnVariables) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Pipe out = MakePipe();
    Program asks{.args = {"/bin/guest", "getenv", "COLOUR"},
                 .env = {{"COLOUR", "green"}},
                 .out = std::move(out.write)};
    auto status = co_await RunBeside(*served, std::move(asks));
    EXPECT_TRUE(status.has_value() && *status == 0);
    EXPECT_EQ(ReadAll(out.read), "green");
  });
}

TEST_P(ServerContractTest, AProgramThatIsNotThereAndOneThatIsNoneAreToldApart) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    for (const char* name : {"/bin/absent", "absent"}) {
      Program missing{.args = {name}};
      const auto status = co_await RunBeside(*served, std::move(missing));
      EXPECT_TRUE(!status && status.error().code == Errc::kNotFound)
          << (status ? "started" : status.error().message);
    }
    Program directory{.args = {"/bin"}};
    const auto status = co_await RunBeside(*served, std::move(directory));
    EXPECT_TRUE(!status && status.error().code == Errc::kPermissionDenied)
        << (status ? "started" : status.error().message);
  });
}

TEST_P(ServerContractTest, ProgramsEndWithTheirServer) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Pipe in = MakePipe();  // kept open: the program would wait for ever
    Program waits{.args = {"/bin/guest", "echo"}, .in = std::move(in.read)};
    Timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    timer.async_wait([&served](boost::system::error_code) { (*served).Stop(); });
    (void)co_await RunBeside(*served, std::move(waits));
    const auto end = co_await served.End();
    ExpectExit(end, ExitReason::kStopped, "stopped");
  });
}

TEST_P(ServerContractTest, APausedServerStandsStillUntilItIsResumed) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto connection = co_await (*served).Dial(kPort);
    if (!connection) co_return ADD_FAILURE();
    const std::string before = co_await Exchange(served, *connection, kRequest);
    EXPECT_TRUE(before.ends_with("hello")) << before;
    const auto paused = co_await (*served).Pause();
    EXPECT_TRUE(paused.has_value()) << paused.error().message;
    Send(*connection, kRequest);
    const std::string meanwhile =
        co_await Receive(served, *connection, "hello", std::chrono::milliseconds(200));
    EXPECT_EQ(meanwhile, "");
    const auto resumed = co_await (*served).Resume();
    EXPECT_TRUE(resumed.has_value()) << resumed.error().message;
    const std::string after = co_await Receive(served, *connection, "hello", kPatience);
    EXPECT_TRUE(after.ends_with("hello")) << after;
  });
}

TEST_P(ServerContractTest, APausedServerIsResumedWhateverWasAskedOfItMeanwhile) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const auto paused = co_await (*served).Pause();
    EXPECT_TRUE(paused.has_value());
    const auto over = std::make_shared<bool>(false);
    Spawn(served.contract().loop_,
          [](Sandbox& sandbox, std::shared_ptr<bool> done) -> Awaitable<void> {
            (void)co_await sandbox.Dial(kPort);  // what comes of it is the class's
            *done = true;
          }(*served, over));
    co_await served.Pause();
    const auto resumed = co_await (*served).Resume();
    EXPECT_TRUE(resumed.has_value()) << resumed.error().message;
    while (!*over) co_await served.Pause();
    auto connection = co_await (*served).Dial(kPort);
    if (!connection) co_return ADD_FAILURE() << connection.error().message;
    const std::string answer = co_await Exchange(served, *connection, kRequest);
    EXPECT_TRUE(answer.ends_with("hello")) << answer;
  });
}

TEST_P(ServerContractTest, APausedServerCanBeStopped) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const auto paused = co_await (*served).Pause();
    EXPECT_TRUE(paused.has_value());
    (*served).Stop();
    const auto end = co_await served.End();
    ExpectExit(end, ExitReason::kStopped, "stopped");
  });
}

// The server hears of it before it is made to end.
TEST_P(ServerContractTest, AServerThatIsJustBeingPausedCanBeStopped) {
  Lines lines;
  const auto scenario = [&lines](Served& server) -> Awaitable<void> {
    const bool ready = co_await server.Ready();
    EXPECT_TRUE(ready);
    const auto over = std::make_shared<bool>(false);
    Spawn(server.contract().loop_,
          [](Sandbox& sandbox, std::shared_ptr<bool> done) -> Awaitable<void> {
            (void)co_await sandbox.Pause();
            *done = true;
          }(*server, over));
    co_await asio::post(co_await asio::this_coro::executor, kAwait);
    (*server).Stop();
    const auto end = co_await server.End();
    ExpectExit(end, ExitReason::kStopped, "stopped");
    EXPECT_TRUE(lines.Has("asked to end"));
    while (!*over) co_await server.Pause();
  };
  WithServer(*this, scenario, &lines);
}

TEST_P(ServerContractTest, BeforeAServerRunsNothingReachesIt) {
  if (!harness_->serves()) return WithServer(*this, nullptr);
  auto sandbox = Make(Guest::kServer);
  CallFixture fixture(loop_, clock_);
  EXPECT_EQ(fixture.Run(sandbox->Dial(kPort)).error().code, Errc::kUnavailable);
  EXPECT_EQ(fixture.Run(sandbox->Exec({.args = {"/bin/guest"}})).error().code, Errc::kUnavailable);
}

}  // namespace strata::sandbox::contract
