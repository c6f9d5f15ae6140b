#include "kube/shim/pod/config.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "cri/pod_sandbox.pb.h"

namespace strata::kube::shim {
namespace {

namespace cri_api = ::runtime::v1;

constexpr const char* kType = "type.googleapis.com/runtime.v1.PodSandboxConfig";

// As a kubelet asks: process ids of each container's own.
cri_api::PodSandboxConfig Usual() {
  cri_api::PodSandboxConfig config;
  auto* linux_config = config.mutable_linux();
  linux_config->mutable_security_context()->mutable_namespace_options()->set_pid(
      cri_api::CONTAINER);
  return config;
}

cri_api::NamespaceOption& NamespacesOf(cri_api::PodSandboxConfig& config) {
  return *config.mutable_linux()->mutable_security_context()->mutable_namespace_options();
}

Result<PodSettings> Read(const cri_api::PodSandboxConfig& config) {
  google::protobuf::Any any;
  any.set_type_url(kType);
  any.set_value(config.SerializeAsString());
  return ReadPodSettings(any);
}

Json ContainersConfig() {
  return {{"hostname", "x"},
          {"root", {{"path", "rootfs"}}},
          {"mounts",
           {{{"destination", "/dev/shm"}, {"type", "tmpfs"}},
            {{"destination", "/etc/hosts"}, {"type", "bind"}, {"source", "/kubelet/hosts"}}}},
          {"linux",
           {{"namespaces",
             {{{"type", "pid"}},
              {{"type", "network"}, {"path", "/proc/0/ns/net"}},
              {{"type", "ipc"}, {"path", "/proc/0/ns/ipc"}},
              {{"type", "uts"}, {"path", "/proc/0/ns/uts"}},
              {{"type", "mount"}}}}}}};
}

const PodPlace kPlace{.bundle = "/pod", .network = "/netns/1"};

TEST(ReadPodSettingsTest, WhatKubernetesAsksIsRead) {
  auto config = Usual();
  config.set_hostname("web-0");
  config.mutable_dns_config()->add_servers("10.0.0.10");
  config.mutable_dns_config()->add_searches("a.local");
  config.mutable_dns_config()->add_searches("local");
  config.mutable_dns_config()->add_options("ndots:5");
  (*config.mutable_linux()->mutable_sysctls())["net.core.somaxconn"] = "1024";
  const auto settings = Read(config);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->hostname, "web-0");
  EXPECT_EQ(settings->resolv_conf, "search a.local local\nnameserver 10.0.0.10\noptions ndots:5\n");
  EXPECT_EQ(settings->sysctls.at("net.core.somaxconn"), "1024");
  EXPECT_EQ(settings->sysctls.at("net.ipv4.ip_unprivileged_port_start"), "0");
  EXPECT_FALSE(settings->host_network);
}

TEST(ReadPodSettingsTest, NothingAskedIsNothing) {
  const auto settings = ReadPodSettings({});
  ASSERT_TRUE(settings);
  EXPECT_TRUE(settings->hostname.empty());
}

TEST(ReadPodSettingsTest, OtherOptionsAreRefused) {
  google::protobuf::Any any;
  any.set_type_url("example.Options");
  EXPECT_EQ(ReadPodSettings(any).error().code, Errc::kUnsupported);
  any.set_type_url(kType);
  any.set_value("\xff\xff\xff");
  EXPECT_EQ(ReadPodSettings(any).error().code, Errc::kUnsupported);
}

TEST(ReadPodSettingsTest, ProcessIdsAreSharedOnRequest) {
  auto shared = Usual();
  EXPECT_FALSE(Read(shared)->share_processes);
  NamespacesOf(shared).set_pid(cri_api::POD);
  EXPECT_TRUE(Read(shared)->share_processes);
}

TEST(ReadPodSettingsTest, ProcessIdsAreTheHostsOnRequest) {
  auto host = Usual();
  NamespacesOf(host).set_pid(cri_api::NODE);
  const auto settings = Read(host);
  ASSERT_TRUE(settings);
  Json config = ContainersConfig();
  config["linux"]["namespaces"] = Json::array({{{"type", "pid"}, {"path", "/proc/0/ns/pid"}}});
  const auto joined = JoinPod(std::move(config), *settings, kPlace);
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE((*joined)["linux"]["namespaces"].empty());
}

TEST(ReadPodSettingsTest, AUserNamespaceIsRefused) {
  auto users = Usual();
  NamespacesOf(users).mutable_userns_options()->set_mode(cri_api::POD);
  EXPECT_EQ(Read(users).error().code, Errc::kUnsupported);
}

TEST(ReadPodSettingsTest, ASysctlOfTheHostIsRefused) {
  for (const char* name : {"vm.overcommit_memory", "kernel.panic", "net/../kernel/panic"}) {
    auto config = Usual();
    (*config.mutable_linux()->mutable_sysctls())[name] = "1";
    const auto settings = Read(config);
    ASSERT_FALSE(settings) << name;
    EXPECT_EQ(settings.error().code, Errc::kInvalidArgument);
  }
  auto config = Usual();
  NamespacesOf(config).set_network(cri_api::NODE);
  (*config.mutable_linux()->mutable_sysctls())["net.core.somaxconn"] = "1";
  EXPECT_FALSE(Read(config));
}

TEST(JoinPodTest, AContainerGetsThePodsNamespacesAndFiles) {
  const auto joined = JoinPod(ContainersConfig(), {}, kPlace);
  ASSERT_TRUE(joined) << joined.error().message;
  const Json expected = {{{"type", "pid"}},
                         {{"type", "network"}, {"path", "/netns/1"}},
                         {{"type", "ipc"}, {"path", "/pod/ipc"}},
                         {{"type", "uts"}, {"path", "/pod/uts"}},
                         {{"type", "mount"}}};
  EXPECT_EQ((*joined)["linux"]["namespaces"], expected);
  EXPECT_FALSE(joined->contains("hostname"));
  std::map<std::string, std::string> sources;
  for (const Json& mount : (*joined)["mounts"]) sources[mount["destination"]] = mount["source"];
  const std::map<std::string, std::string> wanted = {{"/dev/shm", "/pod/shm"},
                                                     {"/etc/hosts", "/kubelet/hosts"},
                                                     {"/etc/hostname", "/pod/etc/hostname"},
                                                     {"/etc/resolv.conf", "/pod/etc/resolv.conf"}};
  EXPECT_EQ(sources, wanted);
}

TEST(JoinPodTest, AReadOnlyRootHasReadOnlyFiles) {
  Json config = ContainersConfig();
  config["root"]["readonly"] = true;
  const auto joined = JoinPod(std::move(config), {}, kPlace);
  ASSERT_TRUE(joined);
  for (const Json& mount : (*joined)["mounts"]) {
    const bool written = mount["destination"] == "/dev/shm";
    if (mount.contains("options")) {
      EXPECT_EQ(mount["options"].back(), written ? "rw" : "ro");
    }
  }
}

TEST(JoinPodTest, WhatIsTheHostsStaysTheHosts) {
  const auto joined =
      JoinPod(ContainersConfig(), {.host_network = true, .host_ipc = true}, {.bundle = "/pod"});
  ASSERT_TRUE(joined);
  EXPECT_EQ((*joined)["linux"]["namespaces"], Json({{{"type", "pid"}}, {{"type", "mount"}}}));
}

TEST(JoinPodTest, SharedProcessIdsAreThePodsAndOthersStay) {
  const auto joined = [](const char* path) {
    Json config = ContainersConfig();
    config["linux"]["namespaces"] = Json::array({{{"type", "pid"}, {"path", path}}});
    return (*JoinPod(std::move(config), {.share_processes = true}, kPlace))["linux"]["namespaces"];
  };
  EXPECT_EQ(joined("/proc/0/ns/pid"), Json::array({{{"type", "pid"}, {"path", "/pod/processes"}}}));
  EXPECT_EQ(joined("/proc/7/ns/pid"), Json::array({{{"type", "pid"}, {"path", "/proc/7/ns/pid"}}}));
  EXPECT_EQ(joined(""), Json::array({{{"type", "pid"}}}));
}

TEST(JoinPodTest, ANamespaceThatThePodDoesNotHaveIsRefused) {
  for (const char* type : {"pid", "user", "cgroup"}) {
    Json config = ContainersConfig();
    config["linux"]["namespaces"].push_back({{"type", type}, {"path", "/proc/0/ns/x"}});
    const auto joined = JoinPod(std::move(config), {}, kPlace);
    ASSERT_FALSE(joined) << type;
    EXPECT_EQ(joined.error().code, Errc::kUnsupported);
  }
}

TEST(JoinPodTest, HostileConfigsAreRefused) {
  for (const char* text : {"[]", "1", "{}", R"({"linux":1})", R"({"linux":{"namespaces":{}}})",
                           R"({"linux":{"namespaces":[1]}})", R"({"linux":{},"mounts":1})"}) {
    auto config = ParseJson(text);
    ASSERT_TRUE(config);
    EXPECT_FALSE(JoinPod(std::move(*config), {}, kPlace)) << text;
  }
  const auto odd =
      JoinPod(*ParseJson(R"({"linux":{},"mounts":[1,null,{"destination":2}]})"), {}, kPlace);
  EXPECT_TRUE(odd);
}

TEST(PodOfTest, OnlyAnAnnotationThatIsTextNamesAPod) {
  EXPECT_EQ(PodOf({{"annotations", {{"io.kubernetes.cri.sandbox-id", "p1"}}}}), "p1");
  EXPECT_EQ(PodOf({{"annotations", {{"io.kubernetes.cri.sandbox-id", 1}}}}), "");
  EXPECT_EQ(PodOf(Json::array()), "");
}

}  // namespace
}  // namespace strata::kube::shim
