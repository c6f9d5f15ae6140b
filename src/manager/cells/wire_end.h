// manager/cells/wire_end.h - how the manager's ends of its wires, to cells and to keepers, come to
// be.
//
//   a new process:     MakeSocketPair, `theirs` is passed on at its start
//   one to be adopted: ConnectUnix to the socket that it left in run/ (state_dir.h)
//
// What is said on them is wire/channel.h's. All descriptors are close-on-exec and non-blocking.
//
// Threads:  any; nothing waits. Errors: FailErrno's codes: kNotFound where no such socket is,
//           kUnavailable where nobody listens any more. Tested through tests/integration/manager.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace strata::manager {

struct SocketPair {
  Fd ours;
  Fd theirs;
};
// Connected, close-on-exec, non-blocking.
Result<SocketPair> MakeSocketPair();

}  // namespace strata::manager
