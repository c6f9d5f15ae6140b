// host/dial_in.h - a connection inside another network namespace.
//
//   Bundle::Dial (sandbox/oci), on the worker --> [ DialIn ] --> the server in the sandbox
//
// Threads:  one that nothing else uses: it is in the other namespace meanwhile, and the process
//           ends when it cannot come back. Lifetime: the connection outlives the namespace's
//           descriptor.
// Errors:   as stated, else FailErrno's codes. Tested through tests/contract.
#pragma once

#include <cstdint>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

// Connects to `port` of the loopback address of the network namespace that `network` refers to
// (an open /proc/<pid>/ns/net). Needs CAP_SYS_ADMIN. The calling thread is in that namespace
// meanwhile, so it must be one that nothing else uses. Blocks for a tenth of a second at most: the
// socket does not block, and is still connecting then when the listener's queue is full.
// kUnavailable: nobody listens.
Result<Fd> DialIn(const Fd& network, std::uint16_t port);

}  // namespace strata::host
