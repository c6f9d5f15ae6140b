// host/process/sibling.h - a fork whose child is the caller's sibling: a child of the caller's own
// parent, who waits for it, and whose death PR_SET_PDEATHSIG then tells.
//
//   parent --Process::Spawn--> zygote --[ ForkSibling ]--> a child of the parent
//     '--KinshipOf(zygote) ... [ AdoptSibling(the pid that it says) ]
//
// The parent need not believe the zygote: what it says is compared with what no process without
// privileges can change.
//
// Threads:  ForkSibling: from a process that has one; its signal to the parent is SIGCHLD. The
// others: any. Errors: below; else FailErrno's codes. Tested by sibling_test.cc.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "host/process/process.h"

namespace strata::host {

// 0 in the child. Like fork(), but no atfork handlers run and no other thread's locks are freed.
// kUnsupported: the kernel does not tell where the C library keeps the thread's number, or knows no
// clone3.
Result<pid_t> ForkSibling();

// What a process has in common with its siblings. If it has no privileges, neither can change it.
struct Kinship {
  std::vector<std::string> lines;  // of /proc/<pid>/status: parent, users, groups
  std::string network;             // its network namespace, which it may be alone in
  friend bool operator==(const Kinship&, const Kinship&) = default;
};
// Of a process that runs.
Result<Kinship> KinshipOf(pid_t pid);

// Takes hold of `pid`, an ExpectedOrphan, if it could be a sibling of the child of ours that `of`
// is of. kPermissionDenied: it could not, or a Process answers for it already; kNotFound: it is
// gone.
Result<Process> AdoptSibling(pid_t pid, const Kinship& of);

}  // namespace strata::host
