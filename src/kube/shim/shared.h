// kube/shim/shared.h - the state that the containers and sandboxes of one shim share.
//
//   resident.cc --> [ Shared ] --> TaskService --> Container, ...
//
// Threads:  the loop's, but for what jobs of the worker use. Lifetime: loop and clock outlive it,
//           it outlives whatever borrows it; `worker` goes first and finishes its jobs.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/async/task.h"
#include "base/clock.h"
#include "host/cgroup/cgroup.h"
#include "kube/shim/events.h"
#include "kube/shim/microvm/machines.h"
#include "kube/shim/pod/pod.h"
#include "kube/shim/task/appkernel.h"
#include "kube/shim/task/runc.h"
#include "kube/shim/wasm/modules.h"
#include "kube/shim/wasm/zygotes.h"
#include "sandbox/worker.h"

namespace strata::kube::shim {

struct Shared {
  Loop& loop;
  const Clock& clock;
  const host::Cgroups groups;
  const std::string containerd;  // its gRPC socket; empty: not known
  Events events;
  Pods pods;
  // "/proc/N/ns/pid" of the containers' first processes that are of another class than container:
  // they are in the node's own.
  std::set<std::string> no_process_ids;
  WasmModules modules;
  WasmZygotes zygotes;
  Runc runc;
  Appkernel appkernel;
  Microvm microvm;
  std::unique_ptr<sandbox::Worker> worker;  // last: its jobs use the others until they are done
};

}  // namespace strata::kube::shim
