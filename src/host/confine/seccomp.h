// host/confine/seccomp.h - a system call allow-list for the calling process (libseccomp).
//
// The table is data: names of calls, and for a few of them what an argument must look like. It
// bounds which kernel code a broken engine could reach. It does NOT look behind pointers (no
// paths, no struct contents), and a call that is allowed is allowed with every descriptor held.
//
// Threads: covers every thread of the process (TSYNC). Cannot be undone. Needs no_new_privs, which
// LoadSeccomp sets. Tested by host/confine/seccomp_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata::host {

// The call is allowed only when (argument & mask) == value.
struct ArgumentRule {
  unsigned index = 0;  // 0..5
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t value = 0;
};

struct SyscallRule {
  std::string_view name;
  int number = -1;  // x86-64 number, for calls that the installed libseccomp has no name for
  std::vector<ArgumentRule> arguments = {};  // all must hold; a name may appear in several rules
};

// What happens to any other call.
enum class SeccompDefault : std::uint8_t {
  kKillProcess,  // SIGSYS; the kernel logs it
  kErrno,        // the call fails with EPERM; for tests and for finding out what is missing
  kLog,          // the call is allowed and logged by the kernel; protects nothing
};

struct SeccompReport {
  std::size_t rules = 0;
  std::vector<std::string> skipped;  // "name: reason", for calls this system does not know
};

// A filter that is made once and then loaded, by this process or by what it forks: making it takes
// milliseconds.
class SeccompFilter {
 public:
  // kInvalidArgument: a bad argument index or an empty table; kUnsupported: none can be made here.
  static Result<SeccompFilter> Make(std::span<const SyscallRule> allowed, SeccompDefault otherwise);
  // kUnsupported: the kernel has no seccomp filters. On failure nothing is restricted.
  [[nodiscard]] Result<void> Load() const;

  [[nodiscard]] const SeccompReport& report() const noexcept { return report_; }

 private:
  SeccompReport report_;
  std::vector<std::uint64_t> program_;  // of the kernel's instructions, one each
};

// Both: makes and loads it.
Result<SeccompReport> LoadSeccomp(std::span<const SyscallRule> allowed, SeccompDefault otherwise);

}  // namespace strata::host
