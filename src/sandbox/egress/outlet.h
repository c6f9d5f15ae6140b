// sandbox/egress/outlet.h - the way out of one sandbox: what listens on its interface, and nothing
// else does.
//
//   guest --name?--> [ Outlet: names ] an address for each granted name, "no such name" for others
//   guest --TCP to a granted destination--> [ Outlet: listeners ] --Connector--> the network
//
// Every socket here is bound to the sandbox's own interface, so no other sandbox can reach it, and
// what reaches it is this one. Connections to whatever is not listened for are refused by the
// kernel (host::RouteSocket::DeliverAll).
//
// Threads:  one loop. Lifetime: destroying it closes every connection and deletes the interface.
// Limits:   `most_connections` at once; more wait to be accepted.
// Tested by egress_test.cc and tests/contract.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "host/ipv4.h"
#include "sandbox/driver.h"
#include "sandbox/egress/plan.h"

namespace strata::sandbox::egress {

struct OutletSpec {
  std::string interface;  // of ours, that leads to the sandbox
  host::Ipv4 address;     // the sandbox's
  std::vector<Destination> plan;
  Effects effects;
  std::uint32_t most_connections = 64;
  std::function<void()> on_closed;  // when its interface is gone
};

class Outlet {
 public:
  // Fails with FailErrno's codes; then the interface is deleted too.
  static Result<std::unique_ptr<Outlet>> Open(Loop& loop, OutletSpec spec);
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;
  ~Outlet();

 private:
  class State;
  explicit Outlet(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // shared with its coroutines, which end after it was closed
};

}  // namespace strata::sandbox::egress
