// host/ipv4.h - an IPv4 address, as a value.
//
// For the networks of sandboxes (sandbox/egress): addresses in guests' packets and in CNI's
// answers. There is no IPv6 there.
//
// Threads:  values; any. Errors: none; what is no address is nothing. Tested through egress' tests.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata::host {

struct Ipv4 {
  std::uint32_t bits = 0;  // in the host's byte order

  [[nodiscard]] std::string ToString() const;
  // Its `length` leading bits, from 1 to 32, are those of `network`.
  [[nodiscard]] bool In(Ipv4 network, unsigned length) const noexcept {
    return (bits ^ network.bits) >> (32 - length) == 0;
  }
  friend auto operator<=>(const Ipv4&, const Ipv4&) = default;
};

// Four decimal numbers and nothing else.
std::optional<Ipv4> ParseIpv4(std::string_view text);

}  // namespace strata::host
