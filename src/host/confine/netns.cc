#include "host/confine/netns.h"

#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/files/files.h"

namespace strata::host {
namespace {

constexpr const char* kLoopback = "lo";
constexpr std::uint8_t kWholeAddress = 32;

// What a namespace of a sandbox has from its beginning. Called in it.
Result<void> Furnish() {
  auto routes = RouteSocket::Open();
  if (!routes) return std::unexpected(std::move(routes).error());
  if (auto raised = routes->RaiseLink(kLoopback); !raised) return raised;
  return SetNetworkOption("ipv6/conf/default/disable_ipv6", "1");
}

// The calling thread is in the new one, or, after a failure, in one of both.
Result<Fd> EnterNew(const UserNamespace* owner) {
  if (owner == nullptr) {
    if (::unshare(CLONE_NEWNET) != 0) return FailErrno("make a network namespace", errno);
    return OpenFile("/proc/thread-self/ns/net", O_RDONLY);
  }
  auto made = owner->NewNetwork();
  if (made && ::setns(made->get(), CLONE_NEWNET) != 0) {
    return FailErrno("enter a new network namespace", errno);
  }
  return made;
}

// A netlink request: its header, the family's own header, attributes.
class Request {
 public:
  template <typename Header>
  Request(std::uint16_t type, std::uint16_t flags, const Header& header) {
    nlmsghdr start{};
    start.nlmsg_type = type;
    start.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    Append(&start, sizeof(start));
    Append(&header, sizeof(header));
  }
  template <typename Value>
  Request& With(std::uint16_t type, const Value& value) {
    return With(type, &value, sizeof(value));
  }
  Request& With(std::uint16_t type, std::string_view text) {
    return With(type, std::string(text).c_str(), text.size() + 1);
  }
  // Attributes in an attribute.
  Request& WithNested(std::uint16_t type, std::string_view attributes) {
    return With(type, attributes.data(), attributes.size());
  }
  std::string bytes;

 private:
  Request& With(std::uint16_t type, const void* value, std::size_t size) {
    const rtattr head{static_cast<std::uint16_t>(RTA_LENGTH(size)), type};
    Append(&head, sizeof(head));
    Append(value, size);
    return *this;
  }
  void Append(const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
    bytes.resize(NLMSG_ALIGN(bytes.size()));
  }
};

// One attribute, for WithNested.
std::string Attribute(std::uint16_t type, std::string_view value) {
  const rtattr head{static_cast<std::uint16_t>(RTA_LENGTH(value.size())), type};
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes += value;
  bytes.resize(NLMSG_ALIGN(bytes.size()));
  return bytes;
}

template <typename Value>
std::string_view BytesOf(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

constexpr std::string_view kMirred("mirred", sizeof("mirred"));
constexpr std::string_view kIngress = "ingress";  // the kind of queue that ours are

// What the classifier "u32" does with every packet: out of the interface `index`.
std::string RedirectOptions(int index) {
  // A tc_u32_sel, which ends in an array without a size, and one key: a mask without bits is any
  // packet's.
  std::string all(sizeof(tc_u32_sel) + sizeof(tc_u32_key), '\0');
  all[offsetof(tc_u32_sel, flags)] = TC_U32_TERMINAL;
  all[offsetof(tc_u32_sel, nkeys)] = 1;
  tc_mirred out{};
  out.action = TC_ACT_STOLEN;
  out.eaction = TCA_EGRESS_REDIR;
  out.ifindex = static_cast<std::uint32_t>(index);
  const std::string action = Attribute(TCA_ACT_KIND, kMirred) +
                             Attribute(TCA_ACT_OPTIONS, Attribute(TCA_MIRRED_PARMS, BytesOf(out)));
  return Attribute(TCA_U32_SEL, all) + Attribute(TCA_U32_ACT, Attribute(1, action));
}

Result<int> IndexOf(const std::string& interface) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return FailErrno("find interface " + interface, errno);
  return static_cast<int>(index);
}

// Where packets come in that nobody has looked at.
tcmsg IngressOf(int interface) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = interface;
  header.tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0);
  header.tcm_parent = TC_H_INGRESS;
  return header;
}

