#include "http/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <expected>
#include <string>

#include "base/result.h"
#include "host/unix_address.h"
#include "http/server/listener.h"

namespace strata::http {

Result<SocketAddress> ToSocketAddress(const TcpAddress& address) {
  SocketAddress out;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
  } else {
    return Fail(Errc::kInvalidArgument, "'" + address.host + "' is not a numeric IP address");
  }
  return out;
}

Result<SocketAddress> ToSocketAddress(const std::string& unix_path) {
  const auto local = host::UnixAddress::Of(unix_path);
  if (!local) return std::unexpected(local.error());
  SocketAddress out;
  out.size = host::UnixAddress::size();
  std::memcpy(&out.storage, local->get(), out.size);
  return out;
}

std::string PeerName(const SocketAddress& peer) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (peer.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &peer.storage, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
    return ToString(TcpAddress{host.data(), ntohs(v4.sin_port)});
  }
  if (peer.family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &peer.storage, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, host.data(), host.size());
    return ToString(TcpAddress{host.data(), ntohs(v6.sin6_port)});
  }
  return "unix";
}

}  // namespace strata::http
