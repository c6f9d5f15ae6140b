#include "advisor/measured/claimed.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

Measured In(std::string_view row, std::string_view in, std::vector<double> samples) {
  measure::Record record;
  record.host.memory_mib = 1024;
  const measure::Row* of = measure::FindRow(row);
  const std::string from(of->made == measure::Made::kTaken ? of->id : of->from);
  record.rows = {{.row = from, .in = std::string(in), .unit = "", .samples = std::move(samples)}};
  return *DescribeRow(record, *of, in);
}

TEST(ClaimedTest, AClaimOfOneNumberHoldsAsFarAsItIsWritten) {
  const auto holds = [](Json cell, double value) {
    cell["unit"] = "ns";
    return ClaimedRange(cell)->Side(value) == 0;
  };
  EXPECT_TRUE(holds({{"value", 100}}, 51));
  EXPECT_FALSE(holds({{"value", 100}}, 49));
  EXPECT_TRUE(holds({{"value", 300}}, 349));
  EXPECT_FALSE(holds({{"value", 300}}, 351));
  EXPECT_TRUE(holds({{"value", 1.5}}, 1.54));
  EXPECT_FALSE(holds({{"value", 1.5}}, 1.56));
  EXPECT_TRUE(holds({{"value", 2}, {"approx", true}}, 2.19));
  EXPECT_FALSE(holds({{"value", 2}, {"approx", true}}, 2.21));
  EXPECT_FALSE(holds({{"min", 2}, {"max", 3}}, 3.01)) << "a range is what it is";
}

TEST(ClaimedTest, ARatioOfTwoClaimsIsNoMoreExactThanTheyAre) {
  const auto ms = [](double value) { return Json{{"value", value}, {"unit", "ms"}}; };
  const Json times = ClaimedTimes(ms(800), ms(15));
  EXPECT_EQ(times, (Json{{"min", 48.4}, {"max", 58.6}, {"unit", "x"}}));
}

TEST(ClaimedTest, OneSampleIsNoQuantileButTheMedian) {
  measure::Record record;
  record.rows = {{.row = "warm_start", .in = "wasm", .unit = "ms", .samples = {0.4}}};
  EXPECT_TRUE(DescribeRow(record, *measure::FindRow("warm_start"), "wasm"));
  EXPECT_FALSE(DescribeRow(record, *measure::FindRow("latency_p99"), "wasm"));
}

TEST(ClaimedTest, AMachinesMemoryIsJudgedWhetherItServesOrAnswersOneCall) {
  for (const char* row : {"memory", "instance_memory"}) {
    const auto claims = JudgeClaims(In(row, "microvm", {52, 53, 52, 53, 52, 53}));
    ASSERT_FALSE(claims.empty()) << row;
    EXPECT_EQ(claims.front().verdict, Verdict::kAbove) << row;
  }
}

TEST(ClaimedTest, AClaimIsNotDecidedBySamplesTooFewToBoundIt) {
  const JudgedClaim one = JudgeClaims(In("instance_memory", "microvm", {53.1})).front();
  EXPECT_EQ(one.verdict, Verdict::kUndecided);
  EXPECT_EQ(one.text.en, "not decided: one sample, needs 6");
  EXPECT_GT(one.ratio, 1) << "the ratio is shown all the same";
  const JudgedClaim five =
      JudgeClaims(In("cold_start", "microvm", {300, 310, 305, 320, 315})).front();
  EXPECT_EQ(five.text.en, "not decided: not bounded by 5 samples, needs 6");
  EXPECT_FALSE(five.text.zh.empty());
  const Measured p99 = In("latency_p99", "wasm", std::vector<double>(367, 1));
  EXPECT_EQ(p99.interval.low, 1);
  EXPECT_FALSE(p99.interval.bounded());
  EXPECT_TRUE(In("latency_p99", "wasm", std::vector<double>(368, 1)).interval.bounded());
}

TEST(ClaimedTest, AProductsSizeAndMemoryAreNotJudgedByWhatRunsInIt) {
  for (const char* row : {"image_size", "memory"}) {
    std::size_t of_product = 0;
    for (const JudgedClaim& each : JudgeClaims(In(row, "container", {3, 3, 3, 3, 3, 3}))) {
      if (!each.reference.starts_with("technology_attributes")) continue;
      ++of_product;
      EXPECT_FALSE(each.verdict.has_value()) << each.reference;
      EXPECT_FALSE(each.text.zh.empty());
    }
    EXPECT_EQ(of_product, 1U) << row;
  }
}

