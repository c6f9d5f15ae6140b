#include "advisor/page/heat.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

std::vector<int> StepsOf(const std::vector<Json>& column) {
  std::vector<int> steps;
  for (const Heat& heat : HeatOf(column)) steps.push_back(heat.step);
  return steps;
}

std::vector<std::string> PlacesOf(const std::vector<Json>& column) {
  std::vector<std::string> places;
  for (const Heat& heat : HeatOf(column)) places.push_back(heat.place.en);
  return places;
}

Json Time(double least, double most, const char* unit) {
  return {{"min", least}, {"max", most}, {"unit", unit}};
}

TEST(HeatTest, NumbersAreStepsOfTheirLogarithmWhateverTheUnit) {
  const std::vector<Json> column = {Time(10, 60, "s"), Time(100, 500, "ms"), Time(1, 10, "ms")};
  EXPECT_EQ(StepsOf(column), (std::vector<int>{5, 3, 1}));
  EXPECT_EQ(PlacesOf(column), (std::vector<std::string>{"3 of 3", "2 of 3", "1 of 3"}));
}

TEST(HeatTest, AMeasuredValueIsOnTheScaleOfWhatIsClaimed) {
  const std::vector<Json> column = {Time(10, 60, "s"), Time(100, 500, "ms"), Time(1, 10, "ms")};
  EXPECT_EQ(StepOn(column, 24'500), 5);
  EXPECT_EQ(StepOn(column, 220), 3);
  EXPECT_EQ(StepOn(column, 3.2), 1);
  EXPECT_EQ(StepOn(column, 1e-9), 1) << "below all of them";
  EXPECT_EQ(StepOn(column, 1e9), 5);
  EXPECT_EQ(StepOn({{{"stars", 5}}, {{"stars", 2}}}, 3), 0) << "no numbers";
}

TEST(HeatTest, APlaceIsARangeWhereTheBoundsDoNotAgree) {
  const std::vector<Json> column = {Time(1, 100, "ms"), Time(2, 50, "ms"), Time(2, 60, "ms")};
  EXPECT_EQ(PlacesOf(column), (std::vector<std::string>{"1-3 of 3", "1-2 of 3", "2 of 3"}));
}

TEST(HeatTest, StarsAndWordsAreSteps) {
  EXPECT_EQ(StepsOf({{{"stars", 5}}, {{"stars", 2}}}), (std::vector<int>{5, 2}));
  EXPECT_EQ(StepsOf({{{"value", "very low"}}, {{"value", "high"}}, {{"value", "high"}}}),
            (std::vector<int>{1, 4, 4}));
  EXPECT_EQ(StepsOf({{{"level", "low"}, {"order_of_magnitude", "MB"}}, {{"level", "high"}}}),
            (std::vector<int>{2, 4}));
}

TEST(HeatTest, WhatIsNoAmountHasNoColour) {
  EXPECT_EQ(StepsOf({{{"list", {"KVM", "Xen"}}}, {{"value", "kernel namespaces"}}, nullptr}),
            (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(StepsOf({{{"value", "high"}}, {{"value", "mTLS"}}}), (std::vector<int>{0, 0}))
      << "one amount alone cannot be compared";
}

}  // namespace
}  // namespace strata::advisor