Request RuleRequest(std::uint16_t type, std::uint16_t flags, std::uint32_t priority,
                    std::uint8_t table) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.table = table;
  header.action = FR_ACT_TO_TBL;
  Request request(type, flags, header);
  request.With(FRA_PRIORITY, priority);
  return request;
}

}  // namespace

Result<Fd> MakeNetwork(const UserNamespace* owner) {
  const Fd own(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!own.valid()) return FailErrno("open our network namespace", errno);
  auto made = EnterNew(owner);
  const auto furnished = made ? Furnish() : Result<void>();
  // A thread that stayed there would do our other work in a sandbox's network.
  STRATA_CHECK(::setns(own.get(), CLONE_NEWNET) == 0);
  if (!furnished) return std::unexpected(furnished.error());
  return made;
}

Result<std::vector<std::string>> LiveInterfaces() {
  const std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> all(::if_nameindex(),
                                                                                ::if_freenameindex);
  if (!all) return FailErrno("list network interfaces", errno);
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return FailErrno("list network interfaces", errno);
  std::vector<std::string> names;
  for (const struct if_nameindex* each = all.get(); each->if_index != 0; ++each) {
    ifreq request{};
    std::strncpy(request.ifr_name, each->if_name, IFNAMSIZ - 1);
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) continue;  // it has just gone
    const bool live = (request.ifr_flags & IFF_UP) != 0;
    if (live && std::string_view(each->if_name) != kLoopback) names.emplace_back(each->if_name);
  }
  return names;
}

Result<void> SetNetworkOption(const std::string& name, std::string_view value) {
  auto file = OpenFile("/proc/sys/net/" + name, O_WRONLY);
  if (!file) return Wrap(std::move(file).error(), "network option " + name);
  return WriteAll(file->get(), value);
}

Result<Tap> MakeTap(const std::string& name) {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FailErrno("open /dev/net/tun", errno);
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return FailErrno("make a tap", errno);
  return Tap{std::move(fd), request.ifr_name};
}

Result<RouteSocket> RouteSocket::Open() {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) return FailErrno("rtnetlink", errno);
  return RouteSocket(std::move(fd));
}

// The kernel answers before send() returns.
Result<void> RouteSocket::Ask(std::string& message, const std::string& what) {
  auto* header = reinterpret_cast<nlmsghdr*>(message.data());
  header->nlmsg_len = static_cast<std::uint32_t>(message.size());
  header->nlmsg_seq = ++sequence_;
  if (::send(fd_.get(), message.data(), message.size(), 0) < 0) return FailErrno(what, errno);
  alignas(nlmsghdr) std::array<char, 4096> answer{};
  const ssize_t got = ::recv(fd_.get(), answer.data(), answer.size(), 0);
  if (got < 0) return FailErrno(what, errno);
  const auto* reply = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (!NLMSG_OK(reply, static_cast<std::size_t>(got)) || reply->nlmsg_type != NLMSG_ERROR ||
      reply->nlmsg_seq != sequence_) {
    return Fail(Errc::kInternal, what + ": an answer that does not belong to it");
  }
  const int error = -static_cast<const nlmsgerr*>(NLMSG_DATA(reply))->error;
  return error == 0 ? Result<void>{} : FailErrno(what, error);
}

Result<void> RouteSocket::RaiseLink(const std::string& interface) {
  auto index = IndexOf(interface);
  if (!index) return std::unexpected(std::move(index).error());
  ifinfomsg header{};
  header.ifi_index = *index;
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Request request(RTM_NEWLINK, 0, header);
  return Ask(request.bytes, "raise interface " + interface);
}

