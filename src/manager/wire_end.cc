#include "manager/wire_end.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

namespace strata::manager {

Result<Fd> ConnectUnix(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof(address.sun_path)) {
    return Fail(Errc::kInvalidArgument, "socket path too long: " + path.string());
  }
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return FailErrno("make a socket", errno);
  // A Unix socket connects at once or not at all.
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return FailErrno("connect to " + path.string(), errno);
  }
  return fd;
}

Result<SocketPair> MakeSocketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return FailErrno("socketpair", errno);
  }
  return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace strata::manager
