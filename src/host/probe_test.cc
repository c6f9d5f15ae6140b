#include "host/probe.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

TEST(ProbeTest, SaysOfEveryFeatureWhatWasSeenAndWhatIsLostWithoutIt) {
  const auto features = ProbeHost();
  constexpr std::array<std::string_view, 12> kNames = {
      "kernel",          "kernel-ebpf",       "cgroup-v2", "root",
      "user-namespaces", "network-namespace", "landlock",  "seccomp",
      "pidfd",           "memfd-sealing",     "cgroup",    "kvm"};
  ASSERT_EQ(features.size(), kNames.size());
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    EXPECT_EQ(features[i].name, kNames[i]);
    EXPECT_FALSE(features[i].detail.empty()) << kNames[i];
    EXPECT_FALSE(features[i].without.empty()) << kNames[i];
    std::printf("%-18s %-4s %s\n", features[i].name.c_str(), features[i].available ? "yes" : "no",
                features[i].detail.c_str());
  }
}

TEST(ProbeTest, LeavesThisProcessAsItWas) {
  static_cast<void>(ProbeHost());
  EXPECT_GT(::getppid(), 0) << "seccomp stayed in the child";
  EXPECT_EQ(::access("/dev/null", R_OK), 0) << "Landlock stayed in the child";
}

TEST(ProbeTest, KnowsTheUser) {
  const auto features = ProbeHost();
  const auto root = std::ranges::find(features, "root", &Feature::name);
  ASSERT_NE(root, features.end());
  EXPECT_EQ(root->available, ::geteuid() == 0);
}

TEST(ProbeTest, IsWrittenAsTheApiSaysIt) {
  const std::array features = {Feature{"kvm", true, "makes a VM", "slow"}};
  EXPECT_EQ(
      DumpJson(FeaturesToJson(features)),
      R"({"checks":[{"available":true,"detail":"makes a VM","name":"kvm","without":"slow"}]})");
}

}  // namespace
}  // namespace strata::host
