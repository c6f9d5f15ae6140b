#include "kube/shim/microvm/config.h"

#include <gtest/gtest.h>

namespace strata::kube::shim {
namespace {

// As containerd writes it for a container of a pod, shortened.
Json Usual() {
  return *ParseJson(R"({
    "process": {"args": ["/bin/app", "-v"], "env": ["A=1"], "cwd": "/", "user": {"uid": 7, "gid": 8},
                "apparmorProfile": "cri-containerd.apparmor.d", "oomScoreAdj": 999},
    "root": {"path": "rootfs", "readonly": true},
    "annotations": {"io.kubernetes.cri.container-type": "container"},
    "mounts": [
      {"destination": "/proc", "type": "proc", "source": "proc"},
      {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
      {"destination": "/dev/shm", "type": "bind", "source": "/pod/shm", "options": ["rbind", "rw"]},
      {"destination": "/dev/termination-log", "type": "bind", "source": "/k/t", "options": ["rbind", "rw"]},
      {"destination": "/etc/hosts", "type": "bind", "source": "/k/hosts", "options": ["rbind", "rw"]},
      {"destination": "/etc/config", "type": "bind", "source": "/k/c", "options": ["rbind", "rro"]}],
    "linux": {"cgroupsPath": "/pods/p1/c1", "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"},
              "namespaces": [{"type": "pid"}, {"type": "ipc", "path": "/pod/ipc"},
                             {"type": "uts", "path": "/pod/uts"}, {"type": "mount"},
                             {"type": "network", "path": "/pod/net"}],
              "resources": {"memory": {"limit": 67108865}, "cpu": {"quota": 50000, "period": 100000},
                            "devices": [{"allow": false, "access": "rwm"}]}}})");
}

Result<MicrovmConfig> Read(const Json& config) {
  return ReadMicrovmConfig(config, {.hostname = "web", .sysctls = {{"net.a", "1"}}});
}

TEST(ReadMicrovmConfigTest, TheMachineHoldsTheProgramsAndTheGroupTheMachine) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->memory, Bytes{67108865});
  EXPECT_EQ(config->machine, 193_MiB);
  EXPECT_EQ(config->group.path, "/pods/p1/c1");
  EXPECT_EQ(config->group.limits,
            (host::CgroupLimits{.memory = 449_MiB, .cpu_millis = 500, .pids = 32}));
  EXPECT_EQ(config->network, "/pod/net");
  EXPECT_EQ(config->hostname, "web");
}

TEST(ReadMicrovmConfigTest, TheScoreForWhenMemoryEndsIsTheMachinesAndNotTheGuests) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->oom_score_adjust, 999);
  EXPECT_FALSE(config->guest["process"].contains("oomScoreAdj"));
  Json silent = Usual();
  silent["process"].erase("oomScoreAdj");
  EXPECT_EQ(Read(silent)->oom_score_adjust, 0);
}

TEST(ReadMicrovmConfigTest, WhatIsMountedReadOnlyIsCopiedAndTheRestIsTheMachines) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->copies,
            (std::vector<MicrovmConfig::Copy>{{"/k/hosts", "mount-0"}, {"/k/c", "mount-1"}}));
  const Json& mounts = config->guest["mounts"];
  ASSERT_EQ(mounts.size(), 5U);  // without the termination log
  EXPECT_EQ(mounts[2]["type"], "tmpfs");
  EXPECT_EQ(mounts[4]["source"], "/lower/mount-1");
  EXPECT_EQ(mounts[4]["options"], (Json{"bind", "ro", "rprivate"}));
}

TEST(ReadMicrovmConfigTest, NothingOfTheHostIsToldToTheRuntimeInTheMachine) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config);
  const Json& guest = config->guest;
  EXPECT_EQ(guest["root"], (Json{{"path", "/sandbox"}, {"readonly", true}}));
  EXPECT_EQ(guest["linux"]["cgroupsPath"], "/container");
  EXPECT_EQ(guest["linux"]["resources"]["memory"]["limit"], 67108865);
  EXPECT_FALSE(guest["linux"]["resources"].contains("cpu"));
  EXPECT_TRUE(guest["linux"]["resources"].contains("devices"));
  EXPECT_EQ(guest["linux"]["sysctl"]["net.a"], "1");
  EXPECT_TRUE(guest["linux"].contains("seccomp"));
  for (const Json& each : guest["linux"]["namespaces"]) {
    EXPECT_EQ(each.contains("path"), each["type"] == "network") << each;
  }
  EXPECT_FALSE(guest["process"].contains("apparmorProfile"));
  EXPECT_EQ(guest["process"]["user"]["uid"], 7);
  EXPECT_FALSE(guest.contains("annotations"));
}

