// http/server/listener.h - sockets that listen: bound here, then given to Server::Adopt or passed
// on to another process. Nothing here waits.
//
// Threads: any.
// Errors:  kInvalidArgument (no such address form), kFailedPrecondition (the address is in use; the
//          message says by what and what to do), kPermissionDenied, kUnavailable.
// Tested by http/server/listener_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::http {

inline constexpr int kDefaultBacklog = 4096;

struct TcpAddress {
  std::string host = "127.0.0.1";  // a numeric IPv4 or IPv6 address
  std::uint16_t port = 0;          // 0: the kernel chooses, see LocalPort()
};

// "127.0.0.1:8080", "[::1]:8080", ":8080" (every IPv4 address). No names: nothing is resolved.
Result<TcpAddress> ParseTcpAddress(std::string_view text);
std::string ToString(const TcpAddress& address);

enum class PortSharing {
  kExclusive,
  kReusePort,  // several sockets on one port, each with its own queue (one per cell)
};

// Binds and listens. The socket is non-blocking and closed on exec.
Result<Fd> ListenTcp(const TcpAddress& address, PortSharing sharing = PortSharing::kExclusive,
                     int backlog = kDefaultBacklog);

// The same on a path, with mode 0600. A socket file that nobody listens on any more is replaced;
// any other file is left alone and refused.
Result<Fd> ListenUnix(const std::string& path, int backlog = kDefaultBacklog);

// Whether it is a TCP socket that listens.
bool Listens(const Fd& socket) noexcept;

// The port that a TCP socket is bound to.
Result<std::uint16_t> LocalPort(const Fd& socket);

// The address of the client whose connection a listener at `port` accepted, as the kernel has it.
// kInvalidArgument: `socket` is nothing of the kind, or the client has reset it.
Result<std::string> ClientOf(const Fd& socket, std::uint16_t port);

}  // namespace strata::http
