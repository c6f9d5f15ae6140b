#include "host/ipv4.h"

#include <arpa/inet.h>

namespace strata::host {

std::string Ipv4::ToString() const {
  char text[INET_ADDRSTRLEN] = {};
  const in_addr address{htonl(bits)};
  ::inet_ntop(AF_INET, &address, text, sizeof(text));
  return text;
}

std::optional<Ipv4> ParseIpv4(std::string_view text) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return Ipv4{ntohl(address.s_addr)};
}

}  // namespace strata::host
