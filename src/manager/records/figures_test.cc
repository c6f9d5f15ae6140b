#include "manager/records/figures.h"

#include <chrono>
#include <memory>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/store.h"

namespace strata::manager {
namespace {

meter::CallRecord Call(std::uint16_t status, std::uint64_t run_ns) {
  meter::CallRecord record;
  record.status = status;
  record.run_ns = run_ns;
  record.cpu_ns = 2'000'000;
  record.memory_peak = 1 << 20;
  return record;
}

class FiguresTest : public ::testing::Test {
 protected:
  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  telemetry::Logger log_;
  telemetry::Registry registry_;
  std::unique_ptr<store::Store> store_ = *store::Store::Open(folder_.path(), clock_, random_);
  Models models_{*store_, log_};
  Figures figures_{clock_, registry_, models_};
};

TEST_F(FiguresTest, CountsCallsErrorsAndCpuOfEachFunction) {
  figures_.Add({"shop", "cart", "wasm"}, 3, Call(200, 1'000'000));
  figures_.Add({"shop", "cart", "wasm"}, 3, Call(502, 1'000'000));
  figures_.Add({"shop", "cart", "wasm"}, 3, Call(0, 1'000'000));
  const Json top = figures_.Top();
  ASSERT_EQ(top["functions"].size(), 1U);
  const Json& row = top["functions"][0];
  EXPECT_EQ(row["requests"], 3);
  EXPECT_EQ(row["errors"], 2) << "a 5xx and a client that left";
  EXPECT_EQ(row["revision"], 3);
  EXPECT_DOUBLE_EQ(row["cpu_ms"].get<double>(), 6.0);
  EXPECT_DOUBLE_EQ(row["memory_mib"].get<double>(), 1.0);
}

TEST_F(FiguresTest, LatenciesAreFinerThanTheBucketsOfTheirMetric) {
  for (int i = 0; i < 98; ++i) figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 11'000'000));
  for (int i = 0; i < 2; ++i) figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 130'000'000));
  const Json row = figures_.Top()["functions"][0];
  EXPECT_NEAR(row["p50_ms"].get<double>(), 11, 11 * scheduler::Sketch::kError);
  EXPECT_NEAR(row["p99_ms"].get<double>(), 130, 130 * scheduler::Sketch::kError);
}

TEST_F(FiguresTest, AServicesSandboxesAreCountedWithoutCalls) {
  figures_.AddLoad({"shop", "web", "container"}, std::chrono::milliseconds(30), 3_MiB, 1);
  figures_.AddLoad({"shop", "web", "container"}, std::chrono::milliseconds(12), 2_MiB, 1);
  const Json row = figures_.Top()["functions"][0];
  EXPECT_DOUBLE_EQ(row["cpu_ms"].get<double>(), 42.0);
  EXPECT_DOUBLE_EQ(row["memory_mib"].get<double>(), 3.0);
  EXPECT_DOUBLE_EQ(row["memory_now_mib"].get<double>(), 2.0);
  EXPECT_EQ(row["requests"], 0);
}

TEST_F(FiguresTest, TheRateForgetsWhatIsOlderThanTenSeconds) {
  for (int i = 0; i < 20; ++i) figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 1));
  EXPECT_DOUBLE_EQ(figures_.Top()["functions"][0]["rate"].get<double>(), 2.0);
  clock_.Advance(std::chrono::seconds(9));
  EXPECT_DOUBLE_EQ(figures_.Top()["functions"][0]["rate"].get<double>(), 2.0);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_DOUBLE_EQ(figures_.Top()["functions"][0]["rate"].get<double>(), 0.0);
  figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 1));
  EXPECT_DOUBLE_EQ(figures_.Top()["functions"][0]["rate"].get<double>(), 0.1);
}

TEST_F(FiguresTest, TheBusiestFunctionComesFirst) {
  figures_.Add({"shop", "a", "wasm"}, 1, Call(200, 1));
  figures_.Add({"shop", "b", "wasm"}, 1, Call(200, 1));
  figures_.Add({"shop", "b", "wasm"}, 1, Call(200, 1));
  EXPECT_EQ(figures_.Top()["functions"][0]["name"], "b");
}

TEST_F(FiguresTest, RequestsAreExposedByStatusAndFate) {
  figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 1));
  EXPECT_NE(registry_.Expose().find(
                "strata_route_requests_total{class=\"wasm\",exit=\"returned\",function=\"cart\","
                "namespace=\"shop\",status=\"200\"} 1"),
            std::string::npos)
      << registry_.Expose();
}

TEST_F(FiguresTest, WhatIsGoneIsForgotten) {
  const auto lines_with = [this](std::string_view words) {
    const std::string text = registry_.Expose();
    std::size_t found = 0;
    for (auto at = text.find(words); at != text.npos; at = text.find(words, at + 1)) ++found;
    return found;
  };
  figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 1));
  figures_.AddMirrored("shop", "cart@3", meter::MirrorOutcome::kSame);
  figures_.Add({"shop", "carts", "wasm"}, 1, Call(200, 1));
  figures_.Add({"other", "cart", "wasm"}, 1, Call(200, 1));
  const std::size_t others = lines_with("function=\"carts\"") + lines_with("namespace=\"other\"");
  figures_.Forget("shop", "cart");
  EXPECT_EQ(lines_with("function=\"cart"), others) << registry_.Expose();
  EXPECT_EQ(figures_.Mirrored("shop", "cart@3")["same"], 0);
  EXPECT_EQ(figures_.Top()["functions"].size(), 2U);
  figures_.Add({"shop", "cart", "wasm"}, 1, Call(200, 1));  // a late one
  EXPECT_EQ(figures_.Top()["functions"].size(), 3U);
}

TEST_F(FiguresTest, ColdCallsAndPoolsAreShownByFunction) {
  auto cold = Call(200, 1);
  cold.sandbox = meter::SandboxCame::kMade;
  figures_.Add({"shop", "cart", "container"}, 1, cold);
  figures_.Add({"shop", "cart", "container"}, 1, Call(200, 1));
  EXPECT_EQ(figures_.Top()["functions"][0]["cold"], 1U);
  const Figures::Subject cart{"shop", "cart", "container"};
  EXPECT_TRUE(figures_.PoolOf(cart).is_null());
  figures_.SetPool(cart, {.ready = 2, .memory = 3_MiB, .cold = 1});
  EXPECT_TRUE(figures_.PoolOf({"shop", "cart", "microvm"}).is_null());
  const Json pool = figures_.PoolOf(cart);
  EXPECT_EQ(pool["ready"], 2U);
  EXPECT_EQ(pool["memory_mib"], 3.0);
  EXPECT_FALSE(pool.contains("problem"));
  const std::string exposed = registry_.Expose();
  EXPECT_NE(exposed.find("strata_route_cold_calls_total"), std::string::npos);
  EXPECT_NE(exposed.find("strata_keeper_pool_sandboxes"), std::string::npos);
}

}  // namespace
}  // namespace strata::manager
