#include "manager/placing/told_placement.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/store.h"
#include "store/testing.h"

namespace strata::manager {
namespace {

using model::Class;

class ToldPlacementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = *store::Store::Open(folder_.path(), clock_, random_);
    models_ = std::make_unique<Models>(*store_, log_);
    measurements_ = std::make_unique<Measurements>(folder_.path() / "measurements.json", log_);
    store::NewResource cart = store::FunctionOf("cart", "/cart", "shop", 'a');
    ASSERT_TRUE(store_->Apply(std::span(&cart, 1)).has_value());
    revision_ = store_->Revisions("shop", "cart")->front();
    revision_.workload.slo.p99 = std::chrono::milliseconds(200);
    revision_.placement = {.sandbox_class = Class::kWasm,
                           .alternatives = {{.sandbox_class = Class::kWasm},
                                            {.sandbox_class = Class::kContainer, .lost = "dear"}}};
  }

  void Learn(std::uint32_t revision, std::uint64_t ms) {
    meter::CallRecord record;
    record.status = 200;
    record.run_ns = ms * 1'000'000;
    record.cpu_ns = 1;
    for (int i = 0; i < 100; ++i) models_->Learn({"shop", "cart", "wasm", revision}, record);
  }

  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  telemetry::Logger log_ =
      telemetry::Logger::To([](telemetry::Level, std::string_view) {}, telemetry::Level::kInfo,
                            telemetry::Format::kJson, clock_);
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Models> models_;
  std::unique_ptr<Measurements> measurements_;
  model::Revision revision_;
};

TEST_F(ToldPlacementTest, WhatItsClassHasMissedSinceStandsBesideTheDecision) {
  Learn(1, 20);
  Json told = ToldPlacement(revision_, *models_, *measurements_);
  EXPECT_EQ(told["class"], "wasm");
  EXPECT_TRUE(told["decided"].get<std::string>().starts_with("20"));
  EXPECT_FALSE(told["alternatives"][0].contains("missed"));
  Learn(1, 700);
  told = ToldPlacement(revision_, *models_, *measurements_);
  EXPECT_EQ(told["alternatives"][0]["missed"],
            "slo.p99_ms is 200, missed by 50 % of 200 calls so far");
  EXPECT_FALSE(told["alternatives"][1].contains("missed")) << "it was never called there";
  revision_.number = 2;
  told = ToldPlacement(revision_, *models_, *measurements_);
  EXPECT_FALSE(told["alternatives"][0].contains("missed")) << "another revision's calls";
  revision_.placement.reset();
  EXPECT_TRUE(ToldPlacement(revision_, *models_, *measurements_).is_null());
}

TEST_F(ToldPlacementTest, WhatWasDecidedWithoutFiguresSaysSoUntilThereAreSome) {
  Json told = ToldPlacement(revision_, *models_, *measurements_);
  EXPECT_EQ(
      told["advice"],
      "class wasm was not measured here yet: run 'strata measure', then 'strata rollout start cart "
      "--to auto' decides anew");
  const model::Workload workload = revision_.workload;
  revision_.workload.sandbox_class = Class::kWasm;
  EXPECT_FALSE(ToldPlacement(revision_, *models_, *measurements_).contains("advice")) << "named";
  revision_.workload = workload;
  revision_.workload.within = Class::kMicrovm;
  EXPECT_FALSE(ToldPlacement(revision_, *models_, *measurements_).contains("advice")) << "named";
  revision_.workload = workload;
  revision_.workload.placement = model::PlacementBy::kRule;
  EXPECT_FALSE(ToldPlacement(revision_, *models_, *measurements_).contains("advice")) << "a rule";
  revision_.workload = workload;
  revision_.placement->alternatives.front().estimate.emplace();
  EXPECT_FALSE(ToldPlacement(revision_, *models_, *measurements_).contains("advice"));
  revision_.placement->alternatives.clear();
  EXPECT_FALSE(ToldPlacement(revision_, *models_, *measurements_).contains("advice"))
      << "what was decided before alternatives were kept";
}

}  // namespace
}  // namespace strata::manager
