#include "kube/shim/options.h"

#include <string>

#include <gtest/gtest.h>

#include "types/runtimeoptions/v1/api.pb.h"

namespace strata::kube::shim {
namespace {

using model::Class;

google::protobuf::Any Options(const std::string& toml) {
  runtimeoptions::v1::Options options;
  options.set_config_body(toml);
  google::protobuf::Any any;
  any.set_type_url("runtimeoptions.v1.Options");
  any.set_value(options.SerializeAsString());
  return any;
}

TEST(ParseOptionsTest, TheClassIsRead) {
  EXPECT_EQ(ParseOptions("class = 'wasm'\n")->sandbox_class, Class::kWasm);
  EXPECT_EQ(ParseOptions("# ours\n\n  class=\"container\"  # why")->sandbox_class,
            Class::kContainer);
  EXPECT_EQ(ParseOptions("class = 'appkernel'")->sandbox_class, Class::kAppkernel);
  EXPECT_EQ(ParseOptions("class = 'microvm'")->sandbox_class, Class::kMicrovm);
  EXPECT_EQ(*ParseOptions(""), RuntimeOptions());
}

TEST(ParseOptionsTest, WhatOneShimIsForIsRead) {
  EXPECT_EQ(ParseOptions("class = 'wasm'\nshim_per = 'namespace'")->shim_per, ShimPer::kNamespace);
  EXPECT_EQ(ParseOptions("shim_per = 'node'")->shim_per, ShimPer::kNode);
  EXPECT_EQ(ParseOptions("class = 'wasm'")->shim_per, ShimPer::kNode);
}

TEST(ParseOptionsTest, AnythingElseIsRefused) {
  for (const char* toml : {"klass = 'wasm'", "class = wasm", "class = 'wasm", "class = 'wasm' 1",
                           "class = 'fast'", "class = 'container-in-microvm'", "[class]", "class",
                           "class = ''", "class = 'wasm'\nclass = 'wasm'", "shim_per = 'pod'",
                           "shim_per = 'node'\nshim_per = 'node'", "=", "\x01"}) {
    const auto found = ParseOptions(toml);
    ASSERT_FALSE(found) << toml;
    EXPECT_EQ(found.error().code, Errc::kInvalidArgument);
  }
}

TEST(ReadOptionsTest, TheMessagesTextIsRead) {
  EXPECT_EQ(ReadOptions(Options("class = 'wasm'"))->sandbox_class, Class::kWasm);
  EXPECT_EQ(*ReadOptions({}), RuntimeOptions());
  google::protobuf::Any broken = Options("");
  broken.set_value("\xff");
  EXPECT_EQ(ReadOptions(broken).error().code, Errc::kInvalidArgument);
}

TEST(ReadOptionsTest, OptionsOfOthersSayNothing) {
  google::protobuf::Any others;
  others.set_type_url("containerd.runc.v1.Options");
  others.set_value("\xff");
  EXPECT_EQ(*ReadOptions(others), RuntimeOptions());
}

}  // namespace
}  // namespace strata::kube::shim