TEST(ReadMicrovmConfigTest, WhatAMachineCannotHaveIsRefused) {
  const auto refused = [](auto change) {
    Json json = Usual();
    change(json);
    const auto config = Read(json);
    return !config && config.error().code == Errc::kUnsupported;
  };
  EXPECT_TRUE(refused([](Json& json) { json["mounts"][5]["options"] = {"rbind", "rw"}; }));
  EXPECT_TRUE(refused([](Json& json) {
    json["mounts"][5]["type"] = "nfs";
    json["mounts"][5]["options"] = {"ro"};
  }));
  EXPECT_TRUE(refused([](Json& json) { json["linux"]["namespaces"].erase(4); }));
  EXPECT_TRUE(refused([](Json& json) { json["linux"]["namespaces"].erase(0); }));
  EXPECT_TRUE(
      refused([](Json& json) { json["linux"]["namespaces"].push_back({{"type", "user"}}); }));
  EXPECT_TRUE(refused([](Json& json) { json["linux"]["devices"] = {{{"path", "/dev/fuse"}}}; }));
  EXPECT_TRUE(refused([](Json& json) { json["linux"]["resources"]["memory"]["limit"] = 4096; }));
  EXPECT_TRUE(refused([](Json& json) { json["linux"]["resources"]["cpu"]["burst"] = 50000; }));
  EXPECT_TRUE(refused(
      [](Json& json) { json["linux"]["resources"]["unified"]["memory.high"] = "33554432"; }));
  EXPECT_TRUE(refused([](Json& json) {
    for (int i = 0; i < 256; ++i) json["mounts"].push_back(json["mounts"][5]);
  }));
  EXPECT_TRUE(refused([](Json& json) { json["hooks"]["prestart"] = {{{"path", "/x"}}}; }));
  EXPECT_TRUE(refused(
      [](Json& json) { json["annotations"]["io.kubernetes.cri.container-type"] = "sandbox"; }));
}

TEST(ReadMicrovmConfigTest, HostileConfigsAreRefused) {
  for (const char* patch :
       {R"({"process": null})", R"({"process": {"args": []}})", R"({"process": {"args": [1]}})",
        R"({"process": []})", R"({"mounts": {}})", R"({"mounts": [1]})",
        R"({"mounts": [{"type": "bind", "source": "/x"}]})", R"({"linux": []})",
        R"({"linux": {"cgroupsPath": 7}})", R"({"linux": {"namespaces": {}}})"}) {
    Json json = Usual();
    json.merge_patch(*ParseJson(patch));
    const auto config = Read(json);
    ASSERT_FALSE(config) << patch;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument) << patch;
  }
}

TEST(MicrovmProgramTest, TerminalsAreAsTheContainersProcessIs) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config);
  const auto first = FirstProgram(*config, true);
  EXPECT_EQ(first.args, (std::vector<std::string>{"/bin/app", "-v"}));
  EXPECT_EQ(first.memory, 67108865U);
  ASSERT_TRUE(first.terminal);
  EXPECT_EQ(first.terminal->rows, 24);
  EXPECT_TRUE((*ParseJson(first.container))["process"]["terminal"]);
  const auto beside = SideProgramOf(
      R"({"args": ["sh"], "terminal": true, "consoleSize": {"height": 5, "width": 70000}})", true);
  ASSERT_TRUE(beside);
  EXPECT_TRUE(beside->beside);
  EXPECT_EQ(beside->terminal->rows, 5);
  EXPECT_EQ(beside->terminal->columns, 65535);
  for (const char* bad : {"", "[]", "{}", R"({"args": [1]})"}) {
    EXPECT_EQ(SideProgramOf(bad, false).error().code, Errc::kInvalidArgument) << bad;
  }
}

TEST(ReadMicrovmUpdateTest, ItsMemoryStaysAndItsShareChanges) {
  const auto config = Read(Usual());
  ASSERT_TRUE(config);
  const auto share = ReadMicrovmUpdate(R"({"cpu": {"quota": 20000, "period": 100000}})", *config);
  ASSERT_TRUE(share);
  EXPECT_EQ(*share, (host::CgroupLimits{.memory = {}, .cpu_millis = 200, .pids = 0}));
  EXPECT_EQ(ReadMicrovmUpdate(R"({"memory": {"limit": 1048576}})", *config).error().code,
            Errc::kUnsupported);
  EXPECT_TRUE(ReadMicrovmUpdate(R"({"memory": {"limit": 67108865}})", *config));
  EXPECT_EQ(ReadMicrovmUpdate(R"({"cpu": {"quota": -1}})", *config)->cpu_millis,
            host::CgroupLimits::kAny);
}

// Of what a machine was made with nothing is left as it is without a word.
TEST(ReadMicrovmUpdateTest, WhatTheMachineWouldNotKeepIsRefused) {
  Json json = Usual();
  json["linux"]["resources"]["pids"]["limit"] = 100;
  const auto config = Read(json);
  ASSERT_TRUE(config);
  for (const char* kept : {R"({"pids": {"limit": 100}})", R"({"cpu": {"shares": 2}})"}) {
    EXPECT_TRUE(ReadMicrovmUpdate(kept, *config)) << kept;
  }
  for (const char* refused :
       {R"({"pids": {"limit": 50}})", R"({"pids": {"limit": -1}})", R"({"memory": {"limit": -1}})",
        R"({"unified": {"memory.high": "1048576"}})", R"({"cpu": {"burst": 50000}})"}) {
    const auto limits = ReadMicrovmUpdate(refused, *config);
    ASSERT_FALSE(limits) << refused;
    EXPECT_EQ(limits.error().code, Errc::kUnsupported) << refused;
    EXPECT_TRUE(limits.error().message.starts_with("class microvm: ")) << limits.error().message;
  }
}

}  // namespace
}  // namespace strata::kube::shim
