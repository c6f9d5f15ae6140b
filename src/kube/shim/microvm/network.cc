#include "kube/shim/microvm/network.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "host/confine/netns.h"
#include "host/ipv4.h"
#include "kube/shim/pod/network.h"

namespace strata::kube::shim {
namespace {

// Its name says whether a machine is there.
constexpr const char* kTap = "strata0";

class Interface {
 public:
  explicit Interface(std::string name)
      : name_(std::move(name)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

  Result<ifreq> Ask(unsigned long what) const {
    ifreq request{};
    std::strncpy(request.ifr_name, name_.c_str(), IFNAMSIZ - 1);
    if (::ioctl(socket_.get(), what, &request) == 0) return request;
    return FailErrno("look at interface " + name_, errno);
  }

 private:
  const std::string name_;
  const Fd socket_;
};

host::Ipv4 AddressIn(const sockaddr& general) {
  sockaddr_in address{};
  std::memcpy(&address, &general, sizeof(address));
  return {ntohl(address.sin_addr.s_addr)};
}

std::string CardOf(const ifreq& request) {
  std::array<char, 18> text{};
  const char* data = request.ifr_hwaddr.sa_data;
  const auto byte = [data](int at) { return static_cast<unsigned char>(data[at]); };
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", byte(0), byte(1),
                byte(2), byte(3), byte(4), byte(5));
  return text.data();
}

Result<std::string> OnlyInterface() {
  auto names = host::LiveInterfaces();
  if (!names) return std::unexpected(std::move(names).error());
  std::erase(*names, kTap);
  if (names->size() == 1) return names->front();
  return Fail(Errc::kUnsupported, "class microvm: a pod has one network interface, not " +
                                      std::to_string(names->size()));
}

Result<MachineNetwork> Look(const std::string& name) {
  const Interface interface(name);
  const auto address = interface.Ask(SIOCGIFADDR);
  if (!address) {
    return Fail(Errc::kUnsupported, "class microvm: interface " + name + " has no IPv4 address");
  }
  const auto mask = interface.Ask(SIOCGIFNETMASK);
  if (!mask) return std::unexpected(mask.error());
  const auto card = interface.Ask(SIOCGIFHWADDR);
  if (!card) return std::unexpected(card.error());
  const auto mtu = interface.Ask(SIOCGIFMTU);
  if (!mtu) return std::unexpected(mtu.error());
  const auto routes = ReadFile("/proc/thread-self/net/route", 1_MiB);
  if (!routes) return std::unexpected(routes.error());
  const int prefix = std::popcount(AddressIn(mask->ifr_netmask).bits);
  return MachineNetwork{
      .tap = {},
      .card = {.address = CardOf(*card), .mtu = static_cast<std::uint32_t>(mtu->ifr_mtu)},
      .address = AddressIn(address->ifr_addr).ToString() + "/" + std::to_string(prefix),
      .gateway = GatewayOf(*routes, name)};
}

Result<MachineNetwork> PlugHere() {
  const auto name = OnlyInterface();
  if (!name) return std::unexpected(name.error());
  auto found = Look(*name);
  if (!found) return found;
  auto tap = host::MakeTap(kTap);
  if (!tap && tap.error().code == Errc::kFailedPrecondition) {
    return Fail(Errc::kFailedPrecondition,
                "class microvm: another container of this pod is a machine, which has the pod's "
                "address; a pod has one at a time");
  }
  if (!tap) return std::unexpected(std::move(tap).error());
  auto links = host::RouteSocket::Open();
  if (!links) return std::unexpected(std::move(links).error());
  // IPv6 of the namespace itself would speak out of the tap.
  static_cast<void>(
      host::SetNetworkOption(std::string("ipv6/conf/") + kTap + "/disable_ipv6", "1"));
  auto done = links->RaiseLink(kTap);
  if (done) done = links->Redirect(kTap, *name);
  if (done) done = links->Redirect(*name, kTap);
  if (!done) return std::unexpected(std::move(done).error());
  found->tap = std::move(tap->fd);
  return found;
}

// Where a machine is, it is another one, which was plugged in since: what comes in is that one's.
Result<void> UnplugHere() {
  const auto all = host::LiveInterfaces();
  if (!all) return std::unexpected(all.error());
  if (std::ranges::find(*all, kTap) != all->end()) return {};
  const auto name = OnlyInterface();
  if (!name) return std::unexpected(name.error());
  auto links = host::RouteSocket::Open();
  if (!links) return std::unexpected(std::move(links).error());
  return links->StopRedirect(*name);
}

}  // namespace

Result<MachineNetwork> PlugMachine(const std::string& path) { return InNetwork(path, PlugHere); }

void UnplugMachine(const std::string& path) { static_cast<void>(InNetwork(path, UnplugHere)); }

std::string GatewayOf(std::string_view routes, std::string_view interface) {
  std::istringstream lines{std::string(routes)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint32_t to = 0;
    std::uint32_t by = 0;  // as they lie in packets, read as a number of this host's
    words >> name >> std::hex >> to >> by;
    if (words && name == interface && to == 0 && by != 0) return host::Ipv4{ntohl(by)}.ToString();
  }
  return {};
}

}  // namespace strata::kube::shim
