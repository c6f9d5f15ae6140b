#include "host/process/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

Terminal Make(TerminalSize size = {}) {
  auto made = MakeTerminal(size);
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return std::move(*made);
}

// Until `last` has come, or nothing more can come.
std::string ReadUntil(const Fd& from, std::string_view last) {
  std::string text;
  std::array<char, 256> part{};
  while (!text.contains(last)) {
    const ssize_t got = ::read(from.get(), part.data(), part.size());
    if (got <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

TEST(TerminalTest, HasTheSizeThatItWasGivenLast) {
  const Terminal terminal = Make({33, 77});
  winsize size{};
  ASSERT_EQ(::ioctl(terminal.inner.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 33);
  EXPECT_EQ(size.ws_col, 77);
  ASSERT_TRUE(SetSize(terminal.inner, {11, 22}));
  ASSERT_EQ(::ioctl(terminal.outer.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 11);
}

TEST(TerminalTest, ARawOneEchoesAndChangesNothing) {
  const Terminal terminal = Make();
  ASSERT_TRUE(MakeRaw(terminal.inner));
  ASSERT_TRUE(WriteAll(terminal.outer.get(), "in\x03"));
  ASSERT_TRUE(WriteAll(terminal.inner.get(), "out\n"));
  EXPECT_EQ(ReadUntil(terminal.inner, "\x03"), "in\x03");
  EXPECT_EQ(ReadUntil(terminal.outer, "\n"), "out\n");
}

TEST(TerminalTest, AProgramMayHaveItAsItsControllingTerminal) {
  Terminal terminal = Make();
  auto shell = Process::Spawn({.program = "/bin/sh",
                               .arguments = {"-c", "echo ready >/dev/tty; read line"},
                               .environment = {"PATH=/bin"},
                               .stdin_fd = terminal.inner.get(),
                               .stdout_fd = terminal.inner.get(),
                               .stderr_fd = terminal.inner.get(),
                               .terminal = ControllingTerminal::kStandardInput});
  ASSERT_TRUE(shell.has_value()) << shell.error().message;
  terminal.inner.Reset();
  EXPECT_TRUE(ReadUntil(terminal.outer, "ready").contains("ready"));
  terminal.outer.Reset();  // hangs up
  Loop loop;
  Result<ExitStatus> ended = Fail(Errc::kInternal, "not run");
  const auto wait = [](Process& process, Result<ExitStatus>& to) -> Awaitable<void> {
    to = co_await process.Wait();
  };
  Spawn(loop, wait(*shell, ended));
  loop.run();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(*ended, (ExitStatus{ExitStatus::Kind::kSignaled, SIGHUP}));
}

TEST(TerminalTest, WhatIsNoTerminalIsRefusedAsOne) {
  const auto shell =
      Process::Spawn({.program = "/bin/true", .terminal = ControllingTerminal::kStandardInput});
  ASSERT_FALSE(shell.has_value());
  EXPECT_TRUE(shell.error().message.contains("take the terminal")) << shell.error().message;
}

}  // namespace
}  // namespace strata::host
