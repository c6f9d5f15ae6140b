// sandbox/egress/egress.h - the network that sandboxes with `grants.http` have: an interface that
// leads to this process, and from here on only to what is granted, by the connector.
//
//   sandbox: eth0 --veth (CNI) or tap--> [ our network namespace: Egress -> Outlet ] --Connector-->
//
// Our namespace has no way out, and nothing in it is forwarded: a packet of a sandbox ends here,
// whatever its address. What it can reach is what its Outlet listens for on its interface; packets
// with another sandbox's address as their source are dropped (strict reverse paths). Shared by the
// drivers of one process. Decision 0009 says why it is built so.
//
// Threads:  one loop, whose thread is in the namespace that is meant, and a worker.
// Lifetime: shared; an Outlet keeps it. Nothing is made before the first sandbox with a grant, and
//           everything ends with the namespace.
// Errors:   before anything was made: kFailedPrecondition: this host lacks something for now, which
//           may be installed while we run; kUnsupported: this process cannot, ever.
// Tested by egress_test.cc and tests/contract.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "host/confine/user_namespace.h"
#include "host/ipv4.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/egress/outlet.h"
#include "sandbox/egress/plan.h"
#include "sandbox/worker.h"

namespace strata::sandbox::egress {

class Egress : public std::enable_shared_from_this<Egress> {
 public:
  static constexpr const char* kPlugins = "/usr/lib/cni";

  explicit Egress(Loop& loop, std::filesystem::path plugins = kPlugins)
      : loop_(loop), plugins_(std::move(plugins)) {}

  // Whether sandboxes can be given these grants here, by Join and by Plug. kFailedPrecondition: the
  // message says what is missing; kUnsupported: which grant cannot be, or why none can.
  [[nodiscard]] Result<void> CheckJoin(std::span<const model::HttpGrant> grants) const;
  [[nodiscard]] Result<void> CheckPlug(std::span<const model::HttpGrant> grants) const;

  // A network namespace with a loopback and an interface eth0, and the way out of there.
  struct Joined {
    Fd network;
    std::unique_ptr<Outlet> outlet;
  };
  // It belongs to `owner` (null: to nobody but us), which outlives the call.
  Task<Joined> Join(Spec spec, const host::UserNamespace* owner = nullptr);

  // A tap for a virtual machine, whose guest has to take `address`, and the way out of there.
  struct Plugged {
    Fd tap;
    host::Ipv4 address;
    std::unique_ptr<Outlet> outlet;
  };
  Result<Plugged> Plug(const Spec& spec);

  // What a sandbox's /etc/resolv.conf says.
  static std::string ResolvConf() { return "nameserver " + kGateway.ToString() + "\n"; }

 private:
  [[nodiscard]] Result<void> CheckPlace(std::span<const model::HttpGrant> grants) const;
  Result<void> SetUp();
  Result<host::Ipv4> TakeAddress();
  Result<std::unique_ptr<Outlet>> OpenOutlet(const Spec& spec, std::string interface,
                                             host::Ipv4 address);

  Loop& loop_;
  const std::filesystem::path plugins_;
  std::unique_ptr<Worker> worker_;  // its thread makes namespaces; null until set up
  std::set<host::Ipv4> taken_;
  std::uint32_t next_ = 0;
};

}  // namespace strata::sandbox::egress
