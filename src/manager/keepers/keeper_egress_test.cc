#include "manager/keepers/keeper_egress.h"

#include <string>

#include <gtest/gtest.h>

#include "manager/testing/listening_target.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::manager {
namespace {

class KeeperEgressTest : public ::testing::Test {
 protected:
  void SetUp() override { egress_.Allow("container:x@k-1", {.http = {{"127.0.0.1", port_}}}); }

  Result<Fd> Connect(const std::string& keeper, const std::string& key) {
    return sandbox::testing::CallFixture::RunTask(
        loop_, egress_.Connect(keeper, {.key = key, .host = "127.0.0.1", .port = port_}));
  }
  static bool Denied(const Result<Fd>& connected) {
    return !connected && connected.error().code == Errc::kPermissionDenied;
  }

  Loop loop_;
  Connector connector_{loop_};
  telemetry::Registry registry_;
  KeeperEgress egress_{connector_, registry_};
  const ListeningTarget target_;
  const std::uint16_t port_ = target_.port();
};

TEST_F(KeeperEgressTest, AKeyReachesWhatItIsAllowed) {
  EXPECT_TRUE(Connect("k-1", "container:x@k-1").has_value());
}

TEST_F(KeeperEgressTest, AKeyThatNobodyAllowedReachesNothing) {
  EXPECT_TRUE(Denied(Connect("k-1", "container:y@k-1")));
  EXPECT_EQ(connector_.denied(), 1U);
}

TEST_F(KeeperEgressTest, AKeeperSpeaksForItsOwnKeysOnly) {
  EXPECT_TRUE(Denied(Connect("k-2", "container:x@k-1")));
  EXPECT_TRUE(Denied(Connect("1", "container:x@k-1")));
  EXPECT_TRUE(Denied(Connect("", "container:x@k-1")));
}

TEST_F(KeeperEgressTest, WhatIsAllowedNowReplacesWhatWas) {
  egress_.Allow("container:x@k-1", {});
  EXPECT_TRUE(Denied(Connect("k-1", "container:x@k-1")));
}

TEST_F(KeeperEgressTest, AKeeperThatIsGoneTakesItsKeysAlong) {
  egress_.Forget("k-2");
  EXPECT_TRUE(Connect("k-1", "container:x@k-1").has_value());
  egress_.Forget("k-1");
  EXPECT_TRUE(Denied(Connect("k-1", "container:x@k-1")));
}

TEST_F(KeeperEgressTest, WhatMovedIsCountedByTenantAndClass) {
  egress_.Count("shop", {.key = "container:x@k-1", .sent = 2, .received = 3, .connections = 1});
  egress_.Count("shop", {.key = "service:web:microvm:1234@k-1", .sent = 5, .denied = 7});
  const std::string text = registry_.Expose();
  for (const char* line :
       {"strata_manager_egress_bytes_total{class=\"container\",direction=\"sent\",namespace="
        "\"shop\"} 2",
        "strata_manager_egress_bytes_total{class=\"container\",direction=\"received\",namespace="
        "\"shop\"} 3",
        "strata_manager_egress_bytes_total{class=\"microvm\",direction=\"sent\",namespace=\"shop\"}"
        " 5",
        "strata_manager_egress_connections_total{class=\"container\",namespace=\"shop\"} 1",
        "strata_manager_egress_denied_total{class=\"microvm\",namespace=\"shop\"} 7"}) {
    EXPECT_TRUE(text.contains(line)) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace strata::manager
