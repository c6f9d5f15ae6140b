#include "sandbox/egress/plan.h"

#include <algorithm>

namespace strata::sandbox::egress {
namespace {

constexpr host::Ipv4 kThisHost{0x00000000};   // 0.0.0.0/8
constexpr host::Ipv4 kLoopback{0x7f000000};   // 127.0.0.0/8
constexpr host::Ipv4 kMulticast{0xe0000000};  // 224.0.0.0/3, with all that is beyond

bool IsReachable(host::Ipv4 address) {
  return !address.In(kThisHost, 8) && !address.In(kLoopback, 8) && !address.In(kMulticast, 3) &&
         !address.In(kReserved, kReservedBits);
}

}  // namespace

Result<std::vector<Destination>> PlanDestinations(std::span<const model::HttpGrant> grants) {
  std::vector<Destination> plan;
  host::Ipv4 next = kFirstName;
  for (const model::HttpGrant& grant : grants) {
    const auto literal = host::ParseIpv4(grant.host);
    if (grant.host == "localhost" || (literal && !IsReachable(*literal))) {
      return Fail(Errc::kUnsupported,
                  "grants.http: " + grant.host +
                      " means the sandbox itself, or nobody, where it has a network of its own; "
                      "grant a name that leads to the destination");
    }
    const auto known = AddressOf(plan, grant.host);
    const host::Ipv4 address = literal ? *literal : known.value_or(next);
    if (!literal && !known) ++next.bits;
    const Destination planned{grant.host, grant.port, address};
    if (std::ranges::find(plan, planned) == plan.end()) plan.push_back(planned);
  }
  return plan;
}

std::optional<host::Ipv4> AddressOf(std::span<const Destination> plan, std::string_view name) {
  const auto found = std::ranges::find(plan, name, &Destination::host);
  if (found == plan.end()) return std::nullopt;
  return found->address;
}

}  // namespace strata::sandbox::egress
