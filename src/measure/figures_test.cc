#include "measure/figures.h"

#include <gtest/gtest.h>

namespace strata::measure {
namespace {

TEST(FiguresTest, AClassThatIsNotHereSaysWhy) {
  const Json json = ToJson({.sandbox_class = "microvm", .lacking = "no QEMU", .call_ms = {}});
  EXPECT_EQ(json, (Json{{"class", "microvm"}, {"lacking", "no QEMU"}}));
}

TEST(FiguresTest, AClassesFiguresAreThoseOfItsRows) {
  Record record;
  record.rows = {
      {"warm_up", "wasm", "ms", {80, 60, 70}, ""}, {"cold_start", "wasm", "ms", {5, 3}, ""},
      {"memory", "wasm", "MiB", {1, 2, 1}, ""},    {"call_cpu", "wasm", "ms", {0.5}, ""},
      {"warm_start", "wasm", "ms", {4, 6, 5}, ""}, {"warm_up", "microvm", "ms", {}, "no"}};
  const ClassFigures wasm = FiguresOf(record, "wasm");
  EXPECT_EQ(wasm.lacking, "");
  EXPECT_EQ(wasm.deploy_ms, 70);
  EXPECT_EQ(wasm.first_ms, 4) << "as strata measure shows it";
  EXPECT_EQ(wasm.memory_mib, 2) << "the most";
  EXPECT_EQ(wasm.cpu_ms, 0.5);
  EXPECT_EQ(wasm.call_ms.size(), 3U);
  EXPECT_EQ(FiguresOf(record, "microvm").lacking, "no");
  EXPECT_EQ(FiguresOf(record, "container").lacking, "was not measured");
}

TEST(FiguresTest, ARecordHasEveryFigure) {
  const Json json = ToJson({.sandbox_class = "wasm",
                            .lacking = "",
                            .deploy_ms = 1,
                            .first_ms = 2,
                            .memory_mib = 3,
                            .call_ms = {4, 6, 5}});
  EXPECT_EQ(json.at("p50_ms"), 5);
  EXPECT_EQ(json.at("max_ms"), 6);
  EXPECT_EQ(json.at("calls"), 3);
}

}  // namespace
}  // namespace strata::measure
