#include "advisor/measured/report.h"

#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/measured/reasons.h"
#include "advisor/report/testing.h"

namespace strata::advisor {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<double> Around(double middle, int count) {
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) samples.push_back(middle * (1 + 0.001 * ((i * 7) % 11)));
  return samples;
}

measure::Record Made(double scale = 1) {
  measure::Record record;
  record.measured = "2026-11-27T17:30:00Z";
  record.host = {.kernel = "6.18", .processors = 2, .memory_mib = 1024};
  record.versions = {{"runc", "1.1.5"}};
  record.rows = {{"warm_start", "process", "ms", Around(0.5, 30), ""},
                 {"warm_start", "wasm", "ms", Around(0.3 * scale, 300), ""},
                 {"cold_start", "wasm", "ms", Around(3, 6), ""},
                 {"compute", "process", "ms", Around(40, 9), ""},
                 {"compute", "wasm", "ms", Around(60, 9), ""},
                 {"epoll_ready", "process", "ns", Around(800, 9), ""},
                 {"epoll_ready", "wasm", "ns", {}, "WASI has no such call"},
                 {"warm_start", "container", "ms", Around(30, 20), ""}};
  return record;
}

Json RowOf(const Section& section, const std::string& row, const std::string& in,
           const std::string& claimed = "") {
  Report one{.id = "x", .title = {}, .sections = {section}};
  const Json json = ToJson(one, Language::kEnglish);
  for (const Json& each : json["sections"][0]["rows"]) {
    if (each.value("row", "") != row && each.value("contract", "").find(row) != 0) continue;
    if (each["in"] != in) continue;
    if (!claimed.empty() && each["source"].get<std::string>().find(claimed) != 0) continue;
    return each;
  }
  return nullptr;
}

TEST(MeasuredReportTest, WhatIsClaimedIsAPictureBesideTheInterval) {
  const auto report = MeasuredReport(Made());
  const Section* picture = FindSection(*report, "picture_cold_start");
  ASSERT_NE(picture, nullptr);
  const auto& rows = std::get<IntervalPlot>(*picture->plot).rows;
  ASSERT_GE(rows.size(), 2U) << "001 and 003 claim something of it";
  EXPECT_TRUE(rows[0].label.en.starts_with("wasm, 001 §3.5")) << rows[0].label.en;
  EXPECT_EQ(rows[0].claimed.from, 1);
  EXPECT_EQ(rows[0].claimed.to, 10);
  EXPECT_NEAR(rows[0].value, 3, 0.05);
  EXPECT_LE(rows[0].interval.from, rows[0].value);
  EXPECT_EQ(FindSection(*report, "picture_compute"), nullptr) << "nothing is claimed of it";
}

TEST(MeasuredReportTest, WhatIsNotComparedIsNoPicture) {
  measure::Record record = Made();
  record.rows.push_back({"image_size", "container", "MiB", Around(5, 9), ""});
  record.rows.push_back({"density_host", "container", "instances", Around(300, 9), ""});
  record.rows.push_back({"cold_start", "container", "ms", {300}, ""});
  const auto report = MeasuredReport(record);
  ASSERT_TRUE(report.has_value());
  for (const Section& section : report->sections) {
    if (!section.plot) continue;
    const auto* plot = std::get_if<IntervalPlot>(&*section.plot);
    if (plot == nullptr) continue;
    EXPECT_NE(section.id, "picture_density_host") << "by memory alone, not reached";
    for (const Beside& row : plot->rows) {
      EXPECT_THAT(row.label.en, Not(HasSubstr("technology_attributes"))) << section.id;
    }
  }
  const Section* cold = FindSection(*report, "picture_cold_start");
  ASSERT_NE(cold, nullptr);
  EXPECT_TRUE(std::get<IntervalPlot>(*cold->plot).rows.back().label.en.starts_with("container"))
      << "what is not decided yet is compared";
}

TEST(MeasuredReportTest, EveryClaimStandsBesideWhatWasMeasured) {
  const auto report = MeasuredReport(Made());
  ASSERT_TRUE(report.has_value());
  const Section& claims = *FindSection(*report, "measured");
  const Json warm = RowOf(claims, "warm start", "wasm");
  EXPECT_EQ(warm["source"], "001 §3.5 (matrices.yaml)");
  EXPECT_EQ(warm["claimed"]["min"], 0.5);
  EXPECT_NEAR(warm["measured"]["value"].get<double>(), 0.3, 0.01);
  EXPECT_NEAR(warm["ratio"].get<double>(), 0.6, 0.01);
  EXPECT_EQ(warm["verdict"], "below the claim");
  EXPECT_EQ(RowOf(claims, "cold start", "wasm", "001")["verdict"], "as claimed");
  EXPECT_EQ(RowOf(claims, "cold start", "wasm", "003")["ratio"], 0.502);
  const Json loss = RowOf(claims, "steady-state loss", "wasm");
  EXPECT_NEAR(loss["measured"]["value"].get<double>(), 50, 1e-6);
  EXPECT_EQ(loss["verdict"], "above the claim");
  EXPECT_EQ(RowOf(claims, "epoll ready", "process")["claimed"]["value"], 100);
  EXPECT_EQ(RowOf(claims, "warm start", "process")["verdict"], "nothing is claimed");
  EXPECT_EQ(RowOf(claims, "latency, 99 %", "wasm")["verdict"], "the claim is no figure");
}

