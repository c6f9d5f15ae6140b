#include "kube/shim/task/appkernel.h"

#include <gtest/gtest.h>

namespace strata::kube::shim {
namespace {

TEST(ForAppkernelTest, ThePodsNameIsToldAndKubernetesAnnotationsAreNot) {
  const Json config = {{"hostname", ""},
                       {"annotations", {{"io.kubernetes.cri.container-type", "container"}}},
                       {"process", {{"args", {"/bin/true"}}}}};
  EXPECT_EQ(ForAppkernel(config, "web"),
            (Json{{"hostname", "web"}, {"process", {{"args", {"/bin/true"}}}}}));
  EXPECT_EQ(ForAppkernel(config, "")["hostname"], "");
}

TEST(ForAppkernelTest, ProcessIdsAreItsOwn) {
  const Json config = {{"linux",
                        {{"namespaces",
                          {{{"type", "pid"}, {"path", "/pod/processes"}},
                           {{"type", "network"}, {"path", "/netns/1"}}}}}}};
  EXPECT_EQ(ForAppkernel(config, "")["linux"]["namespaces"],
            Json({{{"type", "pid"}}, {{"type", "network"}, {"path", "/netns/1"}}}));
}

TEST(ForAppkernelTest, WhatIsReadOnlyWithAllBelowIsReadOnly) {
  const Json config = {{"mounts", {{{"destination", "/a"}, {"options", {"rbind", "rro"}}}}}};
  EXPECT_EQ(ForAppkernel(config, "")["mounts"][0]["options"], (Json{"rbind", "ro"}));
}

TEST(CheckCapabilitiesTest, TheUsualOnesAreLetAndNoOther) {
  const auto with = [](Json sets) {
    return Json{{"process", {{"capabilities", std::move(sets)}}}};
  };
  EXPECT_TRUE(CheckCapabilities(Json::object()));
  EXPECT_TRUE(CheckCapabilities(with({{"bounding", {"CAP_CHOWN", "CAP_NET_BIND_SERVICE"}}})));
  for (const char* set : {"bounding", "permitted", "ambient"}) {
    const auto refused = CheckCapabilities(with({{set, {"CAP_CHOWN", "CAP_SYS_ADMIN"}}}));
    ASSERT_FALSE(refused) << set;
    EXPECT_EQ(refused.error().code, Errc::kUnsupported);
    EXPECT_NE(refused.error().message.find("CAP_SYS_ADMIN"), std::string::npos);
  }
}

}  // namespace
}  // namespace strata::kube::shim
