#include "cell/roles/command_plan.h"

#include <chrono>
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
       {"", "[]", "{}",
        R"({"arguments":[],"environment":{},"memory":-1,"listeners":0,"limits":null})",
        R"({"arguments":[],"environment":[],"memory":1,"listeners":0,"limits":null})",
        R"({"environment":{},"memory":1,"listeners":0,"limits":null})",
        R"({"arguments":{},"environment":{},"memory":1,"listeners":0,"limits":null})",
        R"({"arguments":[1],"environment":{},"memory":1,"listeners":0,"limits":null})",
        R"({"arguments":["\u0000"],"environment":{},"memory":1,"listeners":0,"limits":null})",
        R"({"arguments":[],"environment":{"A":1},"memory":1,"listeners":0,"limits":null})",
        R"({"arguments":[],"environment":{},"memory":4294967297,"listeners":0,"limits":null})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":3,"limits":null})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":true,"limits":null})",
        R"({"arguments":[],"environment":{},"memory":1,"limits":null})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":0})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":0,"limits":{}})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":0,"limits":7})",
        R"({"arguments":[],"environment":{},"memory":1,"listeners":0,"limits":null,"more":2})"}) {
    const auto plan = ReadCommandPlan(text);
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.error().code, Errc::kInvalidArgument);
  }
}

TEST(CommandPlanTest, LimitsOfRequestsAreWrittenAndReadUpToWhatThereMayBe) {
  CommandPlan plan{.listeners = 1, .limits = model::Limits{}};
  plan.limits->timeout = std::chrono::milliseconds(100);
  plan.limits->concurrency = kMostRequests;
  const auto again = ReadCommandPlan(ToText(plan));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, plan);
  ++plan.limits->concurrency;
  EXPECT_FALSE(ReadCommandPlan(ToText(plan)));
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
