#include "kube/shim/wasm/config.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::kube::shim {
namespace {

// As containerd writes it, shortened.
Json Usual() {
  return *ParseJson(R"({
    "process": {"args": ["/app.wasm", "-v", ""], "env": ["A=1=2", "B="], "user": {"uid": 0, "gid": 0},
                "oomScoreAdj": 999},
    "root": {"path": "rootfs"},
    "annotations": {"io.kubernetes.cri.sandbox-namespace": "shop"},
    "mounts": [
      {"destination": "/proc", "type": "proc", "source": "proc"},
      {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
      {"destination": "/run", "type": "tmpfs", "source": "tmpfs"},
      {"destination": "/data", "type": "bind", "source": "/kubelet/data", "options": ["rbind", "rw"]},
      {"destination": "/etc/config", "type": "bind", "source": "/kubelet/c", "options": ["rbind", "ro"]}],
    "linux": {"cgroupsPath": "/pods/p1/c1",
              "resources": {"memory": {"limit": 67108864}, "cpu": {"quota": 50000, "period": 100000},
                            "pids": {"limit": -1}}}})");
}

Result<WasmConfig> Read(const Json& config) { return ReadWasmConfig(config, "k8s.io"); }

TEST(ReadWasmConfigTest, WhatACommandNeedsIsRead) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->arguments, (std::vector<std::string>{"/app.wasm", "-v", ""}));
  EXPECT_EQ(config->environment, (model::Env{{"A", "1=2"}, {"B", ""}}));
  EXPECT_EQ(config->group.path, "/pods/p1/c1");
  EXPECT_EQ(config->group.limits,
            (host::CgroupLimits{.memory = 64_MiB, .cpu_millis = 500, .pids = 0}));
  EXPECT_FALSE(config->user);
  EXPECT_EQ(config->tenant, "pods/shop");
  EXPECT_EQ(config->oom_score_adjust, 999);
  EXPECT_TRUE(config->root_writable);
  ASSERT_EQ(config->mounts.size(), 2);
  EXPECT_TRUE(config->mounts[0].writable);
  EXPECT_EQ(config->mounts[1].guest, "/etc/config");
  EXPECT_FALSE(config->mounts[1].writable);
}

TEST(ReadWasmConfigTest, WhatIsReadOnlyWithAllBelowIsNotWritable) {
  Json json = Usual();
  json["mounts"][3]["options"] = {"rbind", "rro"};
  const auto config = Read(json);
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->mounts[0].writable);
}

TEST(ReadWasmConfigTest, AUserAndAReadOnlyRootAreKept) {
  Json json = Usual();
  json["process"]["user"] = {{"uid", 1000}, {"gid", 2000}};
  json["root"]["readonly"] = true;
  const auto config = Read(json);
  ASSERT_TRUE(config);
  ASSERT_TRUE(config->user);
  EXPECT_EQ(config->user->uid, 1000);
  EXPECT_EQ(config->user->gid, 2000);
  EXPECT_FALSE(config->root_writable);
}

TEST(ReadWasmConfigTest, WhereAComponentAnswersIsRead) {
  using Network = WasmConfig::Network;
  Json json = Usual();
  EXPECT_EQ(Read(json)->network, Network::kHost);
  EXPECT_EQ(Read(json)->http_port, 8080);
  json["annotations"]["strata.dev/http-port"] = "65535";
  json["linux"]["namespaces"] = {{{"type", "ipc"}}, {{"type", "network"}}};
  EXPECT_EQ(Read(json)->network, Network::kNone);
  EXPECT_EQ(Read(json)->http_port, 65535);
  json["linux"]["namespaces"][1]["path"] = "/run/netns/a";
  EXPECT_EQ(Read(json)->network, Network::kPod);
  EXPECT_EQ(Read(json)->network_path, "/run/netns/a");
}

TEST(ReadWasmConfigTest, APortThatIsNoneIsRefused) {
  for (const char* port : {"0", "65536", "-1", "80 ", " 80", "http", "8080/tcp", "0x50"}) {
    Json json = Usual();
    json["annotations"]["strata.dev/http-port"] = port;
    const auto config = Read(json);
    ASSERT_FALSE(config) << port;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument) << port;
  }
}

TEST(ReadWasmConfigTest, LimitsOfRequestsAreAManifests) {
  Json json = Usual();
  EXPECT_FALSE(Read(json)->request_limits);
  json["annotations"]["strata.dev/limits"] = R"({"timeout_ms": 100, "memory_mib": 8})";
  model::Limits limits;
  limits.timeout = std::chrono::milliseconds(100);
  limits.memory = 8_MiB;
  EXPECT_EQ(Read(json)->request_limits, limits);
  for (const char* text : {"100", "{", R"({"timeout": 1})", R"({"timeout_ms": 0})",
                           R"({"timeout_ms": "1"})", R"({"concurrency": 1001})"}) {
    json["annotations"]["strata.dev/limits"] = text;
    const auto config = Read(json);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument) << text;
  }
}

TEST(ReadWasmConfigTest, WhatACommandCannotHaveIsRefused) {
  const auto refused = [](auto change) {
    Json json = Usual();
    change(json);
    const auto config = Read(json);
    return !config && config.error().code == Errc::kUnsupported;
  };
  EXPECT_TRUE(refused([](Json& json) { json["process"]["terminal"] = true; }));
  EXPECT_TRUE(refused([](Json& json) {
    json["mounts"].push_back({{"destination", "/cache"}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  }));
}

TEST(ReadWasmConfigTest, HostileConfigsAreRefused) {
  for (const char* patch :
       {R"({"process": null})", R"({"process": {"args": []}})", R"({"process": {"args": [1]}})",
        R"({"process": {"args": ["/app.wasm", "a\u0000b"]}})",
        R"({"process": {"env": ["A=\u0000"]}})", R"({"process": {"env": "A=1"}})",
        R"({"process": {"env": [1]}})", R"({"process": {"env": ["novalue"]}})", R"({"mounts": {}})",
        R"({"mounts": [1]})", R"({"mounts": [{"type": "bind", "source": "/x"}]})",
        R"({"linux": []})", R"({"linux": {"cgroupsPath": 7}})", R"({"linux": {"namespaces": {}}})",
        R"({"process": {"user": {"uid": 4294967295}}})",
        R"({"linux": {"resources": {"cpu": {"quota": 9000000000000000000}}}})"}) {
    Json json = Usual();
    json.merge_patch(*ParseJson(patch));
    const auto config = Read(json);
    ASSERT_FALSE(config) << patch;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument) << patch;
  }
}

TEST(ReadWasmConfigTest, ALimitThatTheClassDoesNotKeepIsRefusedByName) {
  Json json = Usual();
  json["linux"]["resources"]["cpu"]["burst"] = 50000;
  const auto config = Read(json);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::kUnsupported);
  EXPECT_TRUE(
      config.error().message.starts_with("class wasm: linux.resources.cpu.burst is kept by"))
      << config.error().message;
}

}  // namespace
}  // namespace strata::kube::shim
