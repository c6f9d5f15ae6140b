#include "host/process/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/confine/confine_test_util.h"
#include "host/confine/landlock.h"

namespace strata::host {
namespace {

constexpr std::chrono::seconds kLong(60);  // only reached by a test that fails

SpawnOptions Shell(const std::string& script) {
  return {.program = "/bin/sh", .arguments = {"-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

// What `options` prints; the test fails if it does not succeed.
std::string OutputOf(const SpawnOptions& options) {
  const auto result = RunToEnd(options, kLong, 1_MiB);
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  EXPECT_TRUE(result->status.success()) << result->status.ToString() << result->err;
  return result->out;
}

// One line of the child's /proc/self/status, without its name and blanks.
std::string StatusLine(SpawnOptions options, const std::string& name) {
  options.program = "/bin/sed";
  options.arguments = {"-n", "s/^" + name + ":[ \t]*//p", "/proc/self/status"};
  std::string line = OutputOf(options);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

Awaitable<void> Note(Process& process, std::optional<Result<ExitStatus>>& status) {
  status = co_await process.Wait();
}

// Waits on a loop of its own.
Result<ExitStatus> WaitFor(Process& process) {
  Loop loop;
  std::optional<Result<ExitStatus>> status;
  Spawn(loop, Note(process, status));
  loop.run();
  return *status;
}

bool IsAlive(const ProcessId& id) {
  auto process = Process::Adopt(id);
  return process && !process->Poll();
}

TEST(ProcessTest, ReportsExitCodesAndSignals) {
  auto code = Process::Spawn(Shell("exit 3"));
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_EQ(*WaitFor(*code), (ExitStatus{ExitStatus::Kind::kExited, 3}));
  EXPECT_EQ(*WaitFor(*code), (ExitStatus{ExitStatus::Kind::kExited, 3})) << "asked again";
  auto signal = Process::Spawn(Shell("kill -TERM $$"));
  ASSERT_TRUE(signal);
  const auto status = WaitFor(*signal);
  EXPECT_EQ(*status, (ExitStatus{ExitStatus::Kind::kSignaled, SIGTERM}));
  EXPECT_EQ(status->ToString(), "signal 15 (Terminated)");
}

TEST(ProcessTest, WhatAChildComputedIsKnownAtItsEnd) {
  auto process = Process::Spawn(Shell("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"));
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_FALSE(process->cpu_at_end());
  ASSERT_TRUE(WaitFor(*process));
  ASSERT_TRUE(process->cpu_at_end());
  EXPECT_GT(*process->cpu_at_end(), std::chrono::milliseconds(5));
}

TEST(ProcessTest, PassesExactlyTheArgumentsAndEnvironmentGiven) {
  SpawnOptions options{.program = "/usr/bin/env", .environment = {"A=1", "B=x y"}};
  EXPECT_EQ(OutputOf(options), "A=1\nB=x y\n");
  options.program = "/bin/echo";
  options.arguments = {"one", "", "two three"};
  EXPECT_EQ(OutputOf(options), "one  two three\n");
}

TEST(ProcessTest, TheChildHasTheGivenDescriptorsAndNoOther) {
  const Fd leaked(::open("/dev/null", O_RDONLY));  // not close-on-exec, as careless code opens it
  const Fd given(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  SpawnOptions options{.program = "/bin/ls", .arguments = {"/proc/self/fd"}};
  options.fds = {{.from = given.get(), .to = 9}};
  EXPECT_EQ(OutputOf(options), "0\n1\n2\n3\n9\n") << "3 is the directory that ls reads";
}

TEST(ProcessTest, PassedDescriptorsMaySwapNumbers) {
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  SpawnOptions options = Shell("echo swapped >&" + std::to_string(ends[0]) + " && read word <&" +
                               std::to_string(ends[1]) + " && echo $word");
  options.fds = {{.from = ends[0], .to = ends[1]}, {.from = ends[1], .to = ends[0]}};
  EXPECT_EQ(OutputOf(options), "swapped\n");
}

TEST(ProcessTest, FailuresBeforeExecNameTheirStep) {
  SpawnOptions options = Shell("true");
  options.working_directory = "/nowhere";
  auto no_directory = Process::Spawn(options);
  ASSERT_FALSE(no_directory);
  EXPECT_EQ(no_directory.error().code, Errc::kNotFound);
  EXPECT_EQ(no_directory.error().message, "start /bin/sh: chdir: No such file or directory");

  auto no_program = Process::Spawn({.program = "/nowhere/tool"});
  ASSERT_FALSE(no_program);
  EXPECT_EQ(no_program.error().code, Errc::kNotFound);
  EXPECT_NE(no_program.error().message.find("execve"), std::string::npos);

  auto bad_limit = Process::Spawn({.program = "/bin/true", .limits = {{.resource = 999}}});
  ASSERT_FALSE(bad_limit);
  EXPECT_NE(bad_limit.error().message.find("set limits"), std::string::npos);
}

TEST(ProcessTest, BadOptionsAreRefusedBeforeAnythingHappens) {
  const std::array<SpawnOptions, 6> bad = {
      SpawnOptions{.program = "/bin/true", .privileges = Privileges::kKeep, .capabilities = 1},
      SpawnOptions{.program = "/bin/true",
                   .privileges = Privileges::kKeep,
                   .paths = std::vector<PathRule>()},
      SpawnOptions{.program = "sh"},
      SpawnOptions{.program = "/bin/true", .fds = {{.from = -1, .to = 3}}},
      SpawnOptions{.program = "/bin/true", .fds = {{.from = 0, .to = 2}}},
      SpawnOptions{.program = "/bin/true", .fds = {{.from = 0, .to = 3}, {.from = 1, .to = 3}}}};
  for (const SpawnOptions& options : bad) {
    const auto process = Process::Spawn(options);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().code, Errc::kInvalidArgument);
  }
}

TEST(ProcessTest, ByDefaultTheChildHasNoPrivilegesAndCannotGainAny) {
  const std::string none = "0000000000000000";
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    if (::geteuid() != 0 && set == std::string("CapBnd")) continue;  // needs CAP_SETPCAP; moot
    EXPECT_EQ(StatusLine({}, set), none) << set;
  }
  EXPECT_EQ(StatusLine({}, "NoNewPrivs"), "1");
  EXPECT_EQ(StatusLine({.privileges = Privileges::kKeep}, "NoNewPrivs"), "0");
}

TEST(ProcessTest, RootMayKeepSingleCapabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const SpawnOptions options{.capabilities = 1ULL << CAP_DAC_READ_SEARCH};
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
    EXPECT_EQ(StatusLine(options, set), "0000000000000004") << set;
  }
  EXPECT_EQ(StatusLine(options, "CapInh"), "0000000000000000");
}

TEST(ProcessTest, TheChildReachesItsPathsAndNoOther) {
  if (const auto abi = LandlockAbi(); !abi) GTEST_SKIP() << abi.error().message;
  const testing::TempDir folder;
  ASSERT_TRUE(WriteFileAtomic(folder / "shown", "shown"));
  ASSERT_TRUE(WriteFileAtomic(folder / "hidden", "hidden"));
  SpawnOptions options = Shell("cat shown; cat hidden 2>/dev/null || echo , no");
  options.working_directory = folder.path();
  options.fds = {{.from = 0, .to = 3}, {.from = 0, .to = 20}};  // numbers that the rules may have
  options.paths = SystemPrograms();
  options.paths->push_back({(folder / "shown").string(), PathAccess::kReadOnly});
  options.paths->push_back({"/dev/null", PathAccess::kDevice});
  EXPECT_EQ(OutputOf(options), "shown, no\n");
}

TEST(ProcessTest, AProgramOutsideItsPathsIsNotStarted) {
  if (const auto abi = LandlockAbi(); !abi) GTEST_SKIP() << abi.error().message;
  SpawnOptions options = Shell("true");
  options.paths.emplace();
  const auto process = Process::Spawn(options);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, Errc::kPermissionDenied);
  EXPECT_EQ(process.error().message, "start /bin/sh: execve: Permission denied");
}

TEST(ProcessTest, SignalsStartFresh) {
  struct sigaction ignore = {};
  struct sigaction before = {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGPIPE, &ignore, &before), 0);
  const std::string ignored = StatusLine({}, "SigIgn");
  const std::string blocked = StatusLine({}, "SigBlk");
  ::sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(ignored, "0000000000000000");
  EXPECT_EQ(blocked, "0000000000000000");
}

TEST(ProcessTest, LimitsWorkingDirectoryMaskAndSessionAreSet) {
  SpawnOptions options = Shell("ulimit -n; pwd; umask; cut -d' ' -f1,6 /proc/$$/stat");
  options.limits = {{.resource = RLIMIT_NOFILE, .value = 20}};
  options.working_directory = "/usr";
  const std::string out = OutputOf(options);
  EXPECT_TRUE(out.starts_with("20\n/usr\n0077\n")) << out;
  const std::string ids = out.substr(out.rfind('\n', out.size() - 2) + 1);
  const std::size_t space = ids.find(' ');
  EXPECT_EQ(ids.substr(0, space) + "\n", ids.substr(space + 1)) << "pid and session";
}

TEST(ProcessTest, TheOomScoreIsRaised) {
  SpawnOptions options{.program = "/bin/cat", .arguments = {"/proc/self/oom_score_adj"}};
  options.oom_score_adjust = 777;
  EXPECT_EQ(OutputOf(options), "777\n");
}

TEST(ProcessTest, RootBecomesTheGivenUserWithoutGroups) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const SpawnOptions options{.identity = Identity{.uid = 12345, .gid = 23456}};
  EXPECT_EQ(StatusLine(options, "Uid"), "12345\t12345\t12345\t12345");
  EXPECT_EQ(StatusLine(options, "Gid"), "23456\t23456\t23456\t23456");
  EXPECT_EQ(StatusLine(options, "Groups"), "");
  EXPECT_EQ(StatusLine(options, "CapEff"), "0000000000000000");
}

TEST(ProcessTest, NamespacesAreNewWhenAskedForAndAllowed) {
  SpawnOptions options{.program = "/bin/readlink", .arguments = {"/proc/self/ns/net"}};
  const std::string ours = OutputOf(options);
  EXPECT_EQ(ours, std::filesystem::read_symlink("/proc/self/ns/net").string() + "\n");
  options.namespaces = Namespaces::kIfAllowed;
  auto process = Process::Spawn(options);
  ASSERT_TRUE(process) << process.error().message;
  if (!process->isolation().namespaces) GTEST_SKIP() << "no namespaces on this host";
  EXPECT_NE(OutputOf(options), ours);
  options.program = "/bin/cat";
  options.arguments = {"/proc/self/net/dev"};
  const std::string devices = OutputOf(options);
  EXPECT_NE(devices.find("lo:"), std::string::npos);
  EXPECT_EQ(std::count(devices.begin(), devices.end(), ':'), 1) << "only loopback: " << devices;
}

TEST(ProcessTest, WithoutRootNamespacesHangUnderAUserNamespace) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to stop being it";
  const int result = InChild([] {
    if (::setresgid(12345, 12345, 12345) != 0 || ::setresuid(12345, 12345, 12345) != 0) return 1;
    SpawnOptions options = Shell("test $(id -u) = 12345 && test $(id -g) = 12345");
    options.namespaces = Namespaces::kRequired;
    auto process = Process::Spawn(options);
    if (!process) return process.error().code == Errc::kPermissionDenied ? 50 : 2;
    if (!process->isolation().namespaces || !process->isolation().user_namespace) return 3;
    const auto status = WaitFor(*process);
    return status && status->success() ? 0 : 4;
  });
  if (result == 50) GTEST_SKIP() << "this host allows no user namespaces";
  EXPECT_EQ(result, 0);
}

