#include "kube/shim/task/class_choice.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace strata::kube::shim {
namespace {

using model::Class;

using Annotations = std::map<std::string, std::string>;

Json Running(const std::string& program, const Annotations& annotations = {}) {
  return {{"process", {{"args", Json::array({program, "x"})}}}, {"annotations", annotations}};
}

Result<model::Placement> Chosen(const Json& config, RuntimeOptions options = {}) {
  const auto choice = ClassChoice::Read(options, config);
  if (!choice) return std::unexpected(choice.error());
  return choice->Choose();
}

Class ClassOf(const Json& config, RuntimeOptions options = {}) {
  const auto chosen = Chosen(config, options);
  EXPECT_TRUE(chosen) << chosen.error().message;
  return chosen->sandbox_class;
}

TEST(ClassChoiceTest, OptionsGoBeforeAnnotationsAndTheseBeforeTheProgram) {
  EXPECT_EQ(ClassOf(Running("/bin/sh")), Class::kContainer);
  EXPECT_EQ(ClassOf(Running("/app.wasm")), Class::kWasm);
  EXPECT_EQ(ClassOf(Running("/app.wasm", {{"strata.dev/class", "container"}})), Class::kContainer);
  EXPECT_EQ(ClassOf(Running("/bin/sh"), {.sandbox_class = Class::kWasm}), Class::kWasm);
  for (const Class each : {Class::kWasm, Class::kAppkernel, Class::kMicrovm}) {
    const std::string name(model::ClassName(each));
    EXPECT_EQ(ClassOf(Running("/bin/sh", {{"strata.dev/class", name}})), each);
  }
}

TEST(ClassChoiceTest, WhatIsAskedForLeavesTheWeakerBordersOut) {
  const auto asking = [](const char* what, const char* level) {
    return Running("/bin/sh", {{std::string("strata.dev/") + what, level}});
  };
  EXPECT_EQ(ClassOf(asking("security", "low")), Class::kContainer);
  EXPECT_EQ(ClassOf(asking("security", "medium")), Class::kAppkernel);
  EXPECT_EQ(ClassOf(asking("security", "high")), Class::kMicrovm);
  EXPECT_EQ(ClassOf(asking("compatibility", "high")), Class::kMicrovm);
  EXPECT_EQ(ClassOf(asking("performance", "high")), Class::kContainer);
}

TEST(ClassChoiceTest, TheReasonIsThatOfEachClassThatLost) {
  const auto chosen = Chosen(Running("/bin/sh", {{"strata.dev/security", "medium"}}));
  ASSERT_TRUE(chosen) << chosen.error().message;
  for (const model::Alternative& each : chosen->alternatives) {
    if (each.sandbox_class == Class::kContainer) {
      EXPECT_EQ(each.lost, "requires.security: medium does not allow sharing the host's kernel");
    }
    if (each.sandbox_class == Class::kWasm) {
      EXPECT_EQ(each.lost, "the workload has no variant for it");
    }
  }
}

TEST(ClassChoiceTest, AProgramThatNoClassMayHaveIsRefusedWithWhatWouldDo) {
  const auto chosen = Chosen(Running("/app.wasm", {{"strata.dev/security", "high"}}));
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, Errc::kFailedPrecondition);
  EXPECT_NE(chosen.error().message.find("any of these would do: requires.security: medium"),
            std::string::npos)
      << chosen.error().message;
}

TEST(ClassChoiceTest, ANamedClassIsHeldToWhatIsAsked) {
  const Json config = Running("/bin/sh", {{"strata.dev/security", "medium"}});
  const auto chosen = Chosen(config, {.sandbox_class = Class::kContainer});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(ClassOf(config, {.sandbox_class = Class::kMicrovm}), Class::kMicrovm);
}

TEST(ClassChoiceTest, WhatThisNodeCannotLeavesTheChoiceWithItsReason) {
  auto choice = ClassChoice::Read({}, Running("/bin/sh", {{"strata.dev/security", "medium"}}));
  ASSERT_TRUE(choice) << choice.error().message;
  EXPECT_FALSE(choice->named());
  choice->Exclude(Class::kAppkernel, "runsc is not installed");
  EXPECT_EQ(choice->Choose()->sandbox_class, Class::kMicrovm);
  choice->Exclude(Class::kMicrovm, "there is no QEMU");
  const auto none = choice->Choose();
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("appkernel: runsc is not installed"), std::string::npos);
  EXPECT_NE(none.error().message.find("microvm: there is no QEMU"), std::string::npos);
}

TEST(ClassChoiceTest, AnAnnotationDoesNotLeaveTheRuntimeClass) {
  const auto chosen = Chosen(Running("/bin/sh", {{"strata.dev/class", "container"}}),
                             {.sandbox_class = Class::kWasm});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, Errc::kPermissionDenied);
}

TEST(ClassChoiceTest, AnnotationsThatAreNotUnderstoodAreRefused) {
  const Annotations wrong[] = {{{"strata.dev/class", "fast"}},
                               {{"strata.dev/class", ""}},
                               {{"strata.dev/class", "container-in-microvm"}},
                               {{"strata.dev/security", "highest"}},
                               {{"strata.dev/performance", ""}},
                               {{"strata.dev/securty", "high"}},
                               {{"strata.dev/", "high"}}};
  for (const Annotations& each : wrong) {
    const auto chosen = Chosen(Running("/x", each));
    ASSERT_FALSE(chosen) << each.begin()->first;
    EXPECT_EQ(chosen.error().code, Errc::kInvalidArgument);
  }
  Json number = Running("/x");
  number["annotations"]["strata.dev/security"] = 3;
  EXPECT_EQ(Chosen(number).error().code, Errc::kInvalidArgument);
}

TEST(ClassChoiceTest, AnnotationsOfClassWasmAndOfOthersAreNotItsBusiness) {
  EXPECT_EQ(ClassOf(Running("/x", {{"strata.dev/http-port", "80"},
                                   {"strata.dev/limits", "{}"},
                                   {"example.org/security", "high"}})),
            Class::kContainer);
  EXPECT_EQ(ClassOf({{"annotations", "none"}}), Class::kContainer);
}

}  // namespace
}  // namespace strata::kube::shim
