// kube/shim/pod/processes.h - the process ids that the containers of a pod share, where it asks for
// that (`shareProcessNamespace`): a namespace for them, and its first process.
//
//   place.h --> [ PodProcesses::Make ] --> our own program, which does HoldProcesses
//
// That process takes the orphans of the pod and does nothing else. It ends, and the kernel with it
// all that is in the namespace, when its owner goes, also by the death of the shim. The pod's
// programs see it as process 1 and may be root as it is: it has an empty root of its own, none of
// the node's namespaces but that of users, no capability, and its memory is not to be looked into.
// What that does not protect: a program with CAP_SYS_PTRACE may look, and finds that.
//
// Threads: those that may block. Tested by tests/kube/pods_test.py.
#pragma once

#include <string>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/process/process.h"

namespace strata::kube::shim {

class PodProcesses {
 public:
  // Has a mount at `place` hold the namespace, which others unmount. FailErrno's codes with the
  // step; nothing is left then.
  static Result<PodProcesses> Make(const std::string& place);

 private:
  PodProcesses(Fd owner, host::Process first)
      : owner_(std::move(owner)), first_(std::move(first)) {}

  Fd owner_;  // whose other end `first_` reads until we have gone
  host::Process first_;
};

// What that process does, until standard input ends; on standard output it says that it is hidden.
Result<void> HoldProcesses();

}  // namespace strata::kube::shim