Result<void> RouteSocket::DeleteLink(const std::string& interface) {
  const auto index = IndexOf(interface);
  if (!index) return {};
  ifinfomsg header{};
  header.ifi_index = *index;
  Request request(RTM_DELLINK, 0, header);
  return Ask(request.bytes, "delete interface " + interface);
}

Result<void> RouteSocket::AddAddress(const std::string& interface, Ipv4 address) {
  auto index = IndexOf(interface);
  if (!index) return std::unexpected(std::move(index).error());
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = kWholeAddress;
  header.ifa_index = static_cast<std::uint32_t>(*index);
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  request.With(IFA_LOCAL, htonl(address.bits)).With(IFA_ADDRESS, htonl(address.bits));
  return Ask(request.bytes, "give " + interface + " an address");
}

Result<void> RouteSocket::Redirect(const std::string& from, const std::string& to) {
  const auto out = IndexOf(to);
  if (!out) return std::unexpected(out.error());
  if (auto stopped = StopRedirect(from); !stopped) return stopped;
  const auto in = IndexOf(from);
  if (!in) return std::unexpected(in.error());
  const std::string what = "lead " + from + " to " + to;
  Request queue(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, IngressOf(*in));
  queue.With(TCA_KIND, kIngress);
  if (auto made = Ask(queue.bytes, what); !made) return made;
  tcmsg header = IngressOf(*in);
  header.tcm_parent = header.tcm_handle;
  header.tcm_handle = 0;
  header.tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL));
  Request filter(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, header);
  filter.With(TCA_KIND, std::string_view("u32"));
  filter.WithNested(TCA_OPTIONS, RedirectOptions(*out));
  return Ask(filter.bytes, what);
}

Result<void> RouteSocket::StopRedirect(const std::string& from) {
  const auto in = IndexOf(from);
  if (!in) return {};
  Request queue(RTM_DELQDISC, 0, IngressOf(*in));
  queue.With(TCA_KIND, kIngress);  // of another kind, it is somebody else's
  auto removed = Ask(queue.bytes, "take what comes in at " + from);
  if (removed) return {};
  const Errc code = removed.error().code;  // how the kernel says that there is none
  if (code == Errc::kNotFound || code == Errc::kInvalidArgument) return {};
  return removed;
}

Result<void> RouteSocket::AddRoute(const std::string& interface, Ipv4 to) {
  auto index = IndexOf(interface);
  if (!index) return std::unexpected(std::move(index).error());
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = kWholeAddress;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  request.With(RTA_DST, htonl(to.bits)).With(RTA_OIF, *index);
  return Ask(request.bytes, "route to " + to.ToString());
}

// The table "local" gets a route for every address, so that refusals may bear any as their source,
// and is asked first for what comes in, last for what we send; by default it is first for both.
Result<void> RouteSocket::DeliverAll() {
  const std::string what = "deliver everything here";
  Request incoming = RuleRequest(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 1, RT_TABLE_LOCAL);
  reinterpret_cast<fib_rule_hdr*>(incoming.bytes.data() + NLMSG_HDRLEN)->flags = FIB_RULE_INVERT;
  incoming.With(FRA_IIFNAME, std::string_view(kLoopback));
  Request outgoing = RuleRequest(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 2, RT_TABLE_MAIN);
  outgoing.With(FRA_IIFNAME, std::string_view(kLoopback));
  Request last = RuleRequest(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 3, RT_TABLE_LOCAL);
  Request first = RuleRequest(RTM_DELRULE, 0, 0, RT_TABLE_LOCAL);
  auto loopback = IndexOf(kLoopback);
  if (!loopback) return std::unexpected(std::move(loopback).error());
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_LOCAL;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_HOST;
  header.rtm_type = RTN_LOCAL;
  Request every(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  every.With(RTA_OIF, *loopback);
  for (Request* each : {&incoming, &outgoing, &last, &first, &every}) {
    if (auto done = Ask(each->bytes, what); !done) return done;
  }
  return {};
}

}  // namespace strata::host
