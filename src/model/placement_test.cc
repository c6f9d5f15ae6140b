#include "model/placement.h"

#include <gtest/gtest.h>

namespace strata::model {
namespace {

TEST(PlacementTest, SurvivesJson) {
  const Placement placement{
      .sandbox_class = Class::kMicrovm,
      .by_rule = Class::kContainer,
      .node = "local",
      .pool = "booted snapshot",
      .because = "the only class that fits",
      .alternatives = {{Class::kMicrovm,
                        Estimate{.p99_ms = 250,
                                 .cold_start_ms = 300,
                                 .qps = 17.5,
                                 .failure_rate = 0.25,
                                 .source = "its own calls"},
                        0.5, ""},
                       {Class::kWasm, std::nullopt, std::nullopt, "no variant"}}};
  const auto read = PlacementFromJson(PlacementToJson(placement));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, placement);
}

TEST(PlacementTest, WhatIsExpectedOfTheClassStandsBesideIt) {
  Placement placement{.sandbox_class = Class::kWasm,
                      .alternatives = {{Class::kWasm, Estimate{.p99_ms = 3}, 1, ""}}};
  EXPECT_EQ(PlacementToJson(placement)["estimate"]["p99_ms"], 3);
  placement.alternatives[0].estimate.reset();
  EXPECT_FALSE(PlacementToJson(placement).contains("estimate"));
}

TEST(PlacementTest, OneOfAnEarlierVersionHasNoPoolAndNoScores) {
  Json json = PlacementToJson({.alternatives = {{.estimate = Estimate{}, .score = 1}}});
  json.erase("pool");
  json["alternatives"][0].erase("score");
  const auto read = PlacementFromJson(json);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->pool, "");
  EXPECT_FALSE(read->alternatives[0].score.has_value());
}

TEST(PlacementTest, WhatIsNoneIsRefused) {
  EXPECT_FALSE(PlacementFromJson(Json::object()).has_value());
  EXPECT_FALSE(PlacementFromJson(1).has_value());
  Json wrong = PlacementToJson({});
  wrong["class"] = "vm";
  EXPECT_FALSE(PlacementFromJson(wrong).has_value());
}

}  // namespace
}  // namespace strata::model
