#include "host/confine/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <seccomp.h>

#include "host/files/memfd.h"

namespace strata::host {
namespace {

constexpr unsigned kMaxArguments = 6;
constexpr std::uint32_t kBinaryTree = 2;  // of SCMP_FLTATR_CTL_OPTIMIZE: log n instead of n steps

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

std::uint32_t ActionFor(SeccompDefault otherwise) {
  switch (otherwise) {
    case SeccompDefault::kKillProcess:
      return SCMP_ACT_KILL_PROCESS;
    case SeccompDefault::kErrno:
      return SCMP_ACT_ERRNO(EPERM);
    case SeccompDefault::kLog:
      return SCMP_ACT_LOG;
  }
  return SCMP_ACT_KILL_PROCESS;
}

// The call's number here, or a negative one.
int Resolve(const SyscallRule& rule) {
  const int number = seccomp_syscall_resolve_name(std::string(rule.name).c_str());
  return number == __NR_SCMP_ERROR ? rule.number : number;
}

Result<void> AddRule(scmp_filter_ctx filter, const SyscallRule& rule, int number) {
  std::vector<scmp_arg_cmp> comparisons;
  for (const ArgumentRule& argument : rule.arguments) {
    if (argument.index >= kMaxArguments) {
      return Fail(Errc::kInvalidArgument, "seccomp: " + std::string(rule.name) +
                                              " has no argument " + std::to_string(argument.index));
    }
    comparisons.push_back({.arg = argument.index,
                           .op = SCMP_CMP_MASKED_EQ,
                           .datum_a = argument.mask,
                           .datum_b = argument.value});
  }
  const int failed =
      seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, number,
                                   static_cast<unsigned>(comparisons.size()), comparisons.data());
  // EEXIST: the same rule twice, which changes nothing.
  if (failed != 0 && failed != -EEXIST) {
    return FailErrno("seccomp rule for " + std::string(rule.name), -failed);
  }
  return {};
}

Result<void> Optimise(scmp_filter_ctx filter) {
  if (const int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree);
      failed != 0) {
    return FailErrno("seccomp: optimise", -failed);
  }
  return {};
}

// The kernel's instructions, which libseccomp writes to a file only.
Result<std::vector<std::uint64_t>> Export(scmp_filter_ctx filter) {
  static_assert(sizeof(sock_filter) == sizeof(std::uint64_t));
  const auto file = MakeMemfd("strata-seccomp");
  if (!file) return std::unexpected(file.error());
  if (const int failed = seccomp_export_bpf(filter, file->get()); failed != 0) {
    return FailErrno("seccomp: write the filter", -failed);
  }
  const auto sealed = SealMemfd(file->get());
  if (!sealed) return std::unexpected(sealed.error());
  const auto mapped = MapSealedMemfd(file->get());
  if (!mapped) return std::unexpected(mapped.error());
  std::vector<std::uint64_t> program(mapped->bytes().size() / sizeof(std::uint64_t));
  std::memcpy(program.data(), mapped->bytes().data(), program.size() * sizeof(std::uint64_t));
  return program;
}

}  // namespace

Result<SeccompFilter> SeccompFilter::Make(std::span<const SyscallRule> allowed,
                                          SeccompDefault otherwise) {
  if (allowed.empty()) return Fail(Errc::kInvalidArgument, "seccomp: an empty allow-list");
  const Filter filter(seccomp_init(ActionFor(otherwise)));
  if (!filter) return Fail(Errc::kUnsupported, "seccomp: no filter could be made");
  if (auto done = Optimise(filter.get()); !done) {
    return std::unexpected(std::move(done).error());
  }
  SeccompFilter made;
  SeccompReport& report = made.report_;
  for (const SyscallRule& rule : allowed) {
    const int number = Resolve(rule);
    if (number < 0) {
      report.skipped.push_back(std::string(rule.name) + ": unknown on this system");
      continue;
    }
    if (auto done = AddRule(filter.get(), rule, number); !done) {
      return std::unexpected(std::move(done).error());
    }
    ++report.rules;
  }
  auto program = Export(filter.get());
  if (!program) return std::unexpected(std::move(program).error());
  made.program_ = std::move(*program);
  return made;
}

Result<void> SeccompFilter::Load() const {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("no_new_privs", errno);
  const sock_fprog program{
      .len = static_cast<unsigned short>(program_.size()),
      .filter = reinterpret_cast<sock_filter*>(const_cast<std::uint64_t*>(program_.data()))};
  const long failed =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (failed == 0) return {};
  if (failed > 0) return Fail(Errc::kInternal, "load seccomp filter: another thread has its own");
  if (errno == EINVAL || errno == ENOSYS) {
    return Fail(Errc::kUnsupported, "the kernel has no seccomp filters");
  }
  return FailErrno("load seccomp filter", errno);
}

Result<SeccompReport> LoadSeccomp(std::span<const SyscallRule> allowed, SeccompDefault otherwise) {
  const auto made = SeccompFilter::Make(allowed, otherwise);
  if (!made) return std::unexpected(made.error());
  if (auto loaded = made->Load(); !loaded) return std::unexpected(std::move(loaded).error());
  return made->report();
}

}  // namespace strata::host
