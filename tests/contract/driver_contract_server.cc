// The part of the contract about long-running guests: Serve, Dial, Exec, Pause. A class that has
// none refuses each of them, and makes nothing.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {
namespace {

using model::Exit;
using model::ExitReason;
using testing::CallFixture;

constexpr std::uint16_t kPort = 8080;
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr std::chrono::milliseconds kPatience{20'000};
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\n\r\n";

class Lines final : public LogSink {
 public:
  void Write(Stream, std::string_view text) override { text_.append(text).append(1, '\n'); }
  [[nodiscard]] bool Has(std::string_view text) const { return text_.contains(text); }

 private:
  std::string text_;
};

// A server that runs beside a test's coroutine.
class Served {
 public:
  Served(Loop& loop, std::unique_ptr<Sandbox> sandbox)
      : loop_(loop), timer_(loop.get_executor()), sandbox_(std::move(sandbox)) {
    Spawn(loop_, Run());
  }

  Sandbox& operator*() const { return *sandbox_; }

  // Until it listens; false: it ended instead.
  Awaitable<bool> Ready() {
    while (!end_) {
      auto dialled = co_await sandbox_->Dial(kPort);
      if (dialled) co_return true;
      co_await Pause();
    }
    co_return false;
  }

  Awaitable<Result<Exit>> End() {
    while (!end_) co_await Pause();
    co_return *end_;
  }

  Awaitable<void> Pause() {
    timer_.expires_after(kLookAgain);
    co_await timer_.async_wait(kAwait);
  }

 private:
  Awaitable<void> Run() { end_ = co_await sandbox_->Serve(); }

  Loop& loop_;
  Timer timer_;
  std::unique_ptr<Sandbox> sandbox_;
  std::optional<Result<Exit>> end_;
};

void Send(const Fd& connection, std::string_view request) {
  EXPECT_EQ(::send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
}

// What comes until it ends with `last`, the other side closes, or `patience` is over. The loop runs
// meanwhile: a class may need it to move the bytes.
Awaitable<std::string> Receive(Served& served, const Fd& connection, std::string_view last,
                               std::chrono::milliseconds patience) {
  std::string answer;
  std::array<char, 4096> part;
  for (auto waited = kLookAgain; waited <= patience && !answer.ends_with(last);) {
    const ssize_t got = ::recv(connection.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (got > 0) {
      answer.append(part.data(), static_cast<std::size_t>(got));
      continue;
    }
    if (got == 0) break;
    waited += kLookAgain;
    co_await served.Pause();
  }
  co_return answer;
}

Awaitable<std::string> Exchange(Served& served, const Fd& connection, std::string_view request) {
  Send(connection, request);
  co_return co_await Receive(served, connection, "hello", kPatience);
}

struct Pipe {
  Fd read;
  Fd write;
};
Pipe MakePipe() {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::string ReadAll(const Fd& from) {
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got = 0; (got = ::read(from.get(), part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

using Scenario = std::function<Awaitable<void>(Served&)>;

Task<void> RunScenario(Served& served, Scenario scenario) {
  co_await scenario(served);
  (*served).Stop();
  (void)co_await served.End();
  co_return Result<void>{};
}

void ExpectRefused(DriverContract& contract, Sandbox& sandbox) {
  CallFixture fixture(contract.loop_, contract.clock_);
  const auto refused = [](const auto& outcome) {
    return !outcome && outcome.error().code == Errc::kUnsupported;
  };
  EXPECT_TRUE(refused(fixture.Run(sandbox.Serve())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Dial(kPort))));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Pause())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Resume())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Exec({.args = {"/bin/guest"}}))));
  const auto root = contract.harness_->scratch_root();
  EXPECT_TRUE(root.empty() || !std::filesystem::exists(root) || std::filesystem::is_empty(root));
}

// Runs `scenario` with a server of the class, or checks that the class refuses to have one.
void WithServer(DriverContract& contract, Scenario scenario, LogSink* lines = nullptr) {
  const Spec spec{
      .id = "box-1", .env = {{"PORT", std::to_string(kPort)}}, .effects = {.logs = lines}};
  auto sandbox = contract.Make(Guest::kServer, spec);
  if (!contract.harness_->serves()) return ExpectRefused(contract, *sandbox);
  Served served(contract.loop_, std::move(sandbox));
  CallFixture fixture(contract.loop_, contract.clock_);
  EXPECT_TRUE(fixture.Run(RunScenario(served, std::move(scenario))).has_value());
}

}  // namespace

TEST_P(DriverContractTest, AServerIsReachedAtItsPort) {
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

TEST_P(DriverContractTest, PortsWhereNobodyListensAreRefused) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto dialled = co_await (*served).Dial(kPort + 1);
    EXPECT_TRUE(!dialled && dialled.error().code == Errc::kUnavailable);
  });
}

