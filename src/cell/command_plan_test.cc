#include "cell/command_plan.h"

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

TEST(CommandPlanTest, WhatIsWrittenIsRead) {
  const CommandPlan plan{.environment = {{"A", "1=2"}, {"B", "\n\""}}, .memory = 64_MiB};
  const auto again = ReadCommandPlan(ToText(plan));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, plan);
}

TEST(CommandPlanTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"environment":{},"memory":-1})", R"({"environment":[],"memory":1})",
        R"({"environment":{"A":1},"memory":1})", R"({"environment":{},"memory":4294967297})",
        R"({"environment":{},"memory":1,"more":2})"}) {
    const auto plan = ReadCommandPlan(text);
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace strata::cell
