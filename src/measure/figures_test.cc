#include "measure/figures.h"

#include <gtest/gtest.h>

namespace strata::measure {
namespace {

TEST(FiguresTest, PercentilesAreValuesThatWereSeen) {
  EXPECT_EQ(Percentile({}, 0.5), 0);
  EXPECT_EQ(Percentile({7}, 0.5), 7);
  EXPECT_EQ(Percentile({3, 1, 2}, 0), 1);
  EXPECT_EQ(Percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(Percentile({3, 1, 2}, 1), 3);
}

TEST(FiguresTest, AClassThatIsNotHereSaysWhy) {
  const Json json = ToJson({.sandbox_class = "microvm", .lacking = "no QEMU", .call_ms = {}});
  EXPECT_EQ(json, (Json{{"class", "microvm"}, {"lacking", "no QEMU"}}));
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
