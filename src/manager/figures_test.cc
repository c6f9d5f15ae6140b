#include "manager/figures.h"

#include <chrono>

#include <gtest/gtest.h>

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
  ManualClock clock_;
  telemetry::Registry registry_;
  Figures figures_{clock_, registry_};
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

TEST_F(FiguresTest, AServicesSandboxesAreCountedWithoutCalls) {
  figures_.AddLoad({"shop", "web", "container"}, std::chrono::milliseconds(30), 3_MiB);
  figures_.AddLoad({"shop", "web", "container"}, std::chrono::milliseconds(12), 2_MiB);
  const Json row = figures_.Top()["functions"][0];
  EXPECT_DOUBLE_EQ(row["cpu_ms"].get<double>(), 42.0);
  EXPECT_DOUBLE_EQ(row["memory_mib"].get<double>(), 3.0);
  EXPECT_DOUBLE_EQ(row["memory_now_mib"].get<double>(), 2.0);
  EXPECT_EQ(row["requests"], 0);
}

TEST_F(FiguresTest, LearnsFromWhatTheGuestDidAndFromNothingElse) {
  for (int i = 0; i < 50; ++i) {
    figures_.Add({"shop", "cart", "wasm"}, 3, Call(200, 2'000'000));
    figures_.Add({"shop", "cart", "wasm"}, 3, Call(429, 1));
    figures_.Add({"shop", "cart", "wasm"}, 3, Call(0, 1));
    figures_.Add({"shop", "cart2", "wasm"}, 3, Call(200, 1));
  }
  const Json learned = figures_.Learned("shop", "cart");
  ASSERT_EQ(learned["models"].size(), 1U);
  const Json& model = learned["models"][0];
  EXPECT_EQ(model["calls"], 50);
  EXPECT_EQ(model["revision"], 3);
  EXPECT_EQ(model["failure_rate"], 0.0);
  EXPECT_NEAR(model["p99_ms"].get<double>(), model["p50_ms"].get<double>(), 1e-9);
  EXPECT_EQ(learned["prediction"]["calls"], 49);
  EXPECT_NEAR(learned["prediction"]["error"].get<double>(), 0, 1e-9);
  figures_.Add({"shop", "cart", "wasm"}, 3, Call(502, 1));
  EXPECT_GT(figures_.Learned("shop", "cart")["models"][0]["failure_rate"], 0.0);
  EXPECT_EQ(figures_.Learned("shop", "nobody")["models"].size(), 0U);
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

}  // namespace
}  // namespace strata::manager
