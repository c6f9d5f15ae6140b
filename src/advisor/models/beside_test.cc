#include "advisor/models/beside.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/models/registry.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

measure::Record Measured() {
  measure::Record record;
  record.host.memory_mib = 1000;
  const auto add = [&record](const char* row, const char* in, double each, std::size_t samples) {
    record.rows.push_back(
        {.row = row, .in = in, .unit = "", .samples = std::vector(samples, each)});
  };
  add("cold_start", "wasm", 2, 20);
  add("cold_start", "container", 50, 20);
  add("warm_start", "wasm", 1, 400);
  add("warm_start", "container", 50, 400);
  add("instance_memory", "wasm", 2, 6);
  add("instance_memory", "container", 100, 6);
  return record;
}

// The row whose claim and sight are these.
std::vector<Cell> RowOf(const Section& section, const std::string& claim, const std::string& by) {
  const auto found = std::ranges::find_if(section.rows, [&](const auto& row) {
    return row[0].text.en == claim && row[1].text.en == by;
  });
  return found == section.rows.end() ? std::vector<Cell>(8) : *found;
}

TEST(BesideTest, AClaimStandsBesideWhatWasMeasured) {
  const auto sections = MeasuredBeside("ecommerce_cold_start", Measured());
  ASSERT_EQ(sections.size(), 1U);
  const auto before = RowOf(sections[0], "before: containers", "cold start, container");
  EXPECT_EQ(before[2].text.en, "800 ms");
  EXPECT_EQ(before[3].text.en, "50 ms");
  EXPECT_EQ(before[6].text.en, "below the claim");
  const auto times = RowOf(sections[0], "how many times quicker", "cold start, container / wasm");
  EXPECT_EQ(times[2].text.en, "48.4-58.6 x");
  EXPECT_EQ(times[3].text.en, "25 x");
  EXPECT_EQ(times[6].text.en, "below the claim");
  EXPECT_EQ(times[7].text.en, "002 B§2.1 (models.yaml)");
  const auto none =
      RowOf(sections[0], "before: containers", "deployment and first call, container");
  EXPECT_EQ(none[6].text.en, "not in the record");
}

TEST(BesideTest, TheTargetOfTheLatencyIsJudgedInEachClass) {
  const Section targets = MeasuredBeside("platform_2026_targets", Measured()).front();
  EXPECT_EQ(RowOf(targets, "P99 latency", "latency, 99 %, wasm")[6].text.en, "as claimed");
  EXPECT_EQ(RowOf(targets, "P99 latency", "latency, 99 %, container")[6].text.en,
            "above the claim");
  EXPECT_EQ(RowOf(targets, "density", "density of this host, wasm")[3].text.en, "500 instances");
}

TEST(BesideTest, ARatioOfTheModelStandsBesideThatOfTheRecord) {
  const Section density = MeasuredBeside("density", Measured()).front();
  const auto row =
      RowOf(density, "density of wasm over container", "density of this host, wasm / container");
  EXPECT_EQ(row[2].text.en, "41.7 x");
  EXPECT_EQ(row[3].text.en, "50 x");
  const Section costs = MeasuredBeside("tco", Measured()).front();
  EXPECT_EQ(costs.rows.at(0)[2].text.en, "30 x");
  const auto kuasar = MeasuredBeside("kuasar_claims", Measured()).front().rows.at(1);
  EXPECT_EQ(kuasar[7].text.en, "002 A§7.2 (matrices.yaml)") << "which the model does not state";
  const Section superior = MeasuredBeside("theorem_superiority", Measured()).front();
  EXPECT_EQ(superior.rows.at(0)[6].text.en, "as claimed");
}

TEST(BesideTest, ContractsAreTestedByTheStarts) {
  const Section contracts = MeasuredBeside("startup_contract", Measured()).front();
  EXPECT_EQ(contracts.id, "contracts");
  EXPECT_EQ(contracts.rows.size(), 4U);
  const Section none = MeasuredBeside("startup_contract", {}).front();
  EXPECT_TRUE(none.rows.empty());
  EXPECT_FALSE(none.notes.empty());
}

TEST(BesideTest, ARecordOfTheFirstFormHasNoSamplesToTestContractsOrAQuantileBy) {
  measure::Record record;
  record.prior[model::Class::kWasm] = {.p50_ms = 0.4, .p99_ms = 1, .cold_start_ms = 20};
  EXPECT_TRUE(MeasuredBeside("startup_contract", record).front().rows.empty());
  const Section targets = MeasuredBeside("platform_2026_targets", record).front();
  EXPECT_EQ(RowOf(targets, "P99 latency", "latency, 99 %, wasm")[6].text.en, "not in the record")
      << "its median is not it";
}

TEST(BesideTest, WithoutARecordClaimsStandAloneAndNothingElseHasASection) {
  std::size_t measured = 0;
  for (const Json& fact : ModelFacts()) {
    const auto sections = MeasuredBeside(fact.at("id").get_ref<const std::string&>(), {});
    if (sections.empty()) continue;
    ++measured;
    EXPECT_TRUE(sections[0].notes.back().en.contains("strata measure")) << fact.at("id");
    for (const auto& row : sections[0].rows) {
      ASSERT_EQ(row.size(), sections[0].columns.size());
      EXPECT_FALSE(row[2].text.empty());
      EXPECT_TRUE(row[3].value.is_null());
    }
  }
  EXPECT_EQ(measured, 9U) << "as many as beside.cc lists, and the contracts";
}

}  // namespace
}  // namespace strata::advisor::models
