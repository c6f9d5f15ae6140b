#include "artifact/unpack/confine.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "host/confine/landlock.h"
#include "host/confine/seccomp.h"

namespace strata::artifact::unpack {
namespace {

constexpr std::array<host::SyscallRule, 42> kCalls = {{
    {"read"},         {"pread64"},         {"readv"},        {"write"},
    {"pwrite64"},     {"writev"},          {"lseek"},        {"close"},
    {"fstat"},        {"newfstatat"},      {"openat"},       {"openat2"},
    {"mkdirat"},      {"unlinkat"},        {"symlinkat"},    {"linkat"},
    {"fchown"},       {"fchownat"},        {"fchmod"},       {"utimensat"},
    {"ftruncate"},    {"syncfs"},          {"fcntl"},        {"mmap"},
    {"munmap"},       {"mremap"},          {"mprotect"},     {"madvise"},
    {"brk"},          {"futex"},           {"getrandom"},    {"clock_gettime"},
    {"gettimeofday"}, {"rt_sigprocmask"},  {"rt_sigaction"}, {"rt_sigreturn"},
    {"getpid"},       {"gettid"},          {"tgkill"},       {"exit"},
    {"exit_group"},   {"restart_syscall"},
}};

Result<void> KeepCapabilities(std::uint32_t kept) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    const bool keep = capability < 32 && ((kept >> capability) & 1) != 0;
    if (!keep && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) {
      return FailErrno("drop capabilities", errno);
    }
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  sets[0].effective = kept;
  sets[0].permitted = kept;
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return FailErrno("capset", errno);
  return {};
}

}  // namespace

Result<void> Confine(const std::optional<std::string>& directory) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("no_new_privs", errno);
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("dumpable", errno);
  constexpr std::uint32_t kOwners =
      1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID;
  if (auto kept = KeepCapabilities(directory ? kOwners : 0); !kept) return kept;
  std::vector<host::PathRule> rules;
  if (directory) rules.push_back({*directory, host::PathAccess::kReadWrite});
  if (auto restricted = host::Restrict(rules); !restricted) {
    return std::unexpected(restricted.error());
  }
  auto loaded = host::LoadSeccomp(kCalls, host::SeccompDefault::kKillProcess);
  if (!loaded) return std::unexpected(loaded.error());
  return {};
}

}  // namespace strata::artifact::unpack
