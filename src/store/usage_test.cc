#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/testing/temp_dir.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace strata::store {
namespace {

class UsageTest : public ::testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    auto store = Store::Open(folder_.path(), clock_, random_);
    ASSERT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
  }
  void SetUp() override { Reopen(); }

  static UsageBatch Batch(std::uint64_t position) {
    UsageBatch batch;
    batch.more.usage[{"shop", "cart", "wasm"}] = {.calls = 3,
                                                  .failed = 1,
                                                  .starts = 3,
                                                  .cpu_ns = 70,
                                                  .held_ns = 90,
                                                  .mib_ms = 0.25,
                                                  .bytes_in = 5,
                                                  .bytes_out = 6,
                                                  .since = WallTime(std::chrono::seconds(7))};
    batch.more.process_cpu_ns[{"shop", "cell"}] = 100;
    batch.sources["shop-1"] = {
        .position = position, .cpu_ns = 1000 + position, .held_ns = 7, .mib_ms = 1.5};
    return batch;
  }

  const testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<Store> store_;
};

TEST_F(UsageTest, ANewStoreHasUsedNothing) {
  EXPECT_TRUE(store_->GetUsage()->usage.empty());
  EXPECT_TRUE(store_->MeterSources()->empty());
}

TEST_F(UsageTest, BatchesAddUpAndSurvive) {
  ASSERT_TRUE(store_->AddUsage(Batch(64)));
  UsageBatch later = Batch(128);
  later.more.usage.begin()->second.since = WallTime(std::chrono::seconds(9));
  ASSERT_TRUE(store_->AddUsage(later));
  Reopen();
  const auto totals = store_->GetUsage();
  ASSERT_TRUE(totals);
  ASSERT_EQ(totals->usage.size(), 1U);
  const Usage& usage = totals->usage.begin()->second;
  EXPECT_EQ(usage.calls, 6U);
  EXPECT_EQ(usage.failed, 2U);
  EXPECT_EQ(usage.starts, 6U);
  EXPECT_EQ(usage.cpu_ns, 140U);
  EXPECT_EQ(usage.held_ns, 180U);
  EXPECT_DOUBLE_EQ(usage.mib_ms, 0.5);
  EXPECT_EQ(usage.bytes_in, 10U);
  EXPECT_EQ(usage.bytes_out, 12U);
  EXPECT_EQ(usage.since, WallTime(std::chrono::seconds(7))) << "when the first was counted";
  EXPECT_EQ(totals->process_cpu_ns.at({"shop", "cell"}), 200U);
  EXPECT_EQ(store_->MeterSources()->at("shop-1").position, 128U);
  EXPECT_EQ(store_->MeterSources()->at("shop-1").cpu_ns, 1128U);
  EXPECT_EQ(store_->MeterSources()->at("shop-1").held_ns, 7U);
  EXPECT_DOUBLE_EQ(store_->MeterSources()->at("shop-1").mib_ms, 1.5);
}

TEST_F(UsageTest, ACellThatEndedIsForgottenAndWhatItUsedIsNot) {
  ASSERT_TRUE(store_->AddUsage(Batch(64)));
  UsageBatch end;
  end.ended.insert("shop-1");
  ASSERT_TRUE(store_->AddUsage(end));
  EXPECT_TRUE(store_->MeterSources()->empty());
  EXPECT_EQ(store_->GetUsage()->usage.begin()->second.calls, 3U);
}

// What a cell claims of its calls is not checked against anything.
TEST_F(UsageTest, AnAbsurdClaimStopsNothing) {
  UsageBatch absurd = Batch(64);
  Add(absurd.more.usage.begin()->second, {.cpu_ns = UINT64_MAX, .since = {}});
  ASSERT_TRUE(store_->AddUsage(absurd));
  ASSERT_TRUE(store_->AddUsage(Batch(128)));
  const auto totals = store_->GetUsage();
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->usage.begin()->second.cpu_ns, std::uint64_t{INT64_MAX});
  EXPECT_EQ(totals->usage.begin()->second.calls, 6U);
}

// Totals and position are one: what fails half-way leaves neither.
TEST_F(UsageTest, ABatchThatFailsChangesNothing) {
  ASSERT_TRUE(store_->AddUsage(Batch(64)));
  {
    auto other = Database::Open(std::string(folder_.path()) + "/state.db");
    ASSERT_TRUE(other);
    ASSERT_TRUE(
        (*other)->Script("CREATE TRIGGER full BEFORE INSERT ON meter_sources"
                         " BEGIN SELECT RAISE(ABORT, 'no room'); END;"));
  }
  EXPECT_FALSE(store_->AddUsage(Batch(128)));
  EXPECT_EQ(store_->GetUsage()->usage.begin()->second.calls, 3U);
  EXPECT_EQ(store_->GetUsage()->process_cpu_ns.at({"shop", "cell"}), 100U);
  EXPECT_EQ(store_->MeterSources()->at("shop-1").position, 64U);
}

}  // namespace
}  // namespace strata::store
