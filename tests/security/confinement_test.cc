// What a process that confined itself as a cell can still do, tried out one thing per child
// process.
#include "cell/start/confinement.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "cell/start/seccomp_table.h"

namespace strata::cell {
namespace {

constexpr int kNotConfined = 200;  // exit codes of the child below errno's own
constexpr int kNoLandlock = 201;

// Forks, confines the child as `role` and runs `action` in it; returns waitpid's status.
int RunConfined(Role role, const AllowedPaths& allowed, const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto confined = Confine(role, allowed, MissingProtection::kAccept);
    if (!confined) ::_exit(kNotConfined);
    for (const std::string& missing : confined->missing) {
      if (missing.starts_with("landlock")) ::_exit(kNoLandlock);
    }
    ::_exit(action());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool LandlockMissing(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == kNoLandlock; }

// ---- calls that end the process -----------------------------------------------------------------

struct Forbidden {
  const char* label;
  Role role;
  void (*call)();
};

class ForbiddenCallTest : public ::testing::TestWithParam<Forbidden> {};

TEST_P(ForbiddenCallTest, KillsTheProcess) {
  const int status = RunConfined(GetParam().role, {}, [] {
    GetParam().call();
    return 0;
  });
  if (LandlockMissing(status)) GTEST_SKIP() << "this kernel has no Landlock";
  ASSERT_TRUE(WIFSIGNALED(status)) << "it went on, status " << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

void Execve() {
  char* const none[] = {nullptr};
  ::execve("/bin/true", none, none);
}
void Ptrace() { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }
void SocketInet() { (void)::socket(AF_INET, SOCK_STREAM, 0); }
void SocketUnix() { (void)::socket(AF_UNIX, SOCK_STREAM, 0); }
void SocketNetlink() { (void)::socket(AF_NETLINK, SOCK_RAW, 0); }
void Bpf() { ::syscall(SYS_bpf, BPF_PROG_LOAD, nullptr, 0); }
void Mount() { ::mount("none", "/tmp", "tmpfs", 0, nullptr); }
void Unshare() { ::unshare(CLONE_NEWUSER); }
void Setns() { ::setns(0, 0); }
void Chroot() { (void)!::chroot("/"); }
void Fork() { (void)::syscall(SYS_fork); }
void Kill() { ::kill(1, SIGTERM); }
void Setuid() { (void)!::setuid(0); }
void Perf() { ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }
void IoUring() { ::syscall(SYS_io_uring_setup, 1, nullptr); }
void Keyctl() { ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }
void Userfaultfd() { ::syscall(SYS_userfaultfd, 0); }
void ReadOtherMemory() { ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }
void PidfdGetfd() { ::syscall(SYS_pidfd_getfd, 0, 0, 0); }
void OpenByHandle() { ::syscall(SYS_open_by_handle_at, 0, nullptr, 0); }
void InitModule() { ::syscall(SYS_init_module, nullptr, 0, nullptr); }
void StartThread() {
  std::thread([] {}).join();
}

INSTANTIATE_TEST_SUITE_P(
    Host, ForbiddenCallTest,
    ::testing::Values(
        Forbidden{"Execve", Role::kHost, Execve}, Forbidden{"Ptrace", Role::kHost, Ptrace},
        Forbidden{"SocketInet", Role::kHost, SocketInet},
        Forbidden{"SocketUnix", Role::kHost, SocketUnix},
        Forbidden{"SocketNetlink", Role::kHost, SocketNetlink}, Forbidden{"Bpf", Role::kHost, Bpf},
        Forbidden{"Mount", Role::kHost, Mount}, Forbidden{"Unshare", Role::kHost, Unshare},
        Forbidden{"Setns", Role::kHost, Setns}, Forbidden{"Chroot", Role::kHost, Chroot},
        Forbidden{"Fork", Role::kHost, Fork}, Forbidden{"Kill", Role::kHost, Kill},
        Forbidden{"Setuid", Role::kHost, Setuid}, Forbidden{"Perf", Role::kHost, Perf},
        Forbidden{"IoUring", Role::kHost, IoUring}, Forbidden{"Keyctl", Role::kHost, Keyctl},
        Forbidden{"Userfaultfd", Role::kHost, Userfaultfd},
        Forbidden{"ReadOtherMemory", Role::kHost, ReadOtherMemory},
        Forbidden{"PidfdGetfd", Role::kHost, PidfdGetfd},
        Forbidden{"OpenByHandle", Role::kHost, OpenByHandle},
        Forbidden{"InitModule", Role::kHost, InitModule},
        Forbidden{"StartThread", Role::kHost, StartThread}),
    [](const auto& info) { return info.param.label; });

INSTANTIATE_TEST_SUITE_P(Compile, ForbiddenCallTest,
                         ::testing::Values(Forbidden{"Execve", Role::kCompile, Execve},
                                           Forbidden{"FrontSocketInet", Role::kFront, SocketInet},
                                           Forbidden{"FrontSocketUnix", Role::kFront, SocketUnix},
                                           Forbidden{"FrontPtrace", Role::kFront, Ptrace},
                                           Forbidden{"FrontKill", Role::kFront, Kill},
                                           Forbidden{"Ptrace", Role::kCompile, Ptrace},
                                           Forbidden{"SocketInet", Role::kCompile, SocketInet},
                                           Forbidden{"SocketUnix", Role::kCompile, SocketUnix},
                                           Forbidden{"Bpf", Role::kCompile, Bpf},
                                           Forbidden{"Mount", Role::kCompile, Mount},
                                           Forbidden{"Kill", Role::kCompile, Kill}),
                         [](const auto& info) { return info.param.label; });

// ---- the tables ---------------------------------------------------------------------------------

TEST(SeccompTableTest, HoldsNoCallThatOpensAWayOut) {
  const std::set<std::string_view> never = {
      "execve",      "execveat",   "fork",       "vfork",          "ptrace",
      "socket",      "connect",    "bind",       "kill",           "bpf",
      "mount",       "umount2",    "unshare",    "setns",          "chroot",
      "setuid",      "setgid",     "capset",     "keyctl",         "userfaultfd",
      "init_module", "kexec_load", "pivot_root", "io_uring_setup", "process_vm_writev",
      "pidfd_getfd", "chmod",      "fchmod",     "chown",          "seccomp",
      "prctl",       "setrlimit",  "prlimit64",  "personality",    "name_to_handle_at"};
  for (const Role role : {Role::kHost, Role::kFront, Role::kCompile}) {
    for (const host::SyscallRule& rule : SeccompTable(role)) {
      EXPECT_FALSE(never.contains(rule.name)) << rule.name;
    }
  }
  for (const Role role : {Role::kHost, Role::kFront}) {
    for (const host::SyscallRule& rule : SeccompTable(role)) {
      EXPECT_FALSE(rule.name.starts_with("clone")) << "a cell that serves starts no thread";
    }
  }
}

// tools/seccomp_trace --check runs the programs; this keeps its words beside every line.
TEST(SeccompTableTest, EveryLineSaysThatItWasSeenOrWhyItIsKept) {
  const std::regex line_form(R"re(\{"\w+".*\},  // (seen(, \w+ only)?|kept: .+))re");
  for (const char* role : {"host", "front", "compile"}) {
    std::ifstream file(std::string(STRATA_CELL_SOURCES "/seccomp_") + role + ".inc");
    ASSERT_TRUE(file.good());
    std::string line;
    std::getline(file, line);  // where it comes from
    int lines = 0;
    for (; std::getline(file, line); ++lines) {
      EXPECT_TRUE(std::regex_match(line, line_form)) << line;
    }
    EXPECT_GT(lines, 10);
  }
}

TEST(ConfinementTest, TheCompileRoleMayStartThreads) {
  const int status = RunConfined(Role::kCompile, {}, [] {
    StartThread();
    return 0;
  });
  if (LandlockMissing(status)) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// ---- files --------------------------------------------------------------------------------------

class ConfinedFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"ro", "rw", "other"}) {
      std::filesystem::create_directory(dir_ / name);
      std::ofstream(dir_ / name / "file") << "x";
    }
    allowed_ = {{dir_ / "ro"}, {dir_ / "rw"}};
  }

