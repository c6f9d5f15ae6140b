#include "cell/seccomp_table.h"

#include <vector>

namespace strata::cell {
namespace {

const std::vector<host::SyscallRule>& HostTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/seccomp_host.inc"
  };
  return table;
}

const std::vector<host::SyscallRule>& FrontTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/seccomp_front.inc"
  };
  return table;
}

const std::vector<host::SyscallRule>& CompileTable() {
  static const std::vector<host::SyscallRule> table = {
#include "cell/seccomp_compile.inc"
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
    case Role::kCompile:
      break;
  }
  return CompileTable();
}

}  // namespace strata::cell
