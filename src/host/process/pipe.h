// host/process/pipe.h - pipes and pairs of sockets whose ends close themselves.
//
// For a child's standard streams and for two processes that wait for each other, or speak. The end
// that a child gets is passed by number (process.h), or as a descriptor (fdpass.h), and must be
// closed here, or its reader never sees the end.
//
// Threads:  any. Errors: FailErrno's codes: kResourceExhausted, too many descriptors.
#pragma once

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

struct Pipe {
  Fd read;
  Fd write;
};

// Both ends block, and are closed on exec.
Result<Pipe> MakePipe();

struct SocketPair {
  Fd ours;
  Fd theirs;
};

// Unix sockets that are connected, and closed on exec. `type`: of both, SOCK_STREAM or
// SOCK_SEQPACKET, with SOCK_NONBLOCK or without.
Result<SocketPair> MakeSocketPair(int type);

}  // namespace strata::host
