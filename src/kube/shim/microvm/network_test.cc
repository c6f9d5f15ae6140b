#include "kube/shim/microvm/network.h"

#include <gtest/gtest.h>

namespace strata::kube::shim {
namespace {

constexpr std::string_view kHead =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

TEST(GatewayOfTest, TheRouteToEverythingElseNamesIt) {
  const std::string routes = std::string(kHead) +
                             "eth0\t00007B0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
                             "eth0\t00000000\t01007B0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
  EXPECT_EQ(GatewayOf(routes, "eth0"), "10.123.0.1");
  EXPECT_EQ(GatewayOf(routes, "eth1"), "");
}

TEST(GatewayOfTest, WithoutSuchARouteThereIsNone) {
  for (const char* line : {"", "eth0\t00000000\n", "eth0 zz zz\n", "eth0\t00000000\t00000000\n"}) {
    EXPECT_EQ(GatewayOf(std::string(kHead) + line, "eth0"), "") << line;
  }
}

}  // namespace
}  // namespace strata::kube::shim
