#include "model/traffic/rollout.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Rollout RolloutOf(std::string name) {
  Rollout rollout;
  rollout.tenant = "shop";
  rollout.name = std::move(name);
  rollout.canary.revision = 3;
  return rollout;
}

RouteEntry RouteTo(std::vector<Backend> backends) {
  RouteEntry route;
  route.path = "/";
  route.tenant = "shop";
  route.backends = std::move(backends);
  return route;
}

std::vector<Backend> Split(std::vector<Backend> backends, const Rollout& rollout) {
  return WithRollouts({RouteTo(std::move(backends))}, std::span(&rollout, 1)).front().backends;
}

TEST(RolloutTest, TheCurrentFormIsSplitBySteps) {
  Rollout rollout = RolloutOf("f");
  EXPECT_THAT(Split({{"f", 1}}, rollout),
              ElementsAre(Backend{"f", 99, {}}, Backend{"f", 1, {.revision = 3}}));
  rollout.step = 2;
  EXPECT_THAT(Split({{"f", 2}}, rollout),
              ElementsAre(Backend{"f", 100, {}}, Backend{"f", 100, {.revision = 3}}));
}

TEST(RolloutTest, AtTheEndOneSideHasItAll) {
  Rollout rollout = RolloutOf("f");
  rollout.state = Rollout::State::kRolledBack;
  EXPECT_THAT(Split({{"f", 1}}, rollout),
              ElementsAre(Backend{"f", 100, {}}, Backend{"f", 0, {.revision = 3}}));
  rollout.both = false;
  EXPECT_THAT(Split({{"f", 1}}, rollout), ElementsAre(Backend{"f", 100, {}}));
  rollout.state = Rollout::State::kPromoted;
  EXPECT_THAT(Split({{"f", 1}}, rollout), ElementsAre(Backend{"f", 100, {.revision = 3}}));
}

TEST(RolloutTest, WhatIsTooMuchGoesToTheCanaryAndComesFromTheStableSide) {
  Rollout rollout = RolloutOf("f");
  rollout.state = Rollout::State::kPromoted;
  rollout.kept = 30;
  EXPECT_TRUE(rollout.overflows());
  EXPECT_EQ(rollout.winner(), rollout.stable);
  EXPECT_THAT(Split({{"f", 1}}, rollout),
              ElementsAre(Backend{"f", 30, {}}, Backend{"f", 70, {.revision = 3}}));
  rollout.state = Rollout::State::kRolledBack;
  EXPECT_FALSE(rollout.overflows()) << "somebody took it back";
  EXPECT_THAT(Split({{"f", 1}}, rollout),
              ElementsAre(Backend{"f", 100, {}}, Backend{"f", 0, {.revision = 3}}));
}

TEST(RolloutTest, OthersKeepTheirShare) {
  const Backend named{"f", 1, {.revision = 2}};
  EXPECT_THAT(Split({{"g", 3}, named, {"f", 1}}, RolloutOf("f")),
              ElementsAre(Backend{"g", 300, {}}, Backend{"f", 100, {.revision = 2}},
                          Backend{"f", 99, {}}, Backend{"f", 1, {.revision = 3}}));
  EXPECT_THAT(Split({{"g", 3}}, RolloutOf("f")), ElementsAre(Backend{"g", 3, {}}));
  Rollout elsewhere = RolloutOf("f");
  elsewhere.tenant = "blog";
  EXPECT_THAT(Split({{"f", 3}}, elsewhere), ElementsAre(Backend{"f", 3, {}}));
}

TEST(RolloutTest, ASideIsToldFromWhatTheRouteNames) {
  const Rollout rollout = RolloutOf("f");
  const RouteEntry named = RouteTo({{"f", 1, {.revision = 3}}, {"g", 1}, {"f", 1}});
  const RouteEntry split = WithRollouts({named}, std::span(&rollout, 1)).front();
  EXPECT_THAT(split.backends, ElementsAre(Backend{"f", 100, {.revision = 3}}, Backend{"g", 100, {}},
                                          Backend{"f", 99, {}}, Backend{"f", 1, {.revision = 3}}));
  EXPECT_TRUE(NamesForm(split, 0));
  for (const std::size_t share : {1, 2, 3}) EXPECT_FALSE(NamesForm(split, share)) << share;
  EXPECT_TRUE(NamesForm(named, 0)) << "without a rollout, too";
}

TEST(RolloutTest, JsonAndBack) {
  Rollout rollout = RolloutOf("f");
  rollout.stable.sandbox_class = Class::kContainer;
  rollout.step = 1;
  rollout.looks = 7;
  rollout.state = Rollout::State::kPromoted;
  rollout.because = "all well";
  rollout.missed = {Class::kWasm, Class::kMicrovm};
  rollout.more_4xx = 0.25;
  rollout.deadline = std::chrono::hours(1);
  rollout.kept = 40;
  rollout.carried = 12.5;
  rollout.came_back = true;
  rollout.both = false;
  rollout.since = WallTime(std::chrono::seconds(1000));
  auto read = RolloutFromJson(RolloutToJson(rollout));
  ASSERT_TRUE(read) << read.error().message;
  read->tenant = rollout.tenant;
  read->name = rollout.name;
  EXPECT_EQ(*read, rollout);
  EXPECT_FALSE(RolloutFromJson(Json::object()));
}

TEST(RolloutTest, WhatAnEarlierVersionStoredHasNotComeBack) {
  Json stored = RolloutToJson(RolloutOf("f"));
  stored.erase("came_back");
  const auto read = RolloutFromJson(stored);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->came_back);
}

TEST(RolloutTest, WhatMakesNoSenseIsRefused) {
  const auto refused = [](auto change) {
    Rollout rollout = RolloutOf("f");
    change(rollout);
    const auto checked = CheckRollout(rollout);
    return checked ? "" : checked.error().message;
  };
  EXPECT_EQ(refused([](Rollout&) {}), "");
  for (const std::vector<std::uint32_t>& steps :
       {std::vector<std::uint32_t>{}, {0, 100}, {1, 50}, {50, 10, 100}, {50, 50, 100}, {1, 101}}) {
    EXPECT_THAT(refused([&](Rollout& rollout) { rollout.steps = steps; }), HasSubstr("1,10,50"));
  }
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.max_error_rate = 1.5; }), HasSubstr("share"));
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.more_4xx = 2; }), HasSubstr("share"));
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.slower = -1; }), HasSubstr("share"));
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.min_calls = 0; }), HasSubstr("a call"));
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.interval = {}; }), HasSubstr("interval"));
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.deadline = rollout.interval; }),
              HasSubstr("longer than its interval"));
  EXPECT_THAT(refused([](Rollout& rollout) { rollout.deadline = std::chrono::hours(1000); }),
              HasSubstr("a week"));
}

}  // namespace
}  // namespace strata::model
