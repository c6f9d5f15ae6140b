#include "host/confine/seccomp.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include <gtest/gtest.h>

#include "host/confine/confine_test_util.h"

namespace strata::host {
namespace {

// What the child itself needs to free memory and to end, also under a sanitizer.
std::vector<SyscallRule> Basics() {
  std::vector<SyscallRule> rules;
  for (const std::string_view name : {"exit_group", "munmap", "madvise", "brk", "mmap", "futex",
                                      "mprotect", "sched_yield", "write", "sigaltstack"}) {
    rules.push_back({.name = name});
  }
  return rules;
}

TEST(SeccompTest, AllowsTheListAndRefusesTheRest) {
  EXPECT_EQ(InChild([] {
              auto rules = Basics();
              rules.push_back({.name = "getpid"});
              if (!LoadSeccomp(rules, SeccompDefault::kErrno)) return 1;
              if (::syscall(SYS_getpid) <= 0) return 2;
              if (::syscall(SYS_getppid) >= 0 || errno != EPERM) return 3;
              return 0;
            }),
            0);
}

TEST(SeccompTest, KillsTheProcessForAnotherCall) {
  EXPECT_EQ(InChild([] {
              if (!LoadSeccomp(Basics(), SeccompDefault::kKillProcess)) return 1;
              ::syscall(SYS_getppid);
              return 2;
            }),
            1000 + SIGSYS);
}

TEST(SeccompTest, ArgumentRulesCompareUnderTheMask) {
  EXPECT_EQ(InChild([] {
              auto rules = Basics();
              rules.push_back({.name = "fcntl",
                               .arguments = {{.index = 1, .value = F_GETFD},
                                             {.index = 0, .mask = 1, .value = 0}}});
              if (!LoadSeccomp(rules, SeccompDefault::kErrno)) return 1;
              if (::syscall(SYS_fcntl, 0, F_GETFD) < 0 && errno == EPERM) return 2;
              if (::syscall(SYS_fcntl, 1, F_GETFD) >= 0 || errno != EPERM) return 3;
              if (::syscall(SYS_fcntl, 0, F_GETFL) >= 0 || errno != EPERM) return 4;
              return 0;
            }),
            0);
}

TEST(SeccompTest, CallsTheLibraryDoesNotKnowGoByNumberOrAreReported) {
  EXPECT_EQ(InChild([] {
              auto rules = Basics();
              rules.push_back({.name = "not_a_call"});
              rules.push_back({.name = "named_later", .number = SYS_getppid});
              const auto report = LoadSeccomp(rules, SeccompDefault::kErrno);
              if (!report || report->rules != rules.size() - 1) return 1;
              if (report->skipped.size() != 1) return 2;
              if (!report->skipped[0].starts_with("not_a_call: ")) return 3;
              return ::syscall(SYS_getppid) > 0 ? 0 : 4;
            }),
            0);
}

TEST(SeccompTest, ABadTableIsRefusedAndRestrictsNothing) {
  EXPECT_EQ(InChild([] {
              const std::array bad = {
                  SyscallRule{.name = "getpid", .arguments = {{.index = 6, .value = 0}}}};
              const auto refused = LoadSeccomp(bad, SeccompDefault::kKillProcess);
              if (refused || refused.error().code != Errc::kInvalidArgument) return 1;
              if (LoadSeccomp({}, SeccompDefault::kKillProcess)) return 2;
              return ::syscall(SYS_getppid) > 0 ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace strata::host