TEST(ProcessTest, DestroyingItKillsAndReaps) {
  ProcessId id;
  {
    auto process = Process::Spawn(Shell("sleep 1000"));
    ASSERT_TRUE(process);
    id = process->id();
    EXPECT_TRUE(IsAlive(id));
  }
  const auto gone = IdentifyProcess(id.pid);
  EXPECT_TRUE(!gone || *gone != id) << "not even a zombie is left";
}

TEST(ProcessTest, ADetachedProcessLivesOnAndCanBeAdopted) {
  ProcessId id;
  {
    auto process = Process::Spawn({.program = "/bin/sleep", .arguments = {"1000"}});
    ASSERT_TRUE(process);
    process->Detach();
    id = process->id();
  }
  auto adopted = Process::Adopt(id);
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_FALSE(adopted->Poll());
  ASSERT_TRUE(adopted->Kill(SIGKILL));
  EXPECT_EQ(*WaitFor(*adopted), (ExitStatus{ExitStatus::Kind::kSignaled, SIGKILL}));
  EXPECT_TRUE(adopted->Kill(SIGKILL)) << "it has ended already";
}

TEST(ProcessTest, OnlyTheVeryProcessIsAdopted) {
  auto process = Process::Spawn(Shell("sleep 1000"));
  ASSERT_TRUE(process);
  ProcessId id = process->id();
  EXPECT_TRUE(Process::Adopt(id));
  id.start_time += 1;
  EXPECT_EQ(Process::Adopt(id).error().code, Errc::kNotFound) << "the pid was used again";
  id = process->id();
  id.boot_id = "before the reboot";
  EXPECT_EQ(Process::Adopt(id).error().code, Errc::kNotFound);
}

