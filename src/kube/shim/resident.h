// kube/shim/resident.h - the shim that stays: one process for all pods of its runtime, or for those
// of a namespace (docs/decisions/0022-one-shim-for-many-pods.md).
//
//   commands.h `start` --listening socket--> [ Serve ] <--ttrpc-- containerd
//
// Ends by itself when it has had no task, no pod and no connection for a while, and removes its
// socket. Signals that end programs are ignored: with it would go every pod.
//
// Threads:  one loop, and the worker's thread for mounts.
// Lifetime: containers do not survive it: `delete` removes what a killed one has left.
// Tested by tests/kube.
#pragma once

#include <string>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/cgroup/cgroup.h"

namespace strata::kube::shim {

// containerd's sockets.
struct ContainerdSockets {
  std::string ttrpc;  // for events
  std::string grpc;   // for what only it answers; empty: not known
};

// Serves `listener` until idle. Fails before it has served anything: no control groups.
Result<void> Serve(Fd listener, const ContainerdSockets& containerd);

// Locks the directory in which the sockets are, as long as the descriptor lives: who looks for a
// shim there, starts one or removes its own, does so alone. Blocks.
Result<Fd> LockDirectory(const std::string& directory);

// The control groups of this host. kUnsupported: there are none.
Result<host::Cgroups> FindGroups();

}  // namespace strata::kube::shim
