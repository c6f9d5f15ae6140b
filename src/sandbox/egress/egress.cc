#include "sandbox/egress/egress.h"

#include <unistd.h>

#include <functional>
#include <utility>

#include "host/confine/netns.h"
#include "sandbox/egress/cni.h"

namespace strata::sandbox::egress {

Result<void> Egress::CheckPlace(std::span<const model::HttpGrant> grants) const {
  if (auto plan = PlanDestinations(grants); !plan) return std::unexpected(std::move(plan).error());
  if (worker_) return {};
  auto others = host::LiveInterfaces();
  if (!others) return std::unexpected(std::move(others).error());
  if (others->empty()) return {};
  return Fail(Errc::kUnsupported, "grants.http: this process has a network itself (" +
                                      others->front() + "), which sandboxes must not reach");
}

Result<void> Egress::CheckJoin(std::span<const model::HttpGrant> grants) const {
  if (auto found = FindPlugins(plugins_); !found) return Wrap(found.error(), "grants.http");
  return CheckPlace(grants);
}

Result<void> Egress::CheckPlug(std::span<const model::HttpGrant> grants) const {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) {
    return Fail(Errc::kFailedPrecondition,
                "grants.http: there is no /dev/net/tun for virtual machines");
  }
  return CheckPlace(grants);
}

Result<void> Egress::SetUp() {
  if (worker_) return {};
  if (auto place = CheckPlace({}); !place) return place;
  // First: what is set up below is so for good, and cannot be set up again.
  auto worker = Worker::Start();
  if (!worker) return std::unexpected(std::move(worker).error());
  auto routes = host::RouteSocket::Open();
  if (!routes) return std::unexpected(std::move(routes).error());
  auto done = routes->RaiseLink("lo");
  // A source address is good on the interface that its own route leads to, and on no other.
  if (done) done = host::SetNetworkOption("ipv4/conf/all/rp_filter", "1");
  if (done) done = host::SetNetworkOption("ipv4/icmp_echo_ignore_all", "1");
  for (const char* which : {"all", "default"}) {
    if (!done) return done;
    done = host::SetNetworkOption(std::string("ipv6/conf/") + which + "/disable_ipv6", "1");
    if (!done && done.error().code == Errc::kNotFound) done = {};  // this kernel has none
  }
  if (done) done = routes->DeliverAll();
  if (!done) return done;
  worker_ = std::move(*worker);
  return {};
}

Result<host::Ipv4> Egress::TakeAddress() {
  // In turn, so that one that was just given back rests.
  for (std::uint32_t tried = 0; tried < kSandboxes; ++tried) {
    const host::Ipv4 address{kFirstSandbox.bits + next_++ % kSandboxes};
    if (taken_.insert(address).second) return address;
  }
  return Fail(Errc::kResourceExhausted, "all addresses for sandboxes are taken");
}

Result<std::unique_ptr<Outlet>> Egress::OpenOutlet(const Spec& spec, std::string interface,
                                                   host::Ipv4 address) {
  auto plan = PlanDestinations(spec.grants.http);
  if (!plan) return std::unexpected(std::move(plan).error());
  return Outlet::Open(
      loop_, {.interface = std::move(interface),
              .address = address,
              .plan = std::move(*plan),
              .effects = spec.effects,
              .most_connections = spec.limits.host_calls,
              .on_closed = [self = shared_from_this(), address] { self->taken_.erase(address); }});
}

Task<Egress::Joined> Egress::Join(Spec spec, const host::UserNamespace* owner) {
  const auto self = shared_from_this();
  if (auto ready = SetUp(); !ready) co_return Wrap(std::move(ready).error(), "network");
  std::move_only_function<Result<Fd>()> make = [owner] { return host::MakeNetwork(owner); };
  auto network = co_await worker_->Run(std::move(make));
  if (!network) co_return Wrap(std::move(network).error(), "network");
  auto address = TakeAddress();
  if (!address) co_return std::unexpected(std::move(address).error());
  // What a plugin that fails leaves half made ends with the namespace.
  auto interface = co_await AddLink(plugins_, spec.id, *network, *address);
  if (!interface) {
    taken_.erase(*address);
    co_return Wrap(std::move(interface).error(), "network");
  }
  auto outlet = OpenOutlet(spec, std::move(*interface), *address);
  if (!outlet) co_return std::unexpected(std::move(outlet).error());
  co_return Joined{std::move(*network), std::move(*outlet)};
}

Result<Egress::Plugged> Egress::Plug(const Spec& spec) {
  if (auto ready = SetUp(); !ready) return Wrap(std::move(ready).error(), "network");
  auto address = TakeAddress();
  if (!address) return std::unexpected(std::move(address).error());
  auto tap = host::MakeTap();
  auto routes = host::RouteSocket::Open();
  Result<void> done;
  if (!tap) done = std::unexpected(tap.error());
  if (done && !routes) done = std::unexpected(routes.error());
  if (done) done = routes->AddAddress(tap->interface, kGateway);
  if (done) done = routes->RaiseLink(tap->interface);
  if (done) done = routes->AddRoute(tap->interface, *address);
  if (!done) {
    taken_.erase(*address);  // its tap is gone with its descriptor
    return Wrap(std::move(done).error(), "network");
  }
  auto outlet = OpenOutlet(spec, tap->interface, *address);
  if (!outlet) return std::unexpected(std::move(outlet).error());
  return Plugged{std::move(tap->fd), *address, std::move(*outlet)};
}

}  // namespace strata::sandbox::egress
