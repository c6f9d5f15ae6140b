// host/process/process_child.h - the child's side of Process::Spawn, between fork and execve.
// Private to host/process/process.cc.
//
//   Spawn: ChildPlan, fork --> child: [ RunChild ]: the steps, in ChildStep's order --> execve
//                          <--report pipe: ChildReport, once before execve, once if a step failed--
//
// The parent may have other threads, so the child may only make system calls: no allocation, no
// lock, no stdio. Everything it needs is prepared in a ChildPlan before the fork.
//
// Threads:  the child's only one. Lifetime: a plan borrows its options and is used for one child.
// Errors:   a step and an errno in the report, and exit code 127. Tested by process_test.cc.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/process/process.h"

namespace strata::host {

enum class ChildStep : std::uint8_t {
  kReady,  // no failure: execve is next
  kDescriptors,
  kSession,
  kTerminal,
  kCgroup,
  kOomScore,
  kLimits,
  kNamespaces,
  kUserNamespaceMap,
  kGroups,
  kGroup,
  kUser,
  kCapabilities,
  kNoNewPrivileges,
  kPaths,
  kParentDeath,
  kWorkingDirectory,
  kExecute,
};
std::string_view ChildStepName(ChildStep step) noexcept;  // "set user"

// What the child writes to the report pipe: kReady once, then perhaps a failure.
struct ChildReport {
  ChildStep step = ChildStep::kReady;
  int err = 0;
  Isolation isolation;
};

struct ChildPlan {
  explicit ChildPlan(const SpawnOptions& from);
  ChildPlan(const ChildPlan&) = delete;
  ChildPlan& operator=(const ChildPlan&) = delete;

  const SpawnOptions& options;  // outlives the plan
  std::vector<char*> argv;      // into options, null-terminated
  std::vector<char*> envp;
  std::vector<PassedFd> fds;  // all of them, 0 to 2 included; `from` is overwritten by the child
  int highest_fd = 2;         // of `to`
  int report_fd = -1;
  pid_t parent = 0;
  std::string oom_score;
  std::vector<std::string> cgroup_files;
  std::optional<rlimit> files;  // before `options.limits`
  int ruleset = -1;             // of Landlock; -1: none. The child gives it another number
  std::string uid_map;          // "<uid> <uid> 1": we stay who we are, seen from inside and outside
  std::string gid_map;
};

// Confines the calling process and becomes the program. Reports and exits when that fails.
[[noreturn]] void RunChild(ChildPlan& plan) noexcept;

}  // namespace strata::host
