#include "advisor/models/report.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/models/registry.h"
#include "advisor/models/run.h"
#include "advisor/report/render.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json Asked(const Question& question) {
  const auto run = Ask(question);
  EXPECT_TRUE(run);
  return ToJson(ReportOf(*run), Language::kEnglish);
}

const Json& SectionOf(const Json& report, const std::string& id) {
  return *std::ranges::find_if(report.at("sections"),
                               [&id](const Json& section) { return section.at("id") == id; });
}

const Json& RowOf(const Json& section, const std::string& column, const std::string& name) {
  return *std::ranges::find_if(section.at("rows"),
                               [&](const Json& row) { return row.at(column) == name; });
}

TEST(ModelReportTest, AClaimStandsBesideWhatIsRecomputed) {
  const Json report = Asked({.model = "npv", .draws = 10});
  const Json& row = RowOf(SectionOf(report, "checks"), "check", "irr_wasm");
  EXPECT_EQ(row.at("claimed"), 35);
  EXPECT_NEAR(row.at("recomputed").get<double>(), 28.65, 0.005);
  EXPECT_EQ(row.at("unit"), "%");
  EXPECT_EQ(row.at("agrees"), false);
  EXPECT_EQ(row.at("basis"), "computed");
  EXPECT_THAT(row.at("why").get<std::string>(), HasSubstr("28.65 %"));
}

TEST(ModelReportTest, WhatHasNoInputsIsNotComputable) {
  const Json report = Asked({.model = "tco", .draws = 10});
  const Json& row = RowOf(SectionOf(report, "checks"), "check", "ecommerce_tco_reduction");
  EXPECT_EQ(row.at("agrees"), "not computable");
}

TEST(ModelReportTest, WhatTheFactsSayOfAClaimIsOfTheDocumentsFigures) {
  const auto why = [](const Question& question, const char* id, const char* column) {
    const Json report = Asked(question);
    return RowOf(SectionOf(report, "checks"), "check", id).at(column).get<std::string>();
  };
  constexpr const char* kOf = "of the document's figures: ";
  const Question as_it_is{.model = "npv", .draws = 0};
  const Question set{.model = "npv", .set = {"wasm.annual_cash_flow=3.6"}, .draws = 0};
  EXPECT_EQ(why(set, "irr_wasm", "why"), kOf + why(as_it_is, "irr_wasm", "why"));
  EXPECT_THAT(why(as_it_is, "irr_wasm", "why"), Not(HasSubstr(kOf)));
  const Json report = Asked(set);
  for (const Json& row : SectionOf(report, "checks").at("rows")) {
    EXPECT_TRUE(row.at("why").is_null() || row.at("why").get<std::string>().starts_with(kOf))
        << row;
  }
}

TEST(ModelReportTest, AParameterSaysWhereItIsFrom) {
  const Json report = Asked({.model = "cri", .set = {"vm.contributors=500"}, .draws = 10});
  const Json& parameters = SectionOf(report, "parameters");
  EXPECT_EQ(RowOf(parameters, "parameter", "vm.maturity").at("origin"), "002 C§1.1");
  EXPECT_THAT(RowOf(parameters, "parameter", "kata.contributors").at("origin").get<std::string>(),
              HasSubstr("assumed: no numbers are given"));
  EXPECT_THAT(RowOf(parameters, "parameter", "vm.contributors").at("origin").get<std::string>(),
              HasSubstr("set; was 1000"));
}

TEST(ModelReportTest, AnAssumptionAndALabelAreInChineseToo) {
  const auto run = Ask({.model = "cri", .draws = 0});
  ASSERT_TRUE(run);
  const Json report = ToJson(ReportOf(*run), Language::kChinese);
  const Json& parameters = SectionOf(report, "parameters");
  const Json& assumed = RowOf(parameters, "parameter", "kata.contributors");
  EXPECT_THAT(assumed.at("origin").get<std::string>(), HasSubstr("假设：未给出数量"));
  const Json& maturity = RowOf(parameters, "parameter", "vm.maturity");
  EXPECT_THAT(maturity.at("label").get<std::string>(), HasSubstr("技术成熟度"));
}