TEST(ClaimedTest, ARatioOfTwoClassesIsFromBothOfThem) {
  measure::Record record;
  record.rows = {{.row = "cold_start", .in = "wasm", .unit = "ms", .samples = {4, 4, 5, 5, 5, 5}},
                 {.row = "cold_start", .in = "container", .unit = "ms", .samples = {}}};
  const Sight sight{
      .row = "cold_start", .in = model::Class::kContainer, .against = model::Class::kWasm};
  EXPECT_FALSE(LookAt(record, sight).has_value()) << "one side lacks";
  record.rows[1].samples = {40, 50, 50, 50, 50, 60, 50};
  const auto measured = LookAt(record, sight);
  ASSERT_TRUE(measured.has_value());
  EXPECT_EQ(measured->value, 10);
  EXPECT_EQ(measured->samples, 6U);
  EXPECT_EQ(measured->interval.low, 40.0 / 5);
  EXPECT_EQ(measured->interval.high, 60.0 / 4);
  EXPECT_EQ(ShowSight(sight).en, "cold start, container / wasm");
  const JudgedClaim judged = JudgeClaim(*measured, "", {{{"min", 20}, {"unit", "x"}}, ""});
  EXPECT_EQ(judged.verdict, Verdict::kBelow);
  EXPECT_EQ(judged.ratio, 0.5);
  // One side whose samples do not bound it leaves the ratio open.
  record.rows[1].samples.resize(3);
  EXPECT_FALSE(LookAt(record, sight)->interval.bounded());
}

TEST(ClaimedTest, WhatIsStoredIsExact) {
  const Measured image = In("image_size", "container", {0.32});
  EXPECT_EQ(image.interval.low, 0.32);
  EXPECT_EQ(image.interval.high, 0.32);
  EXPECT_EQ(JudgeClaims(image).front().verdict, Verdict::kBelow);
}

TEST(ClaimedTest, AnIntervalIsShownAsFarAsItIsTold) {
  const auto shown = [](std::string_view row, int count) {
    std::vector<double> samples;
    for (int i = 1; i <= count; ++i) samples.push_back(i);
    return IntervalCell(In(row, "wasm", samples).interval);
  };
  EXPECT_EQ(shown("warm_start", 10).text.en, "2..9");
  EXPECT_EQ(shown("warm_start", 5).text.en, NoCell().text.en);
  EXPECT_EQ(shown("latency_p99", 100).text.en, "at least 97");
  EXPECT_EQ(shown("latency_p99", 100).value, (Json{{"low", 97.0}, {"high", nullptr}}));
  EXPECT_FALSE(shown("latency_p99", 100).text.zh.empty());
}

TEST(ClaimedTest, DensityThatWasNotReachedIsNotJudged) {
  for (const JudgedClaim& each : JudgeClaims(In("density_host", "container", {4, 5}))) {
    EXPECT_FALSE(each.verdict.has_value()) << each.reference;
  }
}

TEST(ClaimedTest, WhatIsTakenFromARecordOfTheFirstFormAreItsThreeFigures) {
  measure::Record record;
  record.prior[model::Class::kMicrovm] = {.p50_ms = 30, .cold_start_ms = 700};
  const measure::Record with = WithRows(record);
  ASSERT_EQ(with.rows.size(), 2U) << "no memory was taken";
  EXPECT_EQ(DescribeRow(with, *measure::FindRow("cold_start"), "microvm")->value, 700);
  EXPECT_EQ(WithRows(with).rows.size(), 2U) << "rows stay as they are";
  EXPECT_FALSE(DescribeRow(with, *measure::FindRow("memory"), "microvm").has_value());
}

std::vector<std::string> References() {
  std::vector<std::string> references;
  for (const measure::Row& row : measure::Rows()) {
    for (const std::string_view each : row.claims) references.emplace_back(each);
  }
  return references;
}

TEST(ClaimedTest, EveryFigureOfTheMatricesIsAClaimOfARow) {
  const std::vector<std::string> references = References();
  std::vector<std::string> figures;
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    for (const Json& column : matrix.at("columns")) {
      const std::string key = column.at("key");
      if (!matrix.at("rows").at("webassembly").at(key).contains("unit")) continue;
      figures.push_back(matrix.at("id").get<std::string>() + " " + key);
    }
  }
  EXPECT_EQ(figures.size(), 9U);
  for (const std::string& figure : figures) {
    EXPECT_GT(std::ranges::count(references, "matrices " + figure), 0) << figure;
  }
}

// All that the tables of figures claim with a unit is a claim of a row, or is known to be none that
// can be measured here.
TEST(ClaimedTest, EveryFigureOfTheDocumentsTablesIsAClaimOfARow) {
  const std::vector<std::string> references = References();
  const auto claimed = [&references](const std::string& reference) {
    return std::ranges::find(references, reference) != references.end();
  };
  for (const char* key : {"startup", "memory", "density"}) {
    EXPECT_TRUE(claimed(std::string("tier_overheads ") + key)) << key;
  }
  for (const char* key : {"memory", "density", "performance_loss"}) {
    EXPECT_TRUE(claimed(std::string("tier_comparison ") + key)) << key;
  }
  for (const char* key : {"startup", "memory", "image", "density"}) {
    EXPECT_TRUE(claimed(std::string("technology_performance ") + key)) << key;
  }
  for (const char* key : {"startup", "memory", "size", "nodes"}) {
    EXPECT_TRUE(claimed(std::string("technology_attributes ") + key)) << key;
  }
  for (const char* reference : {"versions wasmedge", "stack_target serverless",
                                "stack_target low_latency", "kuasar_figures density"}) {
    EXPECT_TRUE(claimed(reference)) << reference;
  }
}

}  // namespace
}  // namespace strata::advisor