TEST(MeasuredReportTest, TheHalvesOfARowAreComparedWithTheirWidth) {
  const auto report = MeasuredReport(Made());
  const Json row = RowOf(*FindSection(*report, "spread"), "warm start", "wasm");
  EXPECT_EQ(row["contains_1"], "yes");
  EXPECT_LE(row["halves"]["low"], 1);
  EXPECT_GE(row["halves"]["high"], 1);
  EXPECT_GT(row["width"], 0);
  EXPECT_EQ(row["samples"], 300);
}

TEST(MeasuredReportTest, HowManyRowsAgreeWithThemselvesIsCounted) {
  measure::Record record = Made();
  record.rows = {{"throughput", "wasm", "calls/s", Around(900, 40), ""}};
  const auto note = [&record] {
    return FindSection(*MeasuredReport(record), "spread")->notes.back().en;
  };
  EXPECT_THAT(note(), HasSubstr("1 of 1 rows agree with themselves"));
  std::vector<double> apart;
  for (int i = 0; i < 40; ++i) apart.push_back(i % 2 == 0 ? 1 : 2);
  record.rows.push_back({"throughput", "container", "calls/s", apart, ""});
  EXPECT_THAT(note(), HasSubstr("1 of 2 rows agree with themselves"));
  record.rows.push_back({"throughput", "microvm", "calls/s", Around(900, 9), ""});
  EXPECT_THAT(note(), AllOf(HasSubstr("1 of 2 rows agree"),
                            HasSubstr("too few samples for their halves to be compared: 1.")));
  record.rows = {record.rows.back()};
  EXPECT_EQ(note(), "No row has samples enough for its halves to be compared.");
}

TEST(MeasuredReportTest, ContractsAreTestedWhereThereAreStarts) {
  const Section contracts = *FindSection(*MeasuredReport(Made()), "contracts");
  EXPECT_EQ(contracts.rows.size(), 3U);
  EXPECT_EQ(RowOf(contracts, "warm start", "wasm")["verdict"], "holds");
  EXPECT_EQ(RowOf(contracts, "cold start", "wasm")["verdict"],
            "not decided with 6 runs, needs 299 of which no other is late");
  EXPECT_THAT(RowOf(contracts, "warm start", "container")["verdict"].get<std::string>(),
              HasSubstr("needs 59"));
}

TEST(MeasuredReportTest, AContractIsTestedOfWhatIsPreparedAndOfWhatIsNot) {
  measure::Record record = Made();
  record.rows.push_back({"warm_up", "wasm", "ms", Around(11, 6), ""});
  const auto report = MeasuredReport(record);
  const Section& contracts = *FindSection(*report, "contracts");
  EXPECT_EQ(RowOf(contracts, "cold start", "wasm")["late"], 0);
  const Json whole = RowOf(contracts, "deployment and first call", "wasm");
  EXPECT_EQ(whole["late"], 6);
  EXPECT_EQ(whole["verdict"], "fails");
  const Json claimed =
      RowOf(*FindSection(*report, "measured"), "deployment and first call", "wasm", "001");
  EXPECT_EQ(claimed["verdict"], "above the claim") << "1-10 ms";
}

TEST(MeasuredReportTest, WhatIsLackingSaysWhy) {
  const Section lacking = *FindSection(*MeasuredReport(Made()), "lacking");
  ASSERT_EQ(lacking.rows.size(), 1U);
  EXPECT_EQ(lacking.rows[0][2].text, (Text{"WASI has no such call", "WASI 没有此调用"}));
  EXPECT_EQ(ReasonText("a turn failed: boom").zh, "有一轮失败：boom");
  EXPECT_TRUE(ReasonText("io_uring_setup: EPERM").zh.empty()) << "what the kernel said";
}

TEST(MeasuredReportTest, WhatFailedAndWasMeasuredAllTheSameIsNotLacking) {
  measure::Record record = Made();
  record.rows.push_back({"image_size", "container", "MiB", {1}, "a turn failed: boom"});
  const auto report = MeasuredReport(record);
  EXPECT_EQ(FindSection(*report, "lacking")->rows.size(), 1U);
  const Section failed = *FindSection(*report, "failed");
  ASSERT_EQ(failed.rows.size(), 1U);
  EXPECT_EQ(failed.rows[0][2].text.en, "a turn failed: boom");
}

