#include "manager/cells/wire_end.h"

#include <sys/socket.h>

#include <cerrno>

namespace strata::manager {

Result<SocketPair> MakeSocketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return FailErrno("socketpair", errno);
  }
  return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace strata::manager
