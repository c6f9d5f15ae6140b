// host/landlock.h - confines the calling process to a list of paths and to no TCP (Landlock LSM).
//
// A defence behind the first one (a wasm guest cannot name a host path at all): it bounds what a
// broken engine could reach. It does NOT cover: descriptors that are open already, UDP, raw and
// AF_UNIX path sockets, chdir, stat, chmod, chown, setxattr, mounting, ioctl before ABI 5,
// truncation before ABI 3, TCP before ABI 4, abstract sockets and signals before ABI 6. Seccomp
// and the empty network namespace are there for those. Restrict() says which of them apply here.
//
// Threads: restricts the calling thread and what it starts later; call it while single-threaded.
// Cannot be undone. Needs no_new_privs, which Restrict sets. Tested by host/landlock_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace strata::host {

enum class PathAccess : std::uint8_t {
  kReadOnly,   // read files and list directories below
  kReadWrite,  // and write, create, remove, rename and truncate below; never devices or sockets
};

struct PathRule {
  std::string path;  // must exist; a file or a directory
  PathAccess access = PathAccess::kReadOnly;
};

struct LandlockReport {
  int abi = 0;
  std::vector<std::string> not_covered;  // one sentence per hole on this kernel
};

// The kernel's Landlock version (1 and up). kUnsupported: not built in, or not enabled at boot.
Result<int> LandlockAbi();

// From now on only `rules` are reachable by path, nothing can be executed, and TCP can be neither
// bound nor connected (ABI 4). kUnsupported as above; FailErrno's codes name the rule's path. On
// failure nothing is restricted.
Result<LandlockReport> Restrict(std::span<const PathRule> rules);

}  // namespace strata::host
