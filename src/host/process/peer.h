// host/process/peer.h - who is at the other end of an AF_UNIX socket, as the kernel says.
//
//   accept() --> [ PeerOf ] --> is it our own user? --> talk, or close
//
// For the sockets of cells, keepers and shims, which nobody but their own user may command. The
// credentials are those of the process that connected (or made the socket pair), at that time: they
// prove the user, but the pid may be long gone.
//
// Threads:  any; does not wait. Errors: as stated. Tested by peer_test.cc.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace strata::host {

struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

// kUnavailable or kUnsupported when `socket` is no AF_UNIX socket.
Result<PeerCredentials> PeerOf(int socket);

}  // namespace strata::host