TEST(MeasuredReportTest, ARecordWithoutRowsSaysHowToGetOne) {
  const auto none = MeasuredReport({});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(none.error().message, HasSubstr("nothing was measured here yet: 'strata measure'"));
  measure::Record old;
  old.classes = {{{"class", "wasm"}}};
  EXPECT_THAT(MeasuredReport(old).error().message, HasSubstr("measure again"));
  EXPECT_FALSE(DriftReport({}, Made()).has_value());
  EXPECT_FALSE(DriftReport(Made(), {}).has_value());
}

TEST(DriftReportTest, NothingDriftsFromItself) {
  const auto report = DriftReport(Made(), Made());
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(FindSection(*report, "drift")->rows.empty());
  EXPECT_THAT(FindSection(*report, "drift")->notes[0].en, HasSubstr("0 of 8 rows"));
}

TEST(DriftReportTest, OnlyWhatDriftsIsShown) {
  const auto report = DriftReport(Made(), Made(1.2));
  const Section& drift = *FindSection(*report, "drift");
  ASSERT_EQ(drift.rows.size(), 1U);
  const Json row = RowOf(drift, "warm start", "wasm");
  EXPECT_NEAR(row["ratio"].get<double>(), 1.2, 1e-9);
  EXPECT_LE(row["interval"]["low"].get<double>(), 1.2);
  EXPECT_LT(row["p"].get<double>(), 1e-9);
}

// As a quick run of four places has them: some calls, six starts, one image.
measure::Record Quick(double scale) {
  measure::Record record;
  record.mode = "quick";
  for (const char* in : {"process", "wasm", "container", "appkernel"}) {
    record.rows.push_back({"warm_start", in, "ms", Around(1, 400), ""});
    for (const char* row : {"compute", "call_cpu", "throughput", "uring_submit"}) {
      record.rows.push_back({row, in, "ms", Around(10, 12), ""});
    }
    record.rows.push_back({"compute_cpu", in, "ms", Around(30, 12), ""});
    record.rows.push_back({"cold_start", in, "ms", Around(3 * scale, 6), ""});
    record.rows.push_back({"image_size", in, "MiB", {2 * scale}, ""});
    record.rows.push_back({"density", in, "instances", {32 * scale}, ""});
  }
  return record;
}

TEST(DriftReportTest, RowsOfAFewSamplesAreToldApartFromTheTest) {
  const auto report = DriftReport(Quick(1), Quick(10));
  const Section& drift = *FindSection(*report, "drift");
  ASSERT_EQ(drift.rows.size(), 4U) << "what is exact differs or not";
  EXPECT_EQ(RowOf(drift, "image size", "wasm")["p"], "exact");
  EXPECT_NEAR(RowOf(drift, "image size", "wasm")["ratio"].get<double>(), 10, 1e-9);
  EXPECT_THAT(drift.notes[0].en, HasSubstr("0 of 30 rows differ significantly"));
  const Section& apart = *FindSection(*report, "apart");
  ASSERT_EQ(apart.rows.size(), 4U);
  EXPECT_NEAR(RowOf(apart, "cold start", "container")["ratio"].get<double>(), 10, 1e-9);
  EXPECT_DOUBLE_EQ(RowOf(apart, "cold start", "container")["p"].get<double>(), 2.0 / 924);
  const Section& untold = *FindSection(*report, "untold");
  ASSERT_EQ(untold.rows.size(), 4U);
  EXPECT_EQ(RowOf(untold, "density within the bound", "wasm")["older"], 1);
}

TEST(DriftReportTest, FewSamplesThatOverlapAreNotShownAsApart) {
  const auto report = DriftReport(Quick(1), Quick(1.001));
  EXPECT_EQ(FindSection(*report, "apart"), nullptr);
  EXPECT_EQ(FindSection(*report, "untold")->rows.size(), 8U);
}

TEST(DriftReportTest, OtherHostsAreSaid) {
  EXPECT_EQ(FindSection(*DriftReport(Made(), Made()), "drift")->notes.size(), 1U);
  measure::Record other = Made();
  other.host.kernel = "5.10";
  other.host.processors = 64;
  other.mode = "full";
  const auto report = DriftReport(Made(), other);
  ASSERT_EQ(FindSection(*report, "drift")->notes.size(), 2U);
  EXPECT_EQ(FindSection(*report, "drift")->notes[1].en,
            "The records are not of the same kernel, processors, mode: what differs may be due to "
            "that.");
  EXPECT_FALSE(FindSection(*report, "drift")->notes[1].zh.empty());
}

}  // namespace
}  // namespace strata::advisor
