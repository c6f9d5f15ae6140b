#include "tests/contract/served.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <utility>

namespace strata::sandbox::contract {
namespace {

using model::Exit;
using testing::CallFixture;

constexpr std::chrono::milliseconds kLookAgain{20};
constexpr auto kPatience = Served::kPatience;

Task<void> RunScenario(Served& served, Scenario scenario) {
  co_await scenario(served);
  co_await served.Finish();
  co_return Result<void>{};
}

void ExpectRefused(DriverContract& contract, Sandbox& sandbox) {
  CallFixture fixture(contract.loop_, contract.clock_);
  const auto refused = [](const auto& outcome) {
    return !outcome && outcome.error().code == Errc::kUnsupported;
  };
  EXPECT_TRUE(refused(fixture.Run(sandbox.Serve())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Dial(Served::kPort))));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Measure())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Pause())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Resume())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Snapshot())));
  EXPECT_TRUE(refused(fixture.Run(sandbox.Exec({.args = {"/bin/guest"}}))));
  EXPECT_TRUE(refused(
      fixture.Run(sandbox.Exec({.args = {"/bin/guest"}, .terminal = host::TerminalSize{}}))));
  const auto root = contract.harness_->scratch_root();
  EXPECT_TRUE(root.empty() || !std::filesystem::exists(root) || std::filesystem::is_empty(root));
}

}  // namespace

Served::Served(DriverContract& contract, std::unique_ptr<Sandbox> sandbox)
    : contract_(contract), timer_(contract.loop_.get_executor()), sandbox_(std::move(sandbox)) {
  Spawn(contract.loop_, Run());
}

Awaitable<void> Served::Run() { end_ = co_await sandbox_->Serve(); }

Awaitable<bool> Served::Ready() {
  while (!end_) {
    auto dialled = co_await sandbox_->Dial(kPort);
    if (dialled) co_return true;
    co_await Pause();
  }
  co_return false;
}

Awaitable<Result<Exit>> Served::End() {
  while (!end_) co_await Pause();
  co_return *end_;
}

Awaitable<void> Served::Pause() {
  timer_.expires_after(kLookAgain);
  co_await timer_.async_wait(kAwait);
}

Awaitable<void> Served::Finish() {
  sandbox_->Stop();
  (void)co_await End();
}

Awaitable<std::string> Served::Ask(std::string path) {
  auto connection = co_await sandbox_->Dial(kPort);
  if (!connection) co_return "no connection: " + connection.error().message;
  co_return co_await AskOn(*connection, std::move(path));
}

Awaitable<std::string> Served::AskOn(const Fd& connection, std::string path) {
  Send(connection, "GET " + path + " HTTP/1.1\r\n\r\n");
  std::string answer;
  std::size_t body = std::string::npos;
  std::size_t length = 1;
  for (auto waited = kLookAgain; waited < kPatience; waited += kLookAgain) {
    std::array<char, 4096> part;
    const ssize_t got = ::recv(connection.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (got > 0) answer.append(part.data(), static_cast<std::size_t>(got));
    body = answer.find("\r\n\r\n");
    const std::size_t field = answer.find("Content-Length: ");
    if (body != std::string::npos && field < body) length = std::stoul(answer.substr(field + 16));
    if (body != std::string::npos && answer.size() >= body + 4 + length) break;
    co_await Pause();
  }
  co_return body == std::string::npos ? answer : answer.substr(body + 4);
}

void Send(const Fd& connection, std::string_view request) {
  EXPECT_EQ(::send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
}

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

Task<int> RunBeside(Sandbox& sandbox, Program program) {
  auto started = co_await sandbox.Exec(std::move(program));
  if (!started) co_return std::unexpected(std::move(started).error());
  co_return co_await (*started)->Wait();
}

Spec ServerSpec(std::string id, LogSink* lines) {
  return {.id = std::move(id),
          .env = {{"PORT", std::to_string(Served::kPort)}},
          .effects = {.logs = lines},
          .stop_grace = std::chrono::milliseconds(3000)};
}

void WithServer(DriverContract& contract, Scenario scenario, LogSink* lines) {
  WithServer(contract, std::move(scenario), ServerSpec("box-1", lines));
}

void WithServer(DriverContract& contract, Scenario scenario, const Spec& spec) {
  auto sandbox = contract.Make(Guest::kServer, spec);
  if (!contract.harness_->serves()) return ExpectRefused(contract, *sandbox);
  Served served(contract, std::move(sandbox));
  CallFixture fixture(contract.loop_, contract.clock_);
  EXPECT_TRUE(fixture.Run(RunScenario(served, std::move(scenario))).has_value());
}

}  // namespace strata::sandbox::contract