TEST(ModelReportTest, EveryModelShowsItsFormulaResultsPlotAndBothKindsOfUncertainty) {
  for (const Json& fact : ModelFacts()) {
    const auto id = fact.at("id").get<std::string>();
    const Json report = Asked({.model = id, .draws = 20});
    for (const char* section : {"formula", "results", "sensitivity", "uncertainty"}) {
      EXPECT_TRUE(std::ranges::any_of(report.at("sections"),
                                      [&](const Json& each) { return each.at("id") == section; }))
          << id << " has no " << section;
    }
    EXPECT_TRUE(SectionOf(report, "results").contains("plot")) << id;
  }
}

TEST(ModelReportTest, EveryModelIsShownInEveryForm) {
  for (const Json& fact : ModelFacts()) {
    const auto run = Ask({.model = fact.at("id").get<std::string>(), .draws = 20});
    ASSERT_TRUE(run);
    const Report report = ReportOf(*run);
    EXPECT_FALSE(RenderTable(report, Language::kChinese).empty());
    EXPECT_FALSE(RenderCsv(report, Language::kEnglish).empty());
    EXPECT_THAT(RenderMarkdown(report, Language::kEnglish), HasSubstr("|"));
    EXPECT_THAT(RenderSvg(report, Language::kEnglish), HasSubstr("</svg>"));
  }
}

TEST(ModelReportTest, WhatGrowsWithoutBoundIsUndefinedAndIsShownAllTheSame) {
  const auto run =
      Ask({.model = "lotka_volterra", .set = {"alpha2=-10", "alpha4=10"}, .draws = 20});
  ASSERT_TRUE(run);
  EXPECT_TRUE(std::isnan(run->outputs["steady.W"]));
  EXPECT_TRUE(std::isnan(run->outputs["later.W"]));
  const Report report = ReportOf(*run);
  EXPECT_THAT(RenderTable(report, Language::kEnglish), HasSubstr("later.W"));
  EXPECT_THAT(RenderSvg(report, Language::kEnglish), HasSubstr("</svg>"));
}

TEST(ModelReportTest, AHistogramHasEveryDraw) {
  const auto run = Ask({.model = "density", .draws = 1000});
  ASSERT_TRUE(run);
  const Report report = ReportOf(*run);
  const auto& plot = std::get<HistogramPlot>(*report.sections.back().plot);
  double all = 0;
  for (const double count : plot.counts) all += count;
  EXPECT_EQ(all, 1000);
  EXPECT_EQ(plot.base, run->outputs.all().front().value);
  EXPECT_LT(plot.from, *plot.base);
  EXPECT_GT(plot.to, *plot.base);
}

TEST(ModelReportTest, ATornadoMarksTheFigureThatItIsAbout) {
  const auto run = Ask({.model = "npv", .draws = 0});
  ASSERT_TRUE(run);
  const Report report = ReportOf(*run);
  const auto& tornado = std::get<BarPlot>(*report.sections.back().plot);
  EXPECT_EQ(tornado.base, run->outputs.all().front().value);
  for (const Bar& bar : tornado.bars) {
    EXPECT_LE(std::min(bar.from, bar.to), *tornado.base) << bar.label.en;
    EXPECT_GE(std::max(bar.from, bar.to), *tornado.base) << bar.label.en;
  }
}

TEST(ModelReportTest, TheListHasEveryModelWithItsClaims) {
  const Json list = ToJson(ListModels(), Language::kEnglish);
  const Json& rows = list.at("sections").at(0).at("rows");
  EXPECT_EQ(rows.size(), 50U);
  const Json& npv = RowOf(list.at("sections").at(0), "model", "npv");
  EXPECT_EQ(npv.at("agree"), 4);
  EXPECT_EQ(npv.at("disagree"), 7);
}

}  // namespace
}  // namespace strata::advisor::models
