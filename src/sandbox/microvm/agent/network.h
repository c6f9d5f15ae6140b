// sandbox/microvm/agent/network.h - the network interfaces of the virtual machine, as strata-agent
// sets them up.
//
//   WakeUp (guest.h) --address of sandbox/egress--> [ TakeAddress ] --> eth0, routes, resolv.conf
//
// IPv4 only; the address is alone in its network: everything goes through the gateway.
//
// Threads:  one. Errors: FailErrno's codes, with the step's name. Tested by tests/contract.
#pragma once

#include <string>

#include "base/result.h"

namespace strata::sandbox::microvm::agent {

Result<void> Raise(const std::string& interface);

// Gives the network card `address`, instead of what it had; everything is behind `gateway`, which
// also knows the names (/etc/resolv.conf of the programs).
Result<void> TakeAddress(const std::string& address, const std::string& gateway);

}  // namespace strata::sandbox::microvm::agent
