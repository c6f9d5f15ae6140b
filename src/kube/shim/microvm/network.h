// kube/shim/microvm/network.h - a machine in a pod's network: it has the interface's address, name
// and card, and whatever comes in there is for it alone.
//
//   pod's eth0 <==tc: redirect==> tap --descriptor--> QEMU --> the guest's eth0
//
// The interface keeps its address, so that containerd, CNI and the next machine find it: but
// nothing in the namespace hears of what comes in while the machine is there. One machine a pod.
//
// Threads:  those that may block. Lifetime: the redirection ends with the tap, whose last
//           descriptor is QEMU's.
// Errors:   kFailedPrecondition: a machine has this network; kUnsupported: another number of
//           interfaces than one, or no address of version 4; FailErrno's codes. Tested by
//           network_test.cc, tests/kube/microvm_test.py.
#pragma once

#include <string>
#include <string_view>

#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/machine/machine.h"

namespace strata::kube::shim {

// What the guest is told.
struct MachineNetwork {
  Fd tap;
  sandbox::microvm::Card card;
  std::string address;  // "10.1.2.3/24"
  std::string gateway;  // empty: there is none
};

// Of the namespace at `path`.
Result<MachineNetwork> PlugMachine(const std::string& path);

// Gives the interface back to the namespace at `path`, which may have gone.
void UnplugMachine(const std::string& path);

// By /proc/net/route: what is behind everything else at `interface`; empty: nothing. Pure.
std::string GatewayOf(std::string_view routes, std::string_view interface);

}  // namespace strata::kube::shim
