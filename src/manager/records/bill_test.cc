#include "manager/records/bill.h"

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using model::Class;

Bill BillOf(double cost) {
  return {.used = {.calls = 2, .cpu_ns = 3'000'000'000},
          .cost = cost,
          .elsewhere = {{Class::kContainer, 3 * cost}}};
}

TEST(BillTest, WhatIsSavedIsTheSumOfWhatEachWouldHaveCost) {
  Bill sum;
  AddTo(sum, BillOf(1));
  AddTo(sum, BillOf(2));
  const Json json = BillToJson(sum);
  EXPECT_EQ(json["calls"], 4);
  EXPECT_DOUBLE_EQ(json["cpu_s"].get<double>(), 6);
  EXPECT_DOUBLE_EQ(json["all_container"]["cost"].get<double>(), 9);
  EXPECT_DOUBLE_EQ(json["all_container"]["saved"].get<double>(), 6);
}

TEST(BillTest, ASumOfWhichAPartIsNotKnownIsNotKnown) {
  Bill sum;
  AddTo(sum, BillOf(1));
  Bill unknown = BillOf(2);
  unknown.elsewhere.clear();
  unknown.lacking[Class::kContainer] = "never measured";
  AddTo(sum, unknown);
  EXPECT_EQ(BillToJson(sum)["all_container"], (Json{{"lacking", "never measured"}}));
}

TEST(BillTest, OnlyWhatRanMayHaveHeldWhatIsNotCounted) {
  EXPECT_TRUE(HeldUncounted({.calls = 2, .starts = 1})) << "a Service";
  EXPECT_TRUE(HeldUncounted({.calls = 2, .cpu_ns = 1})) << "an addressable sandbox";
  EXPECT_FALSE(HeldUncounted({.calls = 2, .failed = 2})) << "all were refused";
  EXPECT_FALSE(HeldUncounted({.calls = 2, .starts = 2, .cpu_ns = 1, .held_ns = 1}));
  EXPECT_FALSE(HeldUncounted({}));
}

TEST(BillTest, RowsAreOfWhatWasAskedFor) {
  const store::UsageKey key{.tenant = "shop", .name = "cart", .sandbox_class = "wasm"};
  EXPECT_EQ(GroupOf(key, "workload"), (Group{"shop", "cart", "wasm"}));
  EXPECT_EQ(GroupOf(key, "tenant"), (Group{"shop", "", ""}));
  EXPECT_EQ(GroupOf(key, "class"), (Group{"", "", "wasm"}));
  EXPECT_FALSE(GroupOf(key, "day").has_value());
  const Json rows = RowsOf({{{"shop", "", ""}, BillOf(1)}});
  EXPECT_EQ(rows[0]["namespace"], "shop");
  EXPECT_FALSE(rows[0].contains("name"));
}

TEST(BillTest, OverheadIsWhatGuestsInOurProcessesDidNotUse) {
  store::UsageTotals totals;
  totals.process_cpu_ns[{"shop", "cell"}] = 10'000'000'000;
  totals.process_cpu_ns[{"", "front"}] = 1'000'000'000;
  totals.usage[{"shop", "cart", "wasm"}].cpu_ns = 6'000'000'000;
  totals.process_cpu_ns[{"shop", "keeper"}] = 9'000'000'000;
  totals.usage[{"shop", "box", "container"}].cpu_ns = 7'000'000'000;
  meter::Prices prices;
  ASSERT_TRUE(prices.Set("cpu_hour=3600"));
  ASSERT_TRUE(prices.Set("container.cpu_hour=7200"));
  const Overhead all = OverheadOf(totals, "", prices);
  ASSERT_EQ(all.rows.size(), 3U);
  EXPECT_EQ(all.rows[0]["role"], "front");
  EXPECT_DOUBLE_EQ(all.rows[1]["cpu_s"].get<double>(), 4);
  EXPECT_DOUBLE_EQ(all.rows[1]["process_cpu_s"].get<double>(), 10);
  EXPECT_EQ(all.rows[2]["role"], "keeper");
  EXPECT_DOUBLE_EQ(all.rows[2]["cpu_s"].get<double>(), 2);
  EXPECT_DOUBLE_EQ(all.cost, 1 + 4 + 2 * 2);
  EXPECT_EQ(OverheadOf(totals, "shop", prices).rows.size(), 2U);
}

TEST(BillTest, WhatStartsWereBilledForIsInNoCostOfOverhead) {
  store::UsageTotals totals;
  totals.process_cpu_ns[{"shop", "keeper"}] = 9'000'000'000;
  totals.usage[{"shop", "box", "container"}] = {.starts = 4, .cpu_ns = 5'000'000'000};
  meter::Prices prices;
  ASSERT_TRUE(prices.Set("cpu_hour=3600"));  // a dollar a second
  prices.StartComputes(Class::kContainer, 500, "a test");
  const Overhead billed = OverheadOf(totals, "", prices);
  EXPECT_DOUBLE_EQ(billed.rows[0]["cpu_s"].get<double>(), 4);
  EXPECT_DOUBLE_EQ(billed.cost, 4 - 4 * 0.5);
  prices.StartComputes(Class::kContainer, 5000, "a test");  // more than there was
  EXPECT_DOUBLE_EQ(OverheadOf(totals, "", prices).cost, 0);
  ASSERT_TRUE(prices.Set("start=9"));  // somebody's own price, of what computes nothing
  EXPECT_DOUBLE_EQ(OverheadOf(totals, "", prices).cost, 4);
}

}  // namespace
}  // namespace strata::manager
