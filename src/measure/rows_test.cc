#include "measure/rows.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace strata::measure {
namespace {

Record Made() {
  Record record;
  record.host.memory_mib = 1000;
  record.rows = {{"compute", "wasm", "ms", {11, 30, 5}, ""},
                 {"compute", "process", "ms", {10, 20}, ""},
                 {"warm_start", "wasm", "ms", {1, 2, 3}, ""},
                 {"instance_memory", "wasm", "MiB", {3, 0}, ""}};
  return record;
}

TEST(RowsTest, EveryRowIsWhole) {
  std::set<std::string_view> ids;
  for (const Row& row : Rows()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_FALSE(row.unit.empty() || row.label.empty() || row.label_zh.empty()) << row.id;
    EXPECT_FALSE(row.how.empty() || row.how_zh.empty()) << row.id;
    if (row.made == Made::kTaken) continue;
    EXPECT_EQ(row.kind, nullptr) << row.id;
    ASSERT_NE(FindRow(row.from), nullptr) << row.id;
    EXPECT_EQ(FindRow(row.from)->made, Made::kTaken) << row.id;
    if (!row.other.empty()) {
      ASSERT_NE(FindRow(row.other), nullptr) << row.id;
    }
  }
  EXPECT_EQ(FindRow("nothing"), nullptr);
}

TEST(RowsTest, ALossIsHowMuchLongerItTakesThanNativelyTurnByTurn) {
  const std::vector<double> losses = SamplesOf(Made(), *FindRow("steady_loss"), "wasm");
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_NEAR(losses[0], 10, 1e-9);
  EXPECT_NEAR(losses[1], 50, 1e-9);
  EXPECT_TRUE(SamplesOf(Made(), *FindRow("steady_loss"), "process").empty());
  EXPECT_TRUE(SamplesOf(Made(), *FindRow("steady_loss"), "microvm").empty());
}

TEST(RowsTest, AnOverheadIsThatOfComputingWithoutTheMakingOfTheSandbox) {
  Record record;
  record.rows = {{"compute_cpu", "microvm", "ms", {300, 310, 320}, ""},
                 {"call_cpu", "microvm", "ms", {200, 200}, ""},
                 {"compute_cpu", "process", "ms", {81, 102}, ""},
                 {"call_cpu", "process", "ms", {1, 2}, ""}};
  const Row& overhead = *FindRow("cpu_overhead");
  const std::vector<double> found = SamplesOf(record, overhead, "microvm");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NEAR(found[0], 25, 1e-9) << "100 ms of 80";
  EXPECT_NEAR(found[1], 10, 1e-9);
  record.rows.erase(record.rows.begin() + 1);
  EXPECT_TRUE(SamplesOf(record, overhead, "microvm").empty()) << "with it, it would be another";
}

TEST(RowsTest, AStartFromNothingIsTheDeploymentAndItsFirstCall) {
  Record record;
  record.rows = {{"cold_start", "microvm", "ms", {300, 310}, ""},
                 {"warm_up", "microvm", "ms", {2700, 20, 10}, ""},
                 {"cold_start", "process", "ms", {1}, ""}};
  const Row& start = *FindRow("deployed_start");
  EXPECT_EQ(SamplesOf(record, start, "microvm"), (std::vector<double>{3000, 330}));
  EXPECT_TRUE(SamplesOf(record, start, "process").empty()) << "nothing is deployed there";
}

TEST(RowsTest, OtherRowsAreTheirOwnOrAnothersSamples) {
  EXPECT_EQ(SamplesOf(Made(), *FindRow("warm_start"), "wasm"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(SamplesOf(Made(), *FindRow("latency_p99"), "wasm"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(SamplesOf(Made(), *FindRow("density_host"), "wasm"), std::vector<double>{333});
}

}  // namespace
}  // namespace strata::measure