  // 0, or the errno of opening `path` with `flags` in a confined host process.
  int Open(const std::string& path, int flags) {
    const int status = RunConfined(
        Role::kHost, allowed_, [&] { return ::open(path.c_str(), flags, 0600) < 0 ? errno : 0; });
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return WEXITSTATUS(status);
  }

  const testing::TempDir dir_;
  AllowedPaths allowed_;
};

TEST_F(ConfinedFilesTest, OnlyWhatIsAllowedCanBeOpened) {
  if (Open("/dev/null", O_RDONLY) == kNoLandlock) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(Open(dir_ / "ro/file", O_RDONLY), 0);
  EXPECT_EQ(Open(dir_ / "ro/file", O_WRONLY), EACCES);
  EXPECT_EQ(Open(dir_ / "ro/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(Open(dir_ / "rw/file", O_RDWR), 0);
  EXPECT_EQ(Open(dir_ / "rw/new", O_WRONLY | O_CREAT), 0);
  EXPECT_EQ(Open(dir_ / "other/file", O_RDONLY), EACCES);
  EXPECT_EQ(Open(dir_ / "ro/../other/file", O_RDONLY), EACCES);
  EXPECT_EQ(Open("/etc/passwd", O_RDONLY), EACCES);
  EXPECT_EQ(Open("/proc/self/mem", O_RDWR), EACCES);
  EXPECT_EQ(Open("/dev/kvm", O_RDWR), EACCES);
}

TEST_F(ConfinedFilesTest, ALinkOutOfAnAllowedDirectoryLeadsNowhere) {
  std::filesystem::create_symlink(dir_ / "other/file", dir_ / "ro/link");
  const int result = Open(dir_ / "ro/link", O_RDONLY);
  if (result == kNoLandlock) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(result, EACCES);
}

TEST_F(ConfinedFilesTest, ADirectoryThatCameLaterThanTheConfinementIsNotReachable) {
  const std::string late = dir_ / "late";
  const int status = RunConfined(Role::kHost, {{dir_ / "ro", late}, {}}, [this, &late] {
    const Fd listed(::open((dir_ / "ro/file").c_str(), O_RDONLY | O_CLOEXEC));
    if (!listed.valid()) return errno;
    const Fd absent(::open(late.c_str(), O_RDONLY | O_CLOEXEC));
    return absent.valid() ? 0 : errno;
  });
  if (LandlockMissing(status)) GTEST_SKIP() << "this kernel has no Landlock";
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), ENOENT);
}

TEST(ConfinementTest, RunningAsRootIsRefusedAndNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to show that it is refused";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto confined = Confine(Role::kHost, {}, MissingProtection::kRefuse);
    if (confined || confined.error().code != Errc::kFailedPrecondition) ::_exit(1);
    ::_exit(confined.error().message.find("own-user") == std::string::npos ? 2 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(ConfinementTest, CoreDumpsAreOff) {
  const int status = RunConfined(Role::kHost, {}, [] {
    ::raise(SIGSEGV);
    return 0;
  });
  if (LandlockMissing(status)) GTEST_SKIP() << "this kernel has no Landlock";
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(WCOREDUMP(status));
}

}  // namespace
}  // namespace strata::cell
