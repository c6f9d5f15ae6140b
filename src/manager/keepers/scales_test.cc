#include "manager/keepers/scales.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

class ScalesTest : public ::testing::Test {
 protected:
  static keeper::Scaled Web(std::uint32_t desired) {
    return {.key = "service:web:1",
            .name = "web",
            .sandbox_class = "container",
            .desired = desired,
            .ready = 1,
            .max = 5};
  }

  // Whether `metric` of the service has that value.
  testing::AssertionResult Shows(std::string_view metric, int value) const {
    const std::string text = registry_.Expose();
    const std::string line = std::string(metric) +
                             R"({class="container",function="web",namespace="shop"} )" +
                             std::to_string(value) + "\n";
    if (text.contains(line)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << line << "is not in\n" << text;
  }

  ManualClock clock_;
  telemetry::Registry registry_;
  std::vector<std::string> lines_;
  telemetry::Logger log_ = telemetry::Logger::To(
      [this](telemetry::Level, std::string_view line) { lines_.emplace_back(line); },
      telemetry::Level::kInfo, telemetry::Format::kText, clock_);
  Scales scales_{clock_, registry_, log_};
};

TEST_F(ScalesTest, OfWhatWasNotToldThereIsNothing) {
  EXPECT_TRUE(scales_.Of("service:web:1").is_null());
  EXPECT_EQ(scales_.ReadyOf("service:web:1"), 0U);
}

TEST_F(ScalesTest, ADecisionIsShownWithItsReasonAndLoggedOnce) {
  scales_.Take("shop", Web(1));
  EXPECT_FALSE(scales_.Of("service:web:1").contains("last"));
  EXPECT_TRUE(lines_.empty());
  keeper::Scaled more = Web(3);
  more.before = 1;
  more.why = "three times as much";
  scales_.Take("shop", more);
  scales_.Take("shop", more);
  const Json scale = scales_.Of("service:web:1");
  EXPECT_EQ(scale["desired"], 3);
  EXPECT_EQ(scale["ready"], 1);
  EXPECT_EQ(scales_.ReadyOf("service:web:1"), 1U);
  EXPECT_EQ(scale["max"], 5);
  EXPECT_EQ(scale["last"]["from"], 1);
  EXPECT_EQ(scale["last"]["to"], 3);
  EXPECT_EQ(scale["last"]["why"], "three times as much");
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_TRUE(lines_.front().contains("three times as much")) << lines_.front();
}

TEST_F(ScalesTest, WhatIsCountedIsCountedOnce) {
  keeper::Scaled cold = Web(1);
  cold.cold_starts = 1;
  cold.refused = 4;
  scales_.Take("shop", cold);
  scales_.Take("shop", cold);
  EXPECT_TRUE(Shows("strata_keeper_cold_starts_total", 1));
  cold.cold_starts = 3;
  scales_.Take("shop", cold);
  EXPECT_TRUE(Shows("strata_keeper_cold_starts_total", 3));
  EXPECT_TRUE(Shows("strata_keeper_queue_refusals_total", 4));
}

TEST_F(ScalesTest, SeveralRevisionsInAClassAreAddedUp) {
  scales_.Take("shop", Web(1));
  keeper::Scaled other = Web(2);
  other.key = "service:web:2";
  other.paused = 1;
  scales_.Take("shop", other);
  other.sandbox_class = "microvm";
  other.key = "service:web:3";
  scales_.Take("shop", other);
  EXPECT_TRUE(Shows("strata_keeper_replicas_desired", 3));
  EXPECT_EQ(scales_.Of({"shop", "web", "container"})["desired"], 3);
  EXPECT_EQ(scales_.Of({"shop", "web", "container"})["paused"], 1);
  EXPECT_EQ(scales_.Of({"shop", "web", "microvm"})["desired"], 2);
  EXPECT_TRUE(scales_.Of({"shop", "web", "appkernel"}).is_null());
  scales_.KeepOnly([](const std::string& key) { return key == "service:web:1"; });
  EXPECT_TRUE(Shows("strata_keeper_replicas_desired", 1));
}

TEST_F(ScalesTest, WhatRunsNoMoreIsForgotten) {
  scales_.Take("shop", Web(1));
  scales_.KeepOnly([](const std::string&) { return false; });
  EXPECT_TRUE(scales_.Of("service:web:1").is_null());
  EXPECT_TRUE(Shows("strata_keeper_replicas_desired", 0));
}

}  // namespace
}  // namespace strata::manager
