// kube/shim/pod/place.h - what the containers of a pod share, made in the sandbox's bundle: IPC and
// UTS namespaces, which bind mounts hold instead of a process, /dev/shm, and files of /etc. What
// needs a process is in processes.h.
//
// The network namespace is containerd's; the pod's sysctls are set in it.
//
// Threads: those that may block. Lifetime: until RemovePod, whoever calls it: everything lies in
// the bundle, so `delete` finds it after the shim's death. Errors: FailErrno's codes with the step;
// a MakePod that fails leaves nothing mounted. Tested by tests/kube/pods_test.py.
#pragma once

#include <string>

#include "base/result.h"
#include "kube/shim/pod/config.h"

namespace strata::kube::shim {

Result<void> MakePod(const PodSettings& settings, const PodPlace& place);

// Unmounts it. Namespaces live on while containers are in them. Succeeds when there is nothing.
void RemovePod(const PodPlace& place) noexcept;

}  // namespace strata::kube::shim
