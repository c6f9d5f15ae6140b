// host/confine/landlock.h - confines the calling process to a list of paths and to no TCP (Landlock
// LSM).
//
// A defence behind the first one (a wasm guest cannot name a host path at all): it bounds what a
// broken engine could reach. It does NOT cover: descriptors that are open already, UDP, raw and
// AF_UNIX path sockets, chdir, stat, chmod, chown, setxattr, mounting, ioctl before ABI 5,
// truncation before ABI 3, TCP before ABI 4, abstract sockets and signals before ABI 6. Seccomp
// and the empty network namespace are there for those. Restrict() says which of them apply here.
//
// Threads: restricts the calling thread and what it starts later; call it while single-threaded.
// Cannot be undone. Needs no_new_privs, which Restrict sets. Tested by
// host/confine/landlock_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

enum class PathAccess : std::uint8_t {
  kReadOnly,   // read files and list directories below
  kReadWrite,  // and write, create, remove, rename and truncate below; never devices or sockets
  kProgram,    // read below, and execute: programs, their loader, their libraries
  kDevice,     // read, write and ioctl; nothing is made or removed
};

struct PathRule {
  std::string path;  // must exist; a file or a directory
  PathAccess access = PathAccess::kReadOnly;
};

struct LandlockReport {
  int abi = 0;
  std::vector<std::string> not_covered;  // one sentence per hole on this kernel
};

// What a program of this host's distribution needs to be executed: its loader, libraries and shared
// files, which everybody may read.
std::vector<PathRule> SystemPrograms();

// The kernel's Landlock version (1 and up). kUnsupported: not built in, or not enabled at boot.
Result<int> LandlockAbi();

// From now on only `rules` are reachable by path, nothing but what they name can be executed, and
// TCP can be neither bound nor connected (ABI 4). kUnsupported as above; FailErrno's codes name the
// rule's path. On failure nothing is restricted.
Result<LandlockReport> Restrict(std::span<const PathRule> rules);

// The same in two steps, for a child between fork and execve: a rule set is made beforehand, and
// entered by one system call. Enter needs no_new_privs; it returns 0 or an errno.
Result<Fd> MakeRuleset(std::span<const PathRule> rules);
int EnterRuleset(int ruleset) noexcept;

}  // namespace strata::host
