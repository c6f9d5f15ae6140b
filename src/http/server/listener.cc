#include "http/server/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/files/fd.h"
#include "base/result.h"
#include "http/socket_address.h"

namespace strata::http {
namespace {

Result<Fd> NewSocket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return FailErrno("socket", errno);
  return fd;
}

Result<void> SetFlag(const Fd& fd, int level, int option, const char* name) {
  const int on = 1;
  if (::setsockopt(fd.get(), level, option, &on, sizeof on) != 0) {
    return FailErrno(std::string("setsockopt ") + name, errno);
  }
  return {};
}

// True when `path` is a socket file that nobody listens on.
bool IsStale(const std::string& path, const SocketAddress& address) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  auto probe = NewSocket(AF_UNIX);
  if (!probe) return false;
  return ::connect(probe->get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Result<TcpAddress> ParseTcpAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  TcpAddress address{.host = "0.0.0.0"};
  if (colon == std::string_view::npos) {
    return Fail(Errc::kInvalidArgument, "'" + std::string(text) + "' has no :PORT");
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) {
    return Fail(Errc::kInvalidArgument, "'" + std::string(port) + "' is not a port");
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Fail(Errc::kInvalidArgument,
                "an IPv6 address needs brackets: [" + std::string(host) + "]");
  }
  if (!host.empty()) address.host = host;
  if (auto known = ToSocketAddress(address); !known) return std::unexpected(known.error());
  return address;
}

std::string ToString(const TcpAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

Result<Fd> ListenTcp(const TcpAddress& address, PortSharing sharing, int backlog) {
  const std::string what = "listen on " + ToString(address);
  auto where = ToSocketAddress(address);
  if (!where) return Wrap(std::move(where).error(), what);
  auto fd = NewSocket(where->family());
  if (!fd) return Wrap(std::move(fd).error(), what);
  if (auto set = SetFlag(*fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"); !set) {
    return Wrap(std::move(set).error(), what);
  }
  if (sharing == PortSharing::kReusePort) {
    if (auto set = SetFlag(*fd, SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT"); !set) {
      return Wrap(std::move(set).error(), what);
    }
  }
  // [::] means IPv6 only: whoever wants both families asks for both.
  if (where->family() == AF_INET6) {
    if (auto set = SetFlag(*fd, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY"); !set) {
      return Wrap(std::move(set).error(), what);
    }
  }
  if (::bind(fd->get(), where->get(), where->size) != 0 || ::listen(fd->get(), backlog) != 0) {
    const int err = errno;
    if (err == EADDRINUSE) {
      return Fail(Errc::kFailedPrecondition,
                  what +
                      ": the address is in use; stop the program that has it (ss -ltnp 'sport = :" +
                      std::to_string(address.port) + "' names it) or choose another port");
    }
    return FailErrno(what, err);
  }
  return fd;
}

Result<Fd> ListenUnix(const std::string& path, int backlog) {
  const std::string what = "listen on " + path;
  auto where = ToSocketAddress(path);
  if (!where) return Wrap(std::move(where).error(), what);
  auto fd = NewSocket(AF_UNIX);
  if (!fd) return Wrap(std::move(fd).error(), what);
  // Linux gives the socket file the mode of the socket's inode: no moment with a wider mode.
  if (::fchmod(fd->get(), 0600) != 0) return FailErrno(what + ": fchmod", errno);
  int bound = ::bind(fd->get(), where->get(), where->size);
  if (bound != 0 && errno == EADDRINUSE) {
    if (!IsStale(path, *where)) {
      return Fail(Errc::kFailedPrecondition,
                  what +
                      ": somebody listens there, or the file is not a socket of ours; stop that "
                      "program or choose another path");
    }
    if (::unlink(path.c_str()) != 0) return FailErrno(what + ": remove the stale socket", errno);
    bound = ::bind(fd->get(), where->get(), where->size);
  }
  if (bound != 0) return FailErrno(what, errno);
  if (::listen(fd->get(), backlog) != 0) return FailErrno(what, errno);
  return fd;
}

bool Listens(const Fd& socket) noexcept {
  const auto option = [&socket](int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(socket.get(), SOL_SOCKET, name, &value, &size) == 0 ? value : 0;
  };
  return option(SO_PROTOCOL) == IPPROTO_TCP && option(SO_ACCEPTCONN) == 1;
}

Result<std::uint16_t> LocalPort(const Fd& socket) {
  SocketAddress local;
  local.size = sizeof local.storage;
  if (::getsockname(socket.get(), local.get(), &local.size) != 0) {
    return FailErrno("getsockname", errno);
  }
  sockaddr_in v4{};
  if (local.family() == AF_INET || local.family() == AF_INET6) {
    // The port is at the same place in both.
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    std::memcpy(&v4, &local.storage, sizeof v4);
    return ntohs(v4.sin_port);
  }
  return Fail(Errc::kInvalidArgument, "not a TCP socket");
}

Result<std::string> ClientOf(const Fd& socket, std::uint16_t port) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0 ||
      protocol != IPPROTO_TCP) {
    return Fail(Errc::kInvalidArgument, "not a TCP socket");
  }
  auto local = LocalPort(socket);
  if (!local) return std::unexpected(std::move(local).error());
  if (*local != port) return Fail(Errc::kInvalidArgument, "a connection of another port");
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  if (::getpeername(socket.get(), peer.get(), &peer.size) != 0) {
    return Fail(Errc::kInvalidArgument, "not a connection");
  }
  return PeerName(peer);
}

}  // namespace strata::http
