#include "sandbox/microvm/agent/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "base/files/fd.h"
#include "base/files/files.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {
namespace {

constexpr const char* kCard = "eth0";
constexpr const char* kWhole = "255.255.255.255";

Fd MakeSocket() { return Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

ifreq RequestFor(const std::string& interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  return request;
}

Result<sockaddr> Address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) {
    return Fail(Errc::kInvalidArgument, "'" + text + "' is no address");
  }
  sockaddr general{};
  std::memcpy(&general, &address, sizeof(general));
  return general;
}

Result<void> Set(unsigned long what, const std::string& address) {
  auto to = Address(address);
  if (!to) return std::unexpected(std::move(to).error());
  const Fd socket = MakeSocket();
  ifreq request = RequestFor(kCard);
  request.ifr_addr = *to;
  if (::ioctl(socket.get(), what, &request) == 0) return {};
  return FailErrno("set the address " + address, errno);
}

// Of a prefix, in digits.
Result<std::string> MaskOf(const std::string& prefix) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
  if (error != std::errc() || end != prefix.data() + prefix.size() || bits == 0 || bits > 32) {
    return Fail(Errc::kInvalidArgument, "'/" + prefix + "' is no network's prefix");
  }
  const in_addr mask{htonl(~std::uint32_t{0} << (32 - bits))};
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &mask, text.data(), text.size());
  return std::string(text.data());
}

// A copy of a machine has the same routes already.
Result<void> Route(const std::string& to, const std::string& mask, const std::string& gateway) {
  auto target = Address(to);
  auto bits = Address(mask);
  auto by = Address(gateway);
  if (!target || !bits || !by) return Fail(Errc::kInvalidArgument, "no route of addresses");
  const Fd socket = MakeSocket();
  rtentry route{};
  char card[IFNAMSIZ] = {};
  std::strncpy(card, kCard, sizeof(card) - 1);
  route.rt_dst = *target;
  route.rt_genmask = *bits;
  route.rt_gateway = *by;
  route.rt_dev = card;
  route.rt_flags = static_cast<unsigned short>(RTF_UP | (to == gateway ? RTF_HOST : RTF_GATEWAY));
  if (to == gateway) std::memset(&route.rt_gateway, 0, sizeof(route.rt_gateway));
  if (::ioctl(socket.get(), SIOCADDRT, &route) == 0 || errno == EEXIST) return {};
  return FailErrno("route to " + to, errno);
}

// Whatever links the image has at that place, it is one in the programs' root.
Result<void> WriteResolvConf(const std::string& names) {
  const Fd root(::open(kRoot, O_PATH | O_DIRECTORY | O_CLOEXEC));
  ::mkdirat(root.get(), "etc", 0755);
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  const Fd etc(static_cast<int>(::syscall(SYS_openat2, root.get(), "etc", &how, sizeof(how))));
  if (!etc.valid()) return FailErrno("open /etc", errno);
  ::unlinkat(etc.get(), "resolv.conf", 0);
  const Fd file(::openat(etc.get(), "resolv.conf", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.valid()) return FailErrno("write /etc/resolv.conf", errno);
  ::fchmod(file.get(), 0644);
  return WriteAll(file.get(), "nameserver " + names + "\n");
}

}  // namespace

Result<void> Raise(const std::string& interface) {
  const Fd socket = MakeSocket();
  ifreq request = RequestFor(interface);
  if (!socket.valid() || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return FailErrno("find interface " + interface, errno);
  }
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return FailErrno("raise interface " + interface, errno);
  }
  return {};
}

Result<void> TakeAddress(const Wake& wake) {
  const std::size_t slash = wake.address.find('/');
  auto mask = slash == std::string::npos ? Result<std::string>(kWhole)
                                         : MaskOf(wake.address.substr(slash + 1));
  if (!mask) return std::unexpected(std::move(mask).error());
  auto done = Set(SIOCSIFADDR, wake.address.substr(0, slash));
  if (done) done = Set(SIOCSIFNETMASK, *mask);
  if (done) done = Raise(kCard);
  const std::string& gateway = wake.gateway;
  if (done && !gateway.empty()) done = Route(gateway, kWhole, gateway);
  if (done && !gateway.empty()) done = Route("0.0.0.0", "0.0.0.0", gateway);
  if (done && !wake.names.empty()) done = WriteResolvConf(wake.names);
  return done;
}

}  // namespace strata::sandbox::microvm::agent
