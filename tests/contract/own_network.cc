#include "tests/contract/own_network.h"

#include <sched.h>

#include <gtest/gtest.h>

#include "host/confine/netns.h"

namespace strata::sandbox::contract {

std::shared_ptr<egress::Egress> EgressInOwnNetwork(Loop& loop) {
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  auto routes = host::RouteSocket::Open();
  EXPECT_TRUE(routes.has_value() && routes->RaiseLink("lo").has_value());
  return std::make_shared<egress::Egress>(loop);
}

}  // namespace strata::sandbox::contract
