#include "host/process/peer.h"

#include <sys/socket.h>

#include <cerrno>

namespace strata::host {

Result<PeerCredentials> PeerOf(int socket) {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return FailErrno("peer credentials", errno);
  }
  // The kernel answers for every socket; pid 0 means that it knows no peer.
  if (credentials.pid == 0) return Fail(Errc::kUnsupported, "the socket has no local peer");
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

}  // namespace strata::host
