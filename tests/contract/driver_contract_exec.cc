// The part of the contract about programs at a terminal, and about those whose client has gone.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/files/files.h"
#include "host/process/terminal.h"
#include "tests/contract/driver_contract.h"
#include "tests/contract/served.h"

namespace strata::sandbox::contract {
namespace {

constexpr host::TerminalSize kSize{33, 77};

// A program at a terminal, as its client has it.
struct AtTerminal {
  Fd screen;
  std::string seen;
  std::shared_ptr<Execution> program;
};

Awaitable<AtTerminal> Start(Served& served, std::string what) {
  auto terminal = host::MakeTerminal(kSize);
  EXPECT_TRUE(terminal.has_value());
  ::fcntl(terminal->outer.get(), F_SETFL, O_NONBLOCK);
  Program program{
      .args = {"/bin/guest", std::move(what)}, .in = std::move(terminal->inner), .terminal = kSize};
  auto started = co_await (*served).Exec(std::move(program));
  EXPECT_TRUE(started.has_value());
  AtTerminal at{std::move(terminal->outer), "", nullptr};
  if (started) at.program = std::move(*started);
  co_return at;
}

// Whether the screen shows `words` in time.
Awaitable<bool> Shows(Served& served, AtTerminal& at, std::string_view words) {
  std::array<char, 1024> part;
  for (int looks = 0; looks < 1000 && !at.seen.contains(words); ++looks) {
    const ssize_t got = ::read(at.screen.get(), part.data(), part.size());
    if (got > 0) at.seen.append(part.data(), static_cast<std::size_t>(got));
    if (got <= 0) co_await served.Pause();
  }
  co_return at.seen.contains(words);
}

Awaitable<std::string> CountProcesses(Served& served) {
  Pipe out = MakePipe();
  Program counts{.args = {"/bin/guest", "processes"}, .out = std::move(out.write)};
  const auto status = co_await RunBeside(*served, std::move(counts));
  EXPECT_TRUE(status && *status == 0);
  co_return ReadAll(out.read);
}

// Once it stays the same: a connection's process may still be on its way out.
Awaitable<std::string> CountAtRest(Served& served) {
  std::string last;
  std::string now = co_await CountProcesses(served);
  for (int looks = 0; looks < 100 && now != last; ++looks) {
    last = std::move(now);
    co_await served.Pause();
    now = co_await CountProcesses(served);
  }
  co_return now;
}

TEST_P(ServerContractTest, AProgramMayBeAtATerminal) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto at = co_await Start(served, "terminal");
    if (!at.program) co_return;
    bool shown = co_await Shows(served, at, "size 33x77\r\n");
    EXPECT_TRUE(shown) << at.seen;
    EXPECT_TRUE(WriteAll(at.screen.get(), "typed"));
    shown = co_await Shows(served, at, "typed");  // echoed
    EXPECT_TRUE(shown) << at.seen;
    at.program->Resize({11, 22});
    shown = co_await Shows(served, at, "size 11x22\r\n");
    EXPECT_TRUE(shown) << at.seen;
    EXPECT_TRUE(WriteAll(at.screen.get(), "\x03"));
    shown = co_await Shows(served, at, "interrupted\r\n");
    EXPECT_TRUE(shown) << at.seen;
    EXPECT_TRUE(WriteAll(at.screen.get(), "\nexit"));
    EXPECT_TRUE(WriteAll(at.screen.get(), "\n"));
    const auto status = co_await at.program->Wait();
    EXPECT_TRUE(status && *status == 5) << (status ? std::to_string(*status) : "");
  });
}

TEST_P(ServerContractTest, AProgramWhoseTerminalHasNobodyIsEndedWithItsSession) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const std::string before = co_await CountAtRest(served);
    auto at = co_await Start(served, "stubborn");
    if (!at.program) co_return;
    const bool shown = co_await Shows(served, at, "ready");
    EXPECT_TRUE(shown);
    at.program->End();
    at.program->End();
    (void)co_await at.program->Wait();
    at.program->End();
    std::string after = co_await CountProcesses(served);
    for (int looks = 0; looks < 100 && after != before; ++looks) {
      co_await served.Pause();
      after = co_await CountProcesses(served);
    }
    EXPECT_EQ(after, before);
  });
}

TEST_P(ServerContractTest, AProgramThatNobodyReadsIsEndedWithItsSession) {
  WithServer(*this, [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const std::string before = co_await CountAtRest(served);
    Pipe out = MakePipe();
    ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
    Program program{.args = {"/bin/guest", "stubborn"}, .out = std::move(out.write)};
    auto started = co_await (*served).Exec(std::move(program));
    if (!started) co_return ADD_FAILURE();
    AtTerminal at{std::move(out.read), "", *started};
    const bool shown = co_await Shows(served, at, "ready");
    EXPECT_TRUE(shown);
    at.program->End();
    (void)co_await at.program->Wait();
    std::string after = co_await CountProcesses(served);
    for (int looks = 0; looks < 100 && after != before; ++looks) {
      co_await served.Pause();
      after = co_await CountProcesses(served);
    }
    EXPECT_EQ(after, before);
  });
}

}  // namespace
}  // namespace strata::sandbox::contract
