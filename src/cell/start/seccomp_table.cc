#include "cell/start/seccomp_table.h"

#include <vector>

namespace strata::cell {
namespace {

const std::vector<host::SyscallRule>& HostTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/start/seccomp_host.inc"
  };
  return table;
}

const std::vector<host::SyscallRule>& FrontTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/start/seccomp_front.inc"
  };
  return table;
}

const std::vector<host::SyscallRule>& CompileTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/start/seccomp_compile.inc"
  };
  return table;
}

// A host's, of which some are for the children alone, and what it takes to make one.
const std::vector<host::SyscallRule>& ZygoteTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/start/seccomp_host.inc"
      {"capget"},                        // the child looks at what it has
      {"clone3", 435},                   // the child
      {"dup3"},                          // its streams
      {"dup2"},                          // its streams
      {"geteuid"},                       // the child looks at who it is
      {"getppid"},                       // whether its parent lives
      {"landlock_add_rule", 445},        // the child confines itself
      {"landlock_create_ruleset", 444},  // the child confines itself
      {"landlock_restrict_self", 446},   // the child confines itself
      {"prctl"},                         // the child confines itself
      {"prlimit64"},                     // the child confines itself
      {"seccomp"},                       // the child confines itself
      {"setsid"},                        // the child
  };
  return table;
}

}  // namespace

std::span<const host::SyscallRule> SeccompTable(Role role) {
  switch (role) {
    case Role::kHost:
      return HostTable();
    case Role::kFront:
      return FrontTable();
    case Role::kZygote:
      return ZygoteTable();
    case Role::kCompile:
      break;
  }
  return CompileTable();
}

}  // namespace strata::cell
