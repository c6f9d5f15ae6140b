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

}  // namespace
}  // namespace strata::kube::shim
