#include "advisor/recommend/case.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"

namespace strata::advisor {
namespace {

TEST(CaseTest, WhatWasSaidIsKnownAsItsKind) {
  Case about;
  ASSERT_TRUE(about.Set("latency-ms", "50").has_value());
  ASSERT_TRUE(about.Set("can_refactor", "TRUE").has_value());
  ASSERT_TRUE(about.Set("security_requirement", "high").has_value());
  EXPECT_EQ(about.Find("latency_ms")->value, 50.0);
  EXPECT_EQ(about.Find("can_refactor")->value, true);
  EXPECT_EQ(about.Find("security_requirement")->value, "High");
  EXPECT_EQ(about.Find("security_requirement")->from, "");
  EXPECT_FALSE(about.Find("scenario_of_somebody").has_value());
}

TEST(CaseTest, OneThingUnderSeveralNamesIsSaidOnce) {
  Case about;
  about.Take({.security = model::Level::kHigh}, true);
  EXPECT_EQ(about.Find("isolation_class")->value, "high");
  EXPECT_EQ(about.Find("isolation_class")->from, "security_requirement");
  EXPECT_EQ(about.Find("isolation_above_compliance")->value, true);
  ASSERT_TRUE(about.Set("isolation_class", "low").has_value());
  EXPECT_EQ(about.Find("isolation_class")->value, "low");
  EXPECT_EQ(about.Asked().security, model::Level::kHigh);
}

TEST(CaseTest, AVariableAndItsValueAreSaidInEitherLanguage) {
  Case about;
  ASSERT_TRUE(about.Set("延迟要求", "5 ms").has_value());
  ASSERT_TRUE(about.Set("code can be changed", "是").has_value());
  ASSERT_TRUE(about.Set("function_type", "N").has_value());
  EXPECT_EQ(about.Find("latency_ms")->value, 5.0);
  EXPECT_EQ(about.Find("can_refactor")->value, true);
  EXPECT_EQ(about.Find("function_type")->value, false);
  EXPECT_FALSE(about.Set("latency_ms", "5 分").has_value());
  EXPECT_FALSE(about.Set("scenario", "yes").has_value());
}

TEST(CaseTest, ANumberIsInTheUnitThatIsSaid) {
  Case about;
  ASSERT_TRUE(about.Say("latency_ms=0.1s").has_value());
  EXPECT_EQ(about.Find("latency_ms")->value, 100.0) << "which is not below 100 ms";
  ASSERT_TRUE(about.Say("latency_ms=250us").has_value());
  EXPECT_EQ(about.Find("latency_ms")->value, 0.25);
  ASSERT_TRUE(about.Say("launches_per_second=120 1/min").has_value());
  EXPECT_EQ(about.Find("launches_per_second")->value, 2.0);
  ASSERT_TRUE(about.Say("changes_per_hour=48 1/day").has_value());
  EXPECT_EQ(about.Find("changes_per_hour")->value, 2.0);
  ASSERT_TRUE(about.Say("isolation_score=85%").has_value());
  EXPECT_EQ(about.Find("isolation_score")->value, 0.85);
  const auto refused = about.Say("latency_ms=256MiB");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  for (const char* word : {"latency_ms: '256MiB'", "units here: ns, us, ms, s, min"}) {
    EXPECT_TRUE(refused.error().message.contains(word)) << refused.error().message;
  }
  EXPECT_FALSE(about.Say("isolation_score=101%").has_value());
}

TEST(CaseTest, TheSecondNeedsOfAScenarioAreItsOwn) {
  const auto& variables = Variables();
  const auto need = std::ranges::find(variables, "second_need", &Variable::id);
  Case about;
  EXPECT_EQ(about.WordsOf(*need), need->words);
  ASSERT_TRUE(about.Set("scenario", "edge").has_value());
  EXPECT_EQ(about.WordsOf(*need),
            (std::vector<std::string>{"very low resources", "secure isolation"}));
}

TEST(CaseTest, NamesAndValuesThatAreNoneAreRefused) {
  Case about;
  const auto unknown = about.Set("latency", "50");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::kNotFound);
  EXPECT_NE(unknown.error().message.find("latency_ms"), std::string::npos);
  for (const auto& [variable, value] : {std::pair{"rust_ability", "1.5"},
                                        {"rust_ability", "much"},
                                        {"latency_ms", "-1"},
                                        {"scenario", "space"},
                                        {"function_type", "perhaps"}}) {
    const auto refused = about.Set(variable, value);
    ASSERT_FALSE(refused.has_value()) << variable;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_NE(refused.error().message.find(variable), std::string::npos);
    EXPECT_FALSE(about.Find(variable).has_value());
  }
}

}  // namespace
}  // namespace strata::advisor
