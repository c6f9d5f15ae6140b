#include "host/seccomp.h"

#include <cerrno>
#include <memory>

#include <seccomp.h>

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

Result<void> SetAttributes(scmp_filter_ctx filter) {
  if (const int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); failed != 0) {
    return FailErrno("seccomp: cover all threads", -failed);
  }
  if (const int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree);
      failed != 0) {
    return FailErrno("seccomp: optimise", -failed);
  }
  return {};
}

}  // namespace

Result<SeccompReport> LoadSeccomp(std::span<const SyscallRule> allowed, SeccompDefault otherwise) {
  if (allowed.empty()) return Fail(Errc::kInvalidArgument, "seccomp: an empty allow-list");
  const Filter filter(seccomp_init(ActionFor(otherwise)));
  if (!filter) return Fail(Errc::kUnsupported, "seccomp: no filter could be made");
  if (auto done = SetAttributes(filter.get()); !done) {
    return std::unexpected(std::move(done).error());
  }
  SeccompReport report;
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
  // Sets no_new_privs, too (libseccomp's default).
  const int failed = seccomp_load(filter.get());
  if (failed == -EINVAL || failed == -ENOSYS) {
    return Fail(Errc::kUnsupported, "the kernel has no seccomp filters");
  }
  if (failed != 0) return FailErrno("load seccomp filter", -failed);
  return report;
}

}  // namespace strata::host