// Starts a sleeping process from a child that then ends at once, as kill -9 would end it.
ProcessId StartFromADyingParent(int death_signal) {
  static int report = -1;
  static int signal = 0;
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd in(ends[0]);
  const Fd out(ends[1]);
  report = out.get();
  signal = death_signal;
  EXPECT_EQ(InChild([] {
              auto process = Process::Spawn(
                  {.program = "/bin/sleep", .arguments = {"1000"}, .parent_death_signal = signal});
              if (!process) return 1;
              process->Detach();
              const ProcessId& id = process->id();
              if (::write(report, &id.pid, sizeof(id.pid)) < 0) return 2;
              return ::write(report, &id.start_time, sizeof(id.start_time)) > 0 ? 0 : 3;
            }),
            0);
  ProcessId id;
  EXPECT_EQ(::read(in.get(), &id.pid, sizeof(id.pid)), static_cast<ssize_t>(sizeof(id.pid)));
  EXPECT_EQ(::read(in.get(), &id.start_time, sizeof(id.start_time)),
            static_cast<ssize_t>(sizeof(id.start_time)));
  id.boot_id = IdentifyProcess(::getpid())->boot_id;
  return id;
}

TEST(ProcessTest, TheEndOfSomebodyElsesChildIsSeenWithoutItsStatus) {
  auto adopted = Process::Adopt(StartFromADyingParent(0));
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_FALSE(adopted->Poll());
  ASSERT_TRUE(adopted->Kill(SIGKILL));
  EXPECT_EQ(WaitFor(*adopted)->kind, ExitStatus::Kind::kUnknown);
}