TEST_P(DriverContractTest, AServersOutputIsLoggedAndAStoppedOneMayFinish) {
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

TEST_P(DriverContractTest, AServersOwnEndIsAnExit) {
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

TEST_P(DriverContractTest, ProgramsRunBesideAServer) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Pipe in = MakePipe();
    Pipe out = MakePipe();
    EXPECT_EQ(::write(in.write.get(), "abc", 3), 3);
    in.write.Reset();
    Program echo{
        .args = {"/bin/guest", "echo"}, .in = std::move(in.read), .out = std::move(out.write)};
    auto status = co_await (*served).Exec(std::move(echo));
    EXPECT_TRUE(status.has_value() && *status == 0) << (status ? "" : status.error().message);
    EXPECT_EQ(ReadAll(out.read), "abc");
    Program fails{.args = {"/bin/guest", "exit-3"}};
    status = co_await (*served).Exec(std::move(fails));
    EXPECT_TRUE(status.has_value() && *status == 3) << (status ? "" : status.error().message);
  });
}

TEST_P(DriverContractTest, ProgramsBesideAServerSeeTheirOwnVariables) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Pipe out = MakePipe();
    Program asks{.args = {"/bin/guest", "getenv", "COLOUR"},
                 .env = {{"COLOUR", "green"}},
                 .out = std::move(out.write)};
    auto status = co_await (*served).Exec(std::move(asks));
    EXPECT_TRUE(status.has_value() && *status == 0);
    EXPECT_EQ(ReadAll(out.read), "green");
  });
}

TEST_P(DriverContractTest, AProgramThatIsNotThereIsAFailure) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Program missing{.args = {"/bin/absent"}};
    const auto status = co_await (*served).Exec(std::move(missing));
    EXPECT_TRUE(!status && status.error().code == Errc::kFailedPrecondition);
  });
}

TEST_P(DriverContractTest, ProgramsEndWithTheirServer) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    Pipe in = MakePipe();  // kept open: the program would wait for ever
    Program waits{.args = {"/bin/guest", "echo"}, .in = std::move(in.read)};
    Timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    timer.async_wait([&served](boost::system::error_code) { (*served).Stop(); });
    (void)co_await (*served).Exec(std::move(waits));
    const auto end = co_await served.End();
    ExpectExit(end, ExitReason::kStopped, "stopped");
  });
}

TEST_P(DriverContractTest, APausedServerStandsStillUntilItIsResumed) {
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

TEST_P(DriverContractTest, APausedServerCanBeStopped) {
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

TEST_P(DriverContractTest, BeforeAServerRunsNothingReachesIt) {
  if (!harness_->serves()) return WithServer(*this, nullptr);
  auto sandbox = Make(Guest::kServer);
  CallFixture fixture(loop_, clock_);
  EXPECT_EQ(fixture.Run(sandbox->Dial(kPort)).error().code, Errc::kUnavailable);
  EXPECT_EQ(fixture.Run(sandbox->Exec({.args = {"/bin/guest"}})).error().code, Errc::kUnavailable);
}

}  // namespace strata::sandbox::contract
