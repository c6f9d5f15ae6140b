// kube/shim/task/root_mounts.h - the root file system of a container, mounted as containerd says,
// where containerd expects it: in its own mount namespace.
//
// Threads: those that may block. Errors: kUnsupported: more options than a mount takes; kNotFound,
// kInvalidArgument and other FailErrno's codes with the mount's type and place. What was mounted
// before a failure is unmounted again. Tested by kube/shim/task/root_mounts_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace strata::kube::shim {

struct RootMount {
  std::string type;    // "overlay", "bind", ...
  std::string source;  // a path, for most types
  std::vector<std::string> options;
};

// A mount's options as mount(2) takes them.
struct MountFlags {
  unsigned long flags = 0;
  bool bind = false;
  std::string data;  // what only the file system understands
};
MountFlags ReadOptions(const RootMount& mount);

// Mounts all of them on `target`, which is made, one over the other.
Result<void> MountRoot(const std::vector<RootMount>& mounts, const std::string& target);

// Unmounts everything on `target`. Succeeds when there is nothing.
void UnmountRoot(const std::string& target) noexcept;

}  // namespace strata::kube::shim
