// kube/shim/commands.h - what containerd runs our program for: `start` and `delete`.
//
// Both are short: find or start the resident shim (resident.h), and remove what is left of one
// task or sandbox whether that shim lives or not.
//
// Threads: block; for a program's main thread. Errors: what containerd shows to people.
// Tested by tests/kube.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/shim/bootstrap.h"

namespace strata::kube::shim {

// What `start` prints: the address of the shim, which listens there. `input` is standard input,
// `ttrpc_address` $TTRPC_ADDRESS, `program` our own path.
Result<std::string> Start(const Invocation& invocation, std::string_view input,
                          std::string_view ttrpc_address, const std::string& program);

// What `delete` prints, once nothing is left of the task or sandbox: how it ended, as far as that
// is known. Fails after four seconds at most, whether the resident shim and the runtime of class
// container answer or not.
Result<std::string> Delete(const Invocation& invocation);

// What `-info` prints, by what the runtime of class container says of itself. Never fails.
std::string Info();

}  // namespace strata::kube::shim
