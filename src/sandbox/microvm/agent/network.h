// sandbox/microvm/agent/network.h - the network interfaces of the virtual machine, as strata-agent
// sets them up.
//
//   WakeUp (guest.h) --Wake--> [ TakeAddress ] --> eth0, routes, resolv.conf
//
// IPv4 only. An address without a prefix is alone in its network: everything goes through the
// gateway.
//
// Threads:  one. Errors: FailErrno's codes, with the step's name. Tested by tests/contract.
#pragma once

#include <string>

#include "base/result.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {

Result<void> Raise(const std::string& interface);

// Gives the network card the address of `wake`, instead of what it had; what is not in its network
// is behind the gateway. With names to be asked for, also /etc/resolv.conf of the programs.
Result<void> TakeAddress(const Wake& wake);

}  // namespace strata::sandbox::microvm::agent
