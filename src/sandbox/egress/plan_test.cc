#include "sandbox/egress/plan.h"

#include <gtest/gtest.h>

namespace strata::sandbox::egress {
namespace {

using model::HttpGrant;

TEST(PlanTest, NamesGetAddressesAndAddressesStandForThemselves) {
  const std::vector<HttpGrant> grants = {
      {"a.example", 80}, {"b.example", 443}, {"a.example", 443}, {"93.184.216.34", 80}};
  const auto plan = PlanDestinations(grants);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(*plan, (std::vector<Destination>{{"a.example", 80, {0xc6120001}},
                                             {"b.example", 443, {0xc6120002}},
                                             {"a.example", 443, {0xc6120001}},
                                             {"93.184.216.34", 80, {0x5db8d822}}}));
  EXPECT_EQ(AddressOf(*plan, "b.example"), host::Ipv4{0xc6120002});
  EXPECT_FALSE(AddressOf(*plan, "c.example").has_value());
}

TEST(PlanTest, AGrantThatIsThereTwiceIsOneDestination) {
  const std::vector<HttpGrant> grants = {{"a.example", 80}, {"a.example", 80}};
  EXPECT_EQ(PlanDestinations(grants)->size(), 1U);
}

TEST(PlanTest, AddressesThatMeanSomethingElseInsideAreRefused) {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "0.0.0.0", "198.18.0.1",
                           "198.19.0.1", "224.0.0.1", "255.255.255.255"}) {
    const std::vector<HttpGrant> grants = {{"a.example", 80}, {host, 80}};
    const auto plan = PlanDestinations(grants);
    ASSERT_FALSE(plan.has_value()) << host;
    EXPECT_EQ(plan.error().code, Errc::kUnsupported);
    EXPECT_TRUE(plan.error().message.contains(host));
  }
}

}  // namespace
}  // namespace strata::sandbox::egress
