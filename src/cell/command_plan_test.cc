#include "cell/command_plan.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

TEST(CommandPlanTest, WhatIsWrittenIsRead) {
  const CommandPlan plan{.arguments = {"/app.wasm", "", "-v", "\"\n"},
                         .environment = {{"A", "1=2"}, {"B", "\n\""}},
                         .memory = 64_MiB,
                         .listeners = 2};
  const auto again = ReadCommandPlan(ToText(plan));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, plan);
}

TEST(CommandPlanTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"arguments":[],"environment":{},"memory":-1,"listeners":0})",
        R"({"arguments":[],"environment":[],"memory":1,"listeners":0})",
        R"({"environment":{},"memory":1,"listeners":0})",
        R"({"arguments":{},"environment":{},"memory":1,"listeners":0})",
        R"({"arguments":[1],"environment":{},"memory":1,"listeners":0})",
        R"({"arguments":["\u0000"],"environment":{},"memory":1,"listeners":0})",
        R"({"arguments":[],"environment":{"A":1},"memory":1,"listeners":0})",
        R"({"arguments":[],"environment":{},"memory":4294967297,"listeners":0})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":3})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":true})",
        R"({"arguments":[],"environment":{},"memory":1})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":0,"more":2})"}) {
    const auto plan = ReadCommandPlan(text);
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.error().code, Errc::kInvalidArgument);
  }
}

TEST(CheckTextsTest, AsMuchAsIsAllowedFits) {
  const std::string most(kCommandTexts.count - 1, 'x');
  EXPECT_TRUE(CheckTexts({most}, {}));
  EXPECT_TRUE(CheckTexts(std::vector<std::string>(kMostArguments, "x"), {}));
}

TEST(CheckTextsTest, TooMuchAndNulBytesAreRefused) {
  const std::string most(kCommandTexts.count - 1, 'x');
  const std::string nul("a\0b", 3);
  for (const auto& checked :
       {CheckTexts({most, ""}, {}), CheckTexts({most}, {{"A", ""}}),
        CheckTexts(std::vector<std::string>(kMostArguments + 1, "x"), {}), CheckTexts({nul}, {}),
        CheckTexts({}, {{"A", nul}}), CheckTexts({}, {{nul, ""}}), CheckTexts({}, {{"", "x"}})}) {
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace strata::cell
