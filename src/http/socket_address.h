// http/socket_address.h - kernel socket addresses from and to text. Internal to this folder.
//
//   TcpAddress, a path --> [ SocketAddress ] --> bind, connect;   accept4 --> PeerName
//
// Numeric addresses only, IPv4 and IPv6; names are resolved by whoever has one (client.h).
//
// Threads:  values; any. Errors: as stated; nothing is opened here. Tested by listener_test.cc.
#pragma once

#include <sys/socket.h>

#include <string>

#include "base/result.h"
#include "http/server/listener.h"

namespace strata::http {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
};

// Fails with kInvalidArgument when the host is no numeric address, or the path is too long.
Result<SocketAddress> ToSocketAddress(const TcpAddress& address);
Result<SocketAddress> ToSocketAddress(const std::string& unix_path);

// "127.0.0.1:5000", "[::1]:5000", or "unix".
std::string PeerName(const SocketAddress& peer);

}  // namespace strata::http
