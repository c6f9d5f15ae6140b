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
