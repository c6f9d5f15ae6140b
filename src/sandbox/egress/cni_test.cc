#include "sandbox/egress/cni.h"

#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "base/text/json.h"

namespace strata::sandbox::egress {
namespace {

constexpr host::Ipv4 kAddress{0xc6130002};

Json Good() {
  return *ParseJson(R"({"cniVersion": "1.0.0",
    "interfaces": [{"name": "veth1a2b", "mac": "56:e2:0d:ef:55:37"},
                   {"name": "eth0", "mac": "de:fd:cc:50:4d:43", "sandbox": "/proc/self/fd/3"}],
    "ips": [{"interface": 1, "address": "198.19.0.2/16", "gateway": "198.19.0.1"}],
    "routes": [{"dst": "0.0.0.0/0"}], "dns": {}})");
}

TEST(CniTest, OurEndIsTheOneWithoutASandbox) {
  const auto name = ParseCniResult(DumpJson(Good()), kAddress);
  ASSERT_TRUE(name.has_value()) << name.error().message;
  EXPECT_EQ(*name, "veth1a2b");
}

TEST(CniTest, WhatWasNotAskedForIsAFailure) {
  const auto refuses = [](auto change) {
    Json result = Good();
    change(result);
    const auto name = ParseCniResult(DumpJson(result), kAddress);
    EXPECT_FALSE(name.has_value()) << DumpJson(result);
    EXPECT_TRUE(name || name.error().code == Errc::kInternal);
  };
  refuses([](Json& r) { r = Json::array(); });
  refuses([](Json& r) { r.erase("interfaces"); });
  refuses([](Json& r) { r["interfaces"].push_back({{"name", "more"}}); });
  refuses([](Json& r) { r["interfaces"][0]["name"] = "a/b"; });
  refuses([](Json& r) { r["interfaces"][0]["name"] = "sixteen-letters-"; });
  refuses([](Json& r) { r["interfaces"][0] = "veth1a2b"; });
  refuses([](Json& r) { r["interfaces"][1]["name"] = "eth1"; });
  refuses([](Json& r) { r["interfaces"][1].erase("sandbox"); });
  refuses([](Json& r) { r["ips"][0]["address"] = "198.19.0.3/16"; });
  refuses([](Json& r) { r["ips"].push_back(r["ips"][0]); });
  refuses([](Json& r) { r["ips"] = "none"; });
}

TEST(CniTest, AHostWithoutPluginsSaysWhatToInstall) {
  const strata::testing::TempDir empty;
  const auto found = FindPlugins(empty.path());
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(found.error().message.contains("containernetworking-plugins"));
}

}  // namespace
}  // namespace strata::sandbox::egress
