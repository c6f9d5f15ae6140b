#include "advisor/recommend/recommend.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "base/result.h"
#include "model/manifest.h"
#include "scheduler/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;
using model::Level;

const Section* Find(const Report& report, std::string_view id) {
  const auto found = std::ranges::find(report.sections, id, &Section::id);
  return found == report.sections.end() ? nullptr : &*found;
}

Recommendation Recommended(const model::Requires& asked, bool function) {
  RecommendQuestion question;
  question.about.Take(asked, function);
  auto recommended = Recommend(question);
  EXPECT_TRUE(recommended.has_value());
  return std::move(*recommended);
}

TEST(RecommendTest, TheAnswerIsNeverBelowTheFloor) {
  for (const Level security : {Level::kLow, Level::kMedium, Level::kHigh}) {
    for (const Level compatibility : {Level::kLow, Level::kMedium, Level::kHigh}) {
      for (const Level performance : {Level::kLow, Level::kMedium, Level::kHigh}) {
        for (const bool function : {false, true}) {
          const model::Requires asked{security, compatibility, performance};
          const auto recommended = Recommended(asked, function);
          ASSERT_EQ(scheduler::BelowFloor(asked, recommended.sandbox_class), "");
          const Section* answer = Find(recommended.report, "answer");
          ASSERT_NE(answer, nullptr);
          EXPECT_EQ(answer->rows.at(0).at(0).text.en, ClassName(recommended.sandbox_class));
        }
      }
    }
  }
}

TEST(RecommendTest, WithNothingKnownTheSchedulersRuleAnswers) {
  const auto recommended = Recommend({});
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(recommended->sandbox_class, Class::kContainer);
  EXPECT_EQ(Find(recommended->report, "answer")->rows.at(0).at(3).value, 0.0);
}

TEST(RecommendTest, MostTreesWinAndTheOthersAreShown) {
  RecommendQuestion question;
  question.about.Take({.performance = Level::kHigh}, true);
  ASSERT_TRUE(question.about.Set("latency_ms", "5").has_value());
  ASSERT_TRUE(question.about.Set("launches_per_second", "50").has_value());
  ASSERT_TRUE(question.about.Set("isolation_score", "0.2").has_value());
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_EQ(recommended->sandbox_class, Class::kWasm);
  const Section* disagreements = Find(recommended->report, "disagreements");
  ASSERT_NE(disagreements, nullptr);
  ASSERT_EQ(disagreements->rows.size(), 5U);
  EXPECT_EQ(disagreements->rows.at(1).at(2).text.en,
            "enterprise_tree: wasm, utility_tree: container");
  EXPECT_EQ(Find(recommended->report, "trees")->rows.size(), 6U);
  EXPECT_EQ(Find(recommended->report, "stars")->columns.size(), 4U);
}

TEST(RecommendTest, TheManifestIsValidAndAsksForWhatWasSaid) {
  auto recommended = Recommended({.security = Level::kHigh}, false);
  const auto parsed = model::ParseManifests(recommended.manifest, "recommended");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
}

TEST(RecommendTest, EveryRowOfTheTablesIsShown) {
  const Json& decisions = Facts(FactFile::kDecisions);
  for (const char* table : {"quick_reference", "scenario_table"}) {
    for (const Json& row : decisions.at(table).at("rows")) {
      RecommendQuestion question;
      question.needs = {row.at("id")};
      const auto recommended = Recommend(question);
      ASSERT_TRUE(recommended.has_value()) << row.at("id");
      EXPECT_FALSE(Find(recommended->report, "stacks")->rows.empty());
    }
  }
}

TEST(RecommendTest, DevicesKernelFeaturesAndScenariosAreLookedUp) {
  RecommendQuestion question;
  question.devices = {"usb", "vGPU"};
  question.features = {"io_uring"};
  question.weights = "erp";
  const auto recommended = Recommend(question);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_GE(Find(recommended->report, "stacks")->rows.size(), 3U);
  EXPECT_EQ(Find(recommended->report, "scores")->rows.at(0).at(4).value, 4.5);
  for (const auto break_it : {+[](RecommendQuestion& q) { q.devices = {"teapot"}; },
                              +[](RecommendQuestion& q) { q.features = {"kqueue"}; },
                              +[](RecommendQuestion& q) { q.needs = {"fun"}; },
                              +[](RecommendQuestion& q) { q.weights = "erp2025x"; }}) {
    RecommendQuestion broken;
    break_it(broken);
    const auto refused = Recommend(broken);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kNotFound);
  }
}

TEST(RecommendTest, EveryCaseIsShown) {
  const Json& matrices = Facts(FactFile::kMatrices);
  std::size_t cases = 0;
  for (const Json* list :
       {&matrices.at("case_studies"), &matrices.at("business_cases").at("cases")}) {
    for (const Json& each : *list) {
      const auto report = LikeCase(each.at("id").get_ref<const std::string&>());
      ASSERT_TRUE(report.has_value());
      EXPECT_FALSE(Find(*report, "effects")->rows.empty());
      ++cases;
    }
  }
  EXPECT_EQ(cases, 6U);
  EXPECT_EQ(LikeCase("nothing of the kind").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata::advisor
