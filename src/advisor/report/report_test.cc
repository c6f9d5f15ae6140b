#include "advisor/report/report.h"

#include <limits>

#include <gtest/gtest.h>

#include "advisor/report/testing.h"

namespace strata::advisor {
namespace {

TEST(ReportTest, JsonHasValuesForProgramsAndTextInTheLanguage) {
  const Json json = ToJson(ExampleReport(), Language::kChinese);
  EXPECT_EQ(json["title"], "两件事");
  EXPECT_EQ(json["language"], "zh");
  const Json& section = json["sections"][0];
  EXPECT_EQ(section["columns"], Json::parse(R"([{"key":"name","label":"名称"},
                                                {"key":"size","label":"大小"}])"));
  EXPECT_EQ(section["rows"], Json::parse(R"([{"name":"网格","size":{"value":2.5,"unit":"MB"}},
                                             {"name":"say \"x\", y","size":null}])"));
  EXPECT_EQ(section["notes"], Json::parse(R"(["a note"])")) << "no translation: as it is";
  EXPECT_EQ(section["sources"], Json::parse(R"(["001 §3.2", "002 A§2"])"));
}

TEST(ReportTest, PlotsAreDataToo) {
  Report report = ExampleReport();
  report.sections[0].plot =
      LinePlot{.x = {"t", ""},
               .y = {"share", ""},
               .lines = {{.label = {"wasm", ""}, .points = {{0, 1}, {1, 3}}}}};
  EXPECT_EQ(ToJson(report, Language::kEnglish)["sections"][0]["plot"], Json::parse(R"(
      {"kind":"lines","x":"t","y":"share","lines":[{"label":"wasm","points":[[0.0,1.0],[1.0,3.0]]}]})"));
  report.sections[0].plot =
      BarPlot{.x = {"USD", ""}, .bars = {{.label = {"rate", ""}, .from = -1, .to = 2}}};
  EXPECT_EQ(ToJson(report, Language::kEnglish)["sections"][0]["plot"], Json::parse(R"(
      {"kind":"bars","x":"USD","bars":[{"label":"rate","from":-1.0,"to":2.0}]})"));
}

TEST(ReportTest, AHistogramAndABaseAreDataToo) {
  Report report = ExampleReport();
  report.sections[0].plot =
      HistogramPlot{.x = {"npv", "净现值"}, .from = 0, .to = 2, .counts = {3, 1}, .base = 0.5};
  EXPECT_EQ(ToJson(report, Language::kChinese)["sections"][0]["plot"], Json::parse(R"(
      {"kind":"histogram","x":"净现值","from":0.0,"to":2.0,"counts":[3.0,1.0],"base":0.5})"));
  report.sections[0].plot =
      BarPlot{.x = {"USD", ""}, .bars = {{.label = {"rate", ""}, .from = -1, .to = 2}}, .base = 1};
  EXPECT_EQ(ToJson(report, Language::kEnglish)["sections"][0]["plot"]["base"], 1);
}

TEST(ReportTest, FiguresAreShortAndNeverInvented) {
  EXPECT_EQ(Figure(0.1 + 0.2), "0.3");
  EXPECT_EQ(Figure(1.5e12), "1500000000000");
  EXPECT_EQ(Figure(2.0 / 3), "0.666667");
  EXPECT_EQ(Figure(-0.0), "0");
  EXPECT_EQ(Figure(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST(ReportTest, WhatIsNoNumberIsNothingForProgramsAndPeople) {
  for (const double none :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (const Cell& cell : {NumberCell(none), NumberCell(none, "ms")}) {
      EXPECT_TRUE(cell.value.is_null());
      EXPECT_TRUE(cell.text.empty()) << "its field is empty in CSV and null in JSON";
    }
  }
  EXPECT_EQ(NumberCell(1).value.dump(), "1") << "a whole number is written as one";
  EXPECT_EQ(NumberCell(-3, "x").value.at("value").dump(), "-3");
  EXPECT_EQ(NumberCell(0.5).value.dump(), "0.5");
  EXPECT_EQ(NumberCell(1e17).value, 1e17);
}

TEST(ReportTest, TextsForProgramsAreWhole) {
  Report report = ExampleReport();
  report.sections[0].text = "kind: Function\n";
  EXPECT_EQ(ToJson(report, Language::kEnglish)["sections"][0]["text"], "kind: Function\n");
  EXPECT_FALSE(ToJson(ExampleReport(), Language::kEnglish)["sections"][0].contains("text"));
}

TEST(ReportTest, JoinKeepsBothLanguages) {
  EXPECT_EQ(Join({"a", "甲"}, ": ", {"b", ""}), (Text{"a: b", "甲: b"}));
  EXPECT_EQ(Join({"a", ""}, ": ", {"b", ""}), (Text{"a: b", ""}));
  EXPECT_EQ(Join({}, ": ", {"b", "乙"}), (Text{"b", "乙"}));
}

TEST(ReportTest, LanguagesAreEnAndZh) {
  EXPECT_EQ(ParseLanguage("zh").value(), Language::kChinese);
  for (const char* chinese : {"ZH", "zh-CN", "zh_CN.UTF-8"}) {
    EXPECT_EQ(ParseLanguage(chinese).value(), Language::kChinese) << chinese;
  }
  EXPECT_EQ(ParseLanguage("en_GB").value(), Language::kEnglish);
  EXPECT_FALSE(ParseLanguage("zhe").has_value());
  EXPECT_EQ(ParseLanguage("de").error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace strata::advisor