TEST(ProcessTest, DiesWithItsParentWhenAskedTo) {
  auto adopted = Process::Adopt(StartFromADyingParent(SIGKILL));
  if (!adopted) return;  // it has ended already
  EXPECT_EQ(WaitFor(*adopted)->kind, ExitStatus::Kind::kUnknown);
}

TEST(ProcessTest, AWaitOutlivesTheProcessObject) {
  Loop loop;
  std::optional<Result<ExitStatus>> status;
  {
    auto process = Process::Spawn(Shell("sleep 1000"));
    ASSERT_TRUE(process);
    Spawn(loop, Note(*process, status));
    loop.poll();
    EXPECT_FALSE(status);
  }
  loop.run();
  ASSERT_TRUE(status && *status);
  EXPECT_EQ(**status, (ExitStatus{ExitStatus::Kind::kSignaled, SIGKILL}));
}

TEST(ProcessTest, AWaitCanBeCancelled) {
  Loop loop;
  auto process = Process::Spawn(Shell("sleep 1000"));
  ASSERT_TRUE(process);
  std::optional<Result<ExitStatus>> status;
  asio::cancellation_signal cancel;
  asio::co_spawn(loop.get_executor(), Note(*process, status),
                 asio::bind_cancellation_slot(cancel.slot(), asio::detached));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.run();
  ASSERT_TRUE(status);
  ASSERT_FALSE(*status);
  EXPECT_EQ(status->error().code, Errc::kUnavailable);
  EXPECT_FALSE(process->Poll()) << "it still runs";
}

}  // namespace
}  // namespace strata::host
