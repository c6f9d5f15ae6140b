// host/confine/netns.h - network namespaces and what is in ours: made, and made a place that every
// packet ends in.
//
//   sandbox's namespace --veth or tap--> [ ours: RouteSocket::DeliverAll ] no way further
//
// Threads:  the calling thread's namespace is meant by "ours". Lifetime: an interface ends with its
//           namespace, a tap also with its descriptor; nothing has a name on the host.
// Errors:   FailErrno's codes with the step's name; kPermissionDenied without CAP_NET_ADMIN.
// Tested by netns_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/confine/user_namespace.h"
#include "host/ipv4.h"

namespace strata::host {

// A new network namespace with its loopback up; it lives as long as the descriptor, or a process or
// path refers to it. New interfaces in it have no IPv6. Needs CAP_SYS_ADMIN. The calling thread is
// in it meanwhile, so it must be one that nothing else uses. With `owner` it belongs to that user
// namespace.
Result<Fd> MakeNetwork(const UserNamespace* owner = nullptr);

// Those of our namespace that are up, without the loopback. (A new namespace may have others: some
// kernels put tunnels into each, which are down.)
Result<std::vector<std::string>> LiveInterfaces();

// Sets /proc/sys/net/`name` of our namespace: "ipv4/ip_forward".
Result<void> SetNetworkOption(const std::string& name, std::string_view value);

// Frames that a program writes and reads as a network interface.
struct Tap {
  Fd fd;
  std::string interface;
};
// `name`: "%d" in it becomes a number. kFailedPrecondition: somebody else has that one.
Result<Tap> MakeTap(const std::string& name = "tap%d");

// Interfaces, addresses, routes and rules of the namespace that it was opened in (rtnetlink).
class RouteSocket {
 public:
  static Result<RouteSocket> Open();

  Result<void> RaiseLink(const std::string& interface);
  // Succeeds when it is gone already.
  Result<void> DeleteLink(const std::string& interface);
  Result<void> AddAddress(const std::string& interface, Ipv4 address);
  // Whatever comes in at `from` goes out of `to`, instead of to this namespace; what was said
  // of it before is forgotten. It ends with either of them, or with StopRedirect.
  // kFailedPrecondition: a queue of another kind looks at what comes in there ("clsact"); neither
  // of the two touches that one.
  Result<void> Redirect(const std::string& from, const std::string& to);
  Result<void> StopRedirect(const std::string& from);
  // `to` alone is behind `interface`.
  Result<void> AddRoute(const std::string& interface, Ipv4 to);

  // From now on every packet that comes in, for whatever address, is for this namespace itself:
  // nothing is forwarded, and what nobody listens for is refused. Our own packets go by the routes.
  Result<void> DeliverAll();

 private:
  explicit RouteSocket(Fd fd) : fd_(std::move(fd)) {}
  Result<void> Ask(std::string& message, const std::string& what);
  Fd fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace strata::host
