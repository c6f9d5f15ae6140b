#include "host/unix_address.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

Result<UnixAddress> UnixAddress::Of(std::string_view path) {
  UnixAddress made;
  constexpr std::size_t kMost = sizeof(made.address_.sun_path) - 1;
  if (path.empty() || path.size() > kMost) {
    return Fail(Errc::kInvalidArgument, "the path of a socket has 1 to " + std::to_string(kMost) +
                                            " bytes, not '" + std::string(path) + "'");
  }
  path.copy(made.address_.sun_path, kMost);
  return made;
}

Result<Fd> UnixSocket() {
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return FailErrno("make a socket", errno);
  return socket;
}

Result<Fd> ConnectUnix(std::string_view path) {
  const auto address = UnixAddress::Of(path);
  if (!address) return std::unexpected(address.error());
  auto socket = UnixSocket();
  if (!socket) return socket;
  if (::connect(socket->get(), address->get(), UnixAddress::size()) != 0) {
    return FailErrno("connect to " + std::string(path), errno);
  }
  return socket;
}

}  // namespace strata::host
