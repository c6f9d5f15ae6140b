#include "advisor/recommend/case.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"
#include "model/values.h"

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

TEST(CaseTest, AValueIsSaidAsTheDocumentsCallItInEitherLanguage) {
  Case about;
  ASSERT_TRUE(about.Say("安全需求=高").has_value());
  EXPECT_EQ(about.Find("security_requirement")->value, "High");
  ASSERT_TRUE(about.Say("scenario=Edge Computing").has_value());
  EXPECT_EQ(about.Find("scenario")->value, "edge");
  ASSERT_TRUE(about.Say("second_need=极低资源").has_value());
  EXPECT_EQ(about.Find("second_need")->value, "very low resources");
  const auto refused = about.Set("performance_requirement", "hih");
  EXPECT_TRUE(refused.error().message.contains("High (高)")) << refused.error().message;
  EXPECT_TRUE(refused.error().message.contains("did you mean 'High'")) << refused.error().message;
  for (const Variable& each : Variables()) {
    ASSERT_EQ(each.called.size(), each.words.size()) << each.id;
    for (const Text& called : each.called) EXPECT_FALSE(called.zh.empty()) << each.id << called.en;
  }
}

TEST(CaseTest, WhatWasSaidIsNotSaidDifferentlyButGoesBeforeAManifest) {
  Case about;
  about.Take({.security = model::Level::kHigh}, true);
  ASSERT_TRUE(about.Say("security_requirement=Low").has_value()) << "the manifest had another";
  ASSERT_TRUE(about.Say("security_requirement=low").has_value()) << "the same again";
  const auto twice = about.Say("security_requirement=Medium");
  ASSERT_FALSE(twice.has_value());
  EXPECT_TRUE(twice.error().message.contains("'Low' and 'Medium'")) << twice.error().message;
  EXPECT_EQ(about.Find("security_requirement")->value, "Low");
}

TEST(CaseTest, ANumberIsInTheUnitThatIsSaid) {
  Case about;
  ASSERT_TRUE(about.Say("latency_ms=0.1s").has_value());
  EXPECT_EQ(about.Find("latency_ms")->value, 100.0) << "which is not below 100 ms";
  Case quick;
  ASSERT_TRUE(quick.Say("latency_ms=250us").has_value());
  EXPECT_EQ(quick.Find("latency_ms")->value, 0.25);
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

// The rule is asked about the workload that the manifest of the answer makes.
TEST(CaseTest, WhatWasNotSaidIsTheFunctionThatANewManifestIs) {
  Case about;
  EXPECT_TRUE(about.IsFunction());
  ASSERT_TRUE(about.Set("performance_requirement", "High").has_value());
  EXPECT_EQ(about.ByRule(), model::Class::kWasm);
  EXPECT_FALSE(about.Find("function_type").has_value()) << "what the trees know is what was said";
  ASSERT_TRUE(about.Set("function_type", "false").has_value());
  EXPECT_FALSE(about.IsFunction());
  EXPECT_EQ(about.ByRule(), model::Class::kContainer);
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
