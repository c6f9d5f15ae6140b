#include "kube/shim/bootstrap.h"

#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

#include "base/text/json.h"
#include "kube/shim/messages.h"

namespace strata::kube::shim {
namespace {

Result<Invocation> ParseWords(std::initializer_list<const char*> words) {
  const std::vector<const char*> arguments(words);
  return ParseArguments(arguments);
}

Invocation Asked() { return {.verb = Verb::kStart, .name_space = "k8s.io", .id = "pod1"}; }

bootstrap_api::BootstrapParams Params() {
  bootstrap_api::BootstrapParams params;
  params.set_instance_id("pod1");
  params.set_namespace_("k8s.io");
  params.set_log_level(bootstrap_api::LOG_LEVEL_DEBUG);
  params.set_containerd_ttrpc_address("unix:///run/c.sock.ttrpc");
  params.set_socket_dir("/run/s");
  return params;
}

TEST(ArgumentsTest, AsContainerdWritesThem) {
  const auto parsed =
      ParseWords({"-namespace", "k8s.io", "-address", "unix:///run/c.sock", "-publish-binary",
                  "/usr/bin/containerd", "-id", "pod1", "-debug", "start"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->verb, Verb::kStart);
  EXPECT_EQ(parsed->name_space, "k8s.io");
  EXPECT_EQ(parsed->id, "pod1");
  EXPECT_EQ(parsed->address, "/run/c.sock");
}

TEST(ArgumentsTest, TwoDashesAndEqualsMeanTheSame) {
  const auto parsed = ParseWords({"--namespace=n", "--id=t1", "-bundle=/b", "delete"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->verb, Verb::kDelete);
  EXPECT_EQ(parsed->bundle, "/b");
}

TEST(ArgumentsTest, InfoAndVersionNeedNothingElse) {
  EXPECT_EQ(ParseWords({"-info"}).value().verb, Verb::kInfo);
  EXPECT_EQ(ParseWords({"-probe"}).value().verb, Verb::kProbe);
  EXPECT_EQ(ParseWords({"-v"}).value().verb, Verb::kVersion);
}

TEST(ArgumentsTest, WhatIsWrongIsSaid) {
  EXPECT_FALSE(ParseWords({}));
  EXPECT_FALSE(ParseWords({"-id", "t1", "start"}));
  EXPECT_FALSE(ParseWords({"-id", "t1", "-namespace", "n", "stop"}));
  EXPECT_FALSE(ParseWords({"-id", "t1", "-namespace", "n", "-colour", "start"}));
  EXPECT_FALSE(ParseWords({"-namespace", "n", "start", "-id"}));
  EXPECT_FALSE(ParseWords({"-ttrpc", "/t", "-listen-fd", "x", "serve"}));
}

TEST(BootstrapTest, ProtobufIsAnsweredInProtobufWithVersionThree) {
  const auto read = ReadBootstrap(Params().SerializeAsString(), Asked(), "");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->dialect, Dialect::kProtobuf);
  EXPECT_EQ(read->ttrpc_address, "/run/c.sock.ttrpc");
  EXPECT_EQ(read->socket_dir, "/run/s");
  bootstrap_api::BootstrapResult result;
  ASSERT_TRUE(result.ParseFromString(WriteResult(read->dialect, "/run/s/x")));
  EXPECT_EQ(result.version(), 3);
  EXPECT_EQ(result.address(), "unix:///run/s/x");
  EXPECT_EQ(result.protocol(), "ttrpc");
}

TEST(BootstrapTest, OptionsComeInAnExtensionOrAlone) {
  google::protobuf::Any options;
  options.set_type_url("runtimeoptions.v1.Options");
  options.set_value("x");
  auto params = Params();
  params.add_extensions()->mutable_value()->set_type_url("another");
  *params.add_extensions()->mutable_value() = options;
  EXPECT_EQ(ReadBootstrap(params.SerializeAsString(), Asked(), "")->options.value(), "x");
  EXPECT_EQ(ReadBootstrap(options.SerializeAsString(), Asked(), "/t")->options.value(), "x");
  EXPECT_EQ(ReadBootstrap("\xff", Asked(), "/t")->options.value(), "");
}

TEST(BootstrapTest, JsonIsAnsweredInJsonWithVersionThree) {
  const auto read = ReadBootstrap(
      R"({"instance_id":"pod1","namespace":"k8s.io","containerd_ttrpc_address":"/t","socket_dir":"/s"})",
      Asked(), "");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->dialect, Dialect::kJson);
  EXPECT_EQ(read->ttrpc_address, "/t");
  EXPECT_EQ(WriteResult(read->dialect, "/s/x"),
            R"({"address":"unix:///s/x","protocol":"ttrpc","version":3})");
}

TEST(BootstrapTest, OptionsAloneAndNothingAreLegacyAndGetVersionTwo) {
  for (const char* input :
       {"", "\x0a\x05type1\x12\x03xyz", "{\"instance_id\":\"other\"}", "\xff\xff"}) {
    const auto read = ReadBootstrap(input, Asked(), "/run/t.sock");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->dialect, Dialect::kLegacy);
    EXPECT_EQ(read->ttrpc_address, "/run/t.sock");
    EXPECT_EQ(read->socket_dir, "/run/containerd/s");
  }
  EXPECT_EQ(ParseJson(WriteResult(Dialect::kLegacy, "/s/x")).value()["version"], 2);
}

TEST(BootstrapTest, ParametersForAnotherTaskAreNotTaken) {
  auto params = Params();
  params.set_instance_id("pod2");
  EXPECT_EQ(ReadBootstrap(params.SerializeAsString(), Asked(), "/t").value().dialect,
            Dialect::kLegacy);
}

TEST(BootstrapTest, WithoutContainerdsAddressThereIsNoStart) {
  EXPECT_EQ(ReadBootstrap("", Asked(), "").error().code, Errc::kInvalidArgument);
  auto params = Params();
  params.set_socket_dir("relative");
  EXPECT_EQ(ReadBootstrap(params.SerializeAsString(), Asked(), "").error().code,
            Errc::kInvalidArgument);
}

TEST(BootstrapTest, ASocketForEachContainerdAndRuntimeAndNotForEachPod) {
  const std::string path = SocketPath("/run/s", "/run/t", "containerd-shim-strata-v2", "");
  EXPECT_EQ(path, SocketPath("/run/s", "/run/t", "containerd-shim-strata-v2", ""));
  EXPECT_NE(path, SocketPath("/run/s", "/run/u", "containerd-shim-strata-v2", ""));
  EXPECT_NE(path, SocketPath("/run/s", "/run/t", "containerd-shim-strata-wasm-v2", ""));
  EXPECT_NE(path, SocketPath("/run/s", "/run/t", "containerd-shim-strata-v2", "pods/shop"));
  EXPECT_TRUE(path.starts_with("/run/s/"));
  EXPECT_LT(path.size(), 40);
}

TEST(InfoTest, TellsTheVersionAndTheSpecifications) {
  type_api::RuntimeInfo info;
  for (const char* nothing : {"", "[]", "{", "null"}) {
    ASSERT_TRUE(info.ParseFromString(WriteInfo(nothing)));
    EXPECT_EQ(info.version().version(), STRATA_VERSION);
    EXPECT_TRUE(ParseJson(info.features().value()).value().contains("ociVersionMin"));
  }
}

TEST(InfoTest, TellsWhatTheRuntimeCanButUserNamespaces) {
  type_api::RuntimeInfo info;
  ASSERT_TRUE(info.ParseFromString(WriteInfo(
      R"({"mountOptions":["rro"],"linux":{"mountExtensions":{"idmap":{"enabled":true}}}})")));
  EXPECT_EQ(ParseJson(info.features().value()).value(),
            (Json{{"mountOptions", {"rro"}}, {"linux", Json::object()}}));
}

}  // namespace
}  // namespace strata::kube::shim
