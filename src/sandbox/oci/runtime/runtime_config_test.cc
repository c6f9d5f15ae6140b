#include "sandbox/oci/runtime/runtime_config.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace strata::sandbox::oci {
namespace {

class RuntimeConfigTest : public ::testing::Test {
 protected:
  Json Make() const {
    return MakeRuntimeConfig({.image = image,
                              .env = env,
                              .grants = grants,
                              .hostname = "box-1",
                              .root = "/run/box/root",
                              .cgroup_path = "/strata/box-1",
                              .limits = {.memory = 64_MiB, .cpu_millis = 500, .pids = 10},
                              .writable = 8_MiB});
  }
  static Json Find(const Json& list, const std::string& field, const std::string& value) {
    const auto found =
        std::ranges::find_if(list, [&](const Json& entry) { return entry[field] == value; });
    return found == list.end() ? Json() : *found;
  }
  // The action for a call without conditions on its arguments.
  static std::string Action(const Json& seccomp, const std::string& call) {
    for (const Json& rule : seccomp["syscalls"]) {
      const bool named = std::ranges::find(rule["names"], Json(call)) != rule["names"].end();
      if (named && !rule.contains("args")) return rule["action"];
    }
    return seccomp["defaultAction"];
  }

  artifact::RootImage image{.lower = {"/layer"},
                            .args = {"/bin/app", "-x"},
                            .env = {{"A", "image"}, {"B", "image"}},
                            .cwd = "/srv",
                            .uid = 7,
                            .gid = 8};
  model::Env env{{"A", "spec"}};
  model::Grants grants;
};

TEST_F(RuntimeConfigTest, SaysWhatToRunAndAsWhom) {
  const Json process = Make()["process"];
  EXPECT_EQ(process["args"], Json::array({"/bin/app", "-x"}));
  EXPECT_EQ(process["cwd"], "/srv");
  EXPECT_EQ(process["user"]["uid"], 7);
  EXPECT_EQ(process["user"]["gid"], 8);
  EXPECT_EQ(process["env"][0], "A=spec");
  EXPECT_EQ(process["env"][1], "B=image");
  EXPECT_TRUE(process["env"][2].get<std::string>().starts_with("PATH="));
}

TEST_F(RuntimeConfigTest, TakesEveryPrivilege) {
  const Json process = Make()["process"];
  EXPECT_EQ(process["noNewPrivileges"], true);
  EXPECT_EQ(process["capabilities"].size(), 5U);
  for (const auto& [set, names] : process["capabilities"].items()) {
    EXPECT_TRUE(names.is_array() && names.empty()) << set;
  }
  EXPECT_EQ(Find(process["rlimits"], "type", "RLIMIT_CORE")["hard"], 0);
}

TEST_F(RuntimeConfigTest, HasItsOwnNamespacesAndNobodysNetwork) {
  const Json namespaces = Make()["linux"]["namespaces"];
  for (const char* type : {"pid", "ipc", "uts", "mount", "network"}) {
    const Json found = Find(namespaces, "type", type);
    EXPECT_TRUE(found.is_object()) << type;
    EXPECT_FALSE(found.contains("path")) << type;
  }
}

TEST_F(RuntimeConfigTest, LimitsAreInTheGroupsOwnUnits) {
  const Json config = Make()["linux"];
  EXPECT_EQ(config["cgroupsPath"], "/strata/box-1");
  const Json& resources = config["resources"];
  EXPECT_EQ(resources["memory"]["limit"], 64 << 20);
  EXPECT_EQ(resources["memory"]["swap"], 64 << 20);
  EXPECT_EQ(resources["cpu"]["quota"], 50'000);
  EXPECT_EQ(resources["cpu"]["period"], 100'000);
  EXPECT_EQ(resources["pids"]["limit"], 10);
  EXPECT_EQ(resources["devices"], Json::parse(R"([{"allow": false, "access": "rwm"}])"));
}

TEST_F(RuntimeConfigTest, SeccompAllowsByNameOnly) {
  const Json seccomp = Make()["linux"]["seccomp"];
  EXPECT_EQ(seccomp["defaultAction"], "SCMP_ACT_ERRNO");
  for (const char* call : {"read", "execve", "mmap", "futex", "socket"}) {
    EXPECT_EQ(Action(seccomp, call), "SCMP_ACT_ALLOW") << call;
  }
  for (const char* call :
       {"mount", "unshare", "setns", "ptrace", "bpf", "clone3", "clone", "keyctl", "init_module",
        "kexec_load", "pivot_root", "io_uring_setup", "open_by_handle_at", "userfaultfd"}) {
    EXPECT_EQ(Action(seccomp, call), "SCMP_ACT_ERRNO") << call;
  }
}

TEST_F(RuntimeConfigTest, GrantedDirectoriesAreReadOnlyOrEmpty) {
  grants.dirs = {{.host = "/data", .guest = "/in", .mode = model::DirGrant::Mode::kReadOnly},
                 {.host = "", .guest = "/out", .mode = model::DirGrant::Mode::kScratch}};
  const Json mounts = Make()["mounts"];
  const Json in = Find(mounts, "destination", "/in");
  EXPECT_EQ(in["source"], "/data");
  EXPECT_NE(std::ranges::find(in["options"], Json("ro")), in["options"].end());
  const Json out = Find(mounts, "destination", "/out");
  EXPECT_EQ(out["type"], "tmpfs");
  EXPECT_NE(std::ranges::find(out["options"], Json("size=8388608")), out["options"].end());
}

TEST_F(RuntimeConfigTest, PathsOfTheHostAreMasked) {
  const Json config = Make()["linux"];
  for (const char* path : {"/proc/interrupts", "/proc/kcore", "/proc/keys",
                           "/sys/devices/virtual/powercap", "/sys/firmware"}) {
    EXPECT_NE(std::ranges::find(config["maskedPaths"], Json(path)), config["maskedPaths"].end());
  }
  EXPECT_NE(std::ranges::find(config["readonlyPaths"], Json("/proc/sys")),
            config["readonlyPaths"].end());
}

}  // namespace
}  // namespace strata::sandbox::oci
