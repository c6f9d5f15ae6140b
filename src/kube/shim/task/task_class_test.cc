#include "kube/shim/task/task_class.h"

#include <string>

#include <gtest/gtest.h>

#include "types/runtimeoptions/v1/api.pb.h"

namespace strata::kube::shim {
namespace {

google::protobuf::Any Options(const std::string& toml) {
  runtimeoptions::v1::Options options;
  options.set_config_body(toml);
  google::protobuf::Any any;
  any.set_type_url("runtimeoptions.v1.Options");
  any.set_value(options.SerializeAsString());
  return any;
}

Json Running(const std::string& program, const std::string& annotation = {}) {
  Json config{{"process", {{"args", Json::array({program, "x"})}}}};
  if (!annotation.empty()) config["annotations"] = {{"strata.dev/class", annotation}};
  return config;
}

TEST(ReadClassOptionTest, TheClassIsRead) {
  EXPECT_EQ(*ReadClassOption("class = 'wasm'\n"), TaskClass::kWasm);
  EXPECT_EQ(*ReadClassOption("# ours\n\n  class=\"container\"  # why"), TaskClass::kContainer);
  EXPECT_EQ(*ReadClassOption("class = 'appkernel'"), TaskClass::kAppkernel);
  EXPECT_EQ(*ReadClassOption("class = 'microvm'"), TaskClass::kMicrovm);
  EXPECT_EQ(*ReadClassOption(""), std::nullopt);
}

TEST(ReadClassOptionTest, AnythingElseIsRefused) {
  for (const char* toml :
       {"klass = 'wasm'", "class = wasm", "class = 'wasm", "class = 'wasm' 1", "class = 'fast'",
        "[class]", "class", "class = ''", "class = 'wasm'\nclass = 'wasm'", "=", "\x01"}) {
    const auto found = ReadClassOption(toml);
    ASSERT_FALSE(found) << toml;
    EXPECT_EQ(found.error().code, Errc::kInvalidArgument);
  }
}

TEST(ChooseClassTest, OptionsGoBeforeAnnotationsAndTheseBeforeTheProgram) {
  EXPECT_EQ(*ChooseClass({}, Running("/bin/sh")), TaskClass::kContainer);
  EXPECT_EQ(*ChooseClass({}, Running("/app.wasm")), TaskClass::kWasm);
  EXPECT_EQ(*ChooseClass({}, Running("/app.wasm", "container")), TaskClass::kContainer);
  EXPECT_EQ(*ChooseClass(Options("class = 'wasm'"), Running("/bin/sh")), TaskClass::kWasm);
  EXPECT_EQ(*ChooseClass(Options(""), Running("/bin/sh", "wasm")), TaskClass::kWasm);
  EXPECT_EQ(*ChooseClass({}, Running("/bin/sh", "appkernel")), TaskClass::kAppkernel);
  EXPECT_EQ(*ChooseClass({}, Running("/bin/sh", "microvm")), TaskClass::kMicrovm);
}

TEST(ChooseClassTest, AnAnnotationDoesNotLeaveTheRuntimeClass) {
  const auto chosen = ChooseClass(Options("class = 'wasm'"), Running("/bin/sh", "container"));
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, Errc::kPermissionDenied);
}

TEST(ChooseClassTest, WhatCannotBeReadIsRefused) {
  EXPECT_EQ(ChooseClass({}, Running("/x", "fast")).error().code, Errc::kInvalidArgument);
  google::protobuf::Any broken = Options("");
  broken.set_value("\xff");
  EXPECT_EQ(ChooseClass(broken, Running("/x")).error().code, Errc::kInvalidArgument);
}

TEST(ChooseClassTest, OptionsOfOthersSayNothing) {
  google::protobuf::Any others;
  others.set_type_url("containerd.runc.v1.Options");
  others.set_value("\xff");
  EXPECT_EQ(*ChooseClass(others, Running("/x")), TaskClass::kContainer);
}

}  // namespace
}  // namespace strata::kube::shim
