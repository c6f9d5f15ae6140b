// manager/wire_end.h - what the manager's ends of all its wires, to cells and to keepers, have in
// common. Threads: any. Errors: as each function says.
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
