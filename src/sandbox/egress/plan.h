// sandbox/egress/plan.h - which addresses stand for the destinations of one sandbox's grants.
//
// A name gets an address of 198.18.0.0/16, a range that no network uses (RFC 2544), in the order of
// the grants; an address stands for itself. Sandboxes may have the same addresses: each is listened
// for on its own interface only.
//
// Threads: none; values. Tested by plan_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/ipv4.h"
#include "model/values.h"

namespace strata::sandbox::egress {

inline constexpr host::Ipv4 kReserved{0xc6120000};  // 198.18.0.0/15: names below, sandboxes above
inline constexpr unsigned kReservedBits = 15;
inline constexpr host::Ipv4 kFirstName{0xc6120001};  // 198.18.0.1
inline constexpr host::Ipv4 kGateway{0xc6130001};    // 198.19.0.1: where a sandbox asks for names
inline constexpr host::Ipv4 kFirstSandbox{0xc6130002};  // 198.19.0.2
inline constexpr unsigned kSandboxBits = 16;            // of their network, 198.19.0.0/16
inline constexpr std::uint32_t kSandboxes = 0xfffc;     // addresses there

struct Destination {
  std::string host;
  std::uint16_t port = 0;
  host::Ipv4 address;
  friend bool operator==(const Destination&, const Destination&) = default;
};

// kUnsupported: a grant is for an address that cannot be reached by a sandbox with a network of its
// own (its loopback, the reserved range, many recipients).
Result<std::vector<Destination>> PlanDestinations(std::span<const model::HttpGrant> grants);

// What a sandbox is told when it asks for `name`.
std::optional<host::Ipv4> AddressOf(std::span<const Destination> plan, std::string_view name);

}  // namespace strata::sandbox::egress
