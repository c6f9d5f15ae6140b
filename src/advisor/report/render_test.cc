#include "advisor/report/render.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/report/plot.h"
#include "advisor/report/plot_range.h"
#include "advisor/report/svg.h"
#include "advisor/report/testing.h"
#include "base/text/table.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RenderTest, TablesAreAlignedUnderTheirTitles) {
  EXPECT_EQ(RenderTable(ExampleReport(), Language::kEnglish),
            "two things\n"
            "\n"
            "things\n"
            "NAME         SIZE\n"
            "a|b <c>      2.5 MB\n"
            "say \"x\", y   -\n"
            "note: a note\n"
            "source: 001 §3.2; 002 A§2\n");
  EXPECT_THAT(RenderTable(ExampleReport(), Language::kChinese), HasSubstr("名称         大小\n"));
}

TEST(RenderTest, NoLineIsWiderThanTheTerminal) {
  Report report = ExampleReport();
  report.sections[0].rows.push_back(
      {WordCell("a text of many words that goes on for longer than a terminal is wide, on and on"),
       WordCell("another text of many words that goes on for longer than it should")});
  report.notes = {{"a note of many words that goes on for longer than a terminal is wide", ""}};
  const std::string text = RenderTable(report, Language::kEnglish, 60);
  std::size_t widest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    widest = std::max(widest, DisplayWidth(text.substr(at, end - at)));
    at = end + 1;
  }
  EXPECT_LE(widest, 60U);
}

TEST(RenderTest, MarkdownEscapesWhatItWouldTakeForMarkup) {
  const std::string text = RenderMarkdown(ExampleReport(), Language::kEnglish);
  EXPECT_THAT(text, HasSubstr("# two things\n\n## things\n\n| name | size |\n| --- | --- |\n"));
  EXPECT_THAT(text, HasSubstr("| a\\|b \\<c\\> | 2.5 MB |\n"));
  EXPECT_THAT(text, HasSubstr("\n- a note\n\nsource: 001 §3.2; 002 A§2\n"));
}

TEST(RenderTest, AColumnWithoutANameHasNoHeader) {
  Report report{.id = "example", .title = {"needs", "需求"}};
  report.sections = {{.id = "needs",
                      .title = {"Needs", "需求"},
                      .columns = {{"text", {}}},
                      .rows = {{WordCell("fast")}, {WordCell("safe")}}}};
  EXPECT_EQ(RenderTable(report, Language::kEnglish, 80), "needs\n\nNeeds\nfast\nsafe\n");
}

TEST(RenderTest, CsvQuotesAndKeepsNumbersAsNumbers) {
  EXPECT_EQ(RenderCsv(ExampleReport(), Language::kEnglish),
            "name,size\n"
            "a|b <c>,2.5 MB\n"
            "\"say \"\"x\"\", y\",\n");
  Report plain = ExampleReport();
  plain.sections[0].rows = {{WordCell("a"), NumberCell(2.5)},
                            {WordCell("b"), NumberCell(std::numeric_limits<double>::quiet_NaN())}};
  EXPECT_EQ(RenderCsv(plain, Language::kEnglish), "name,size\na,2.5\nb,\n");
  Report two = ExampleReport();
  two.sections.push_back(two.sections[0]);
  EXPECT_THAT(RenderCsv(two, Language::kEnglish), testing::StartsWith("things\nname,size\n"));
}

TEST(RenderTest, SvgIsWellFormedText) {
  const std::string svg = RenderSvg(ExampleReport(), Language::kEnglish);
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  EXPECT_THAT(svg, HasSubstr("a|b &lt;c&gt;</text>"));
  EXPECT_THAT(svg, HasSubstr("say &quot;x&quot;, y</text>"));
  EXPECT_EQ(EscapeXml("a\x1b[0m\nb"), "a[0mb") << "what XML 1.0 has no way to say";
}

TEST(RenderTest, TextsForProgramsAreShownAsTheyAre) {
  Report report = ExampleReport();
  report.sections[0] = {.id = "manifest",
                        .title = {"manifest", ""},
                        .text = "spec:\n  artifact: \"a long, long name that nothing wraps\"\n"};
  const std::string& text = report.sections[0].text;
  EXPECT_THAT(RenderTable(report, Language::kEnglish, 20), HasSubstr("\nmanifest\n" + text));
  EXPECT_THAT(RenderMarkdown(report, Language::kEnglish), HasSubstr("```text\n" + text + "```\n"));
  EXPECT_THAT(RenderSvg(report, Language::kEnglish), HasSubstr("  artifact: &quot;a long"));
  EXPECT_EQ(RenderCsv(report, Language::kEnglish), "");
}

TEST(RenderTest, LinesArePlottedFromTheirFirstPointToTheirLast) {
  const Plot plot =
      LinePlot{.x = {"year", "年"},
               .y = {"share", ""},
               .lines = {{.label = {"wasm", ""}, .points = {{2025, 0}, {2030, 0.5}}}}};
  const std::string text = PlotAsText(plot, Language::kEnglish);
  EXPECT_THAT(text, testing::StartsWith("share\n0.5 |" + std::string(61, ' ') + "***\n"));
  EXPECT_THAT(text, HasSubstr("\n  0 |***\n"));
  EXPECT_THAT(text, HasSubstr("2030 year\n     * wasm\n"));
  EXPECT_THAT(PlotAsText(plot, Language::kChinese), HasSubstr("2030 年\n"));
  SvgPage page(Language::kEnglish);
  DrawPlot(plot, page);
  EXPECT_THAT(page.Finish(), HasSubstr("<polyline"));
  EXPECT_THAT(page.Finish(), HasSubstr(">year</text>"));
  EXPECT_THAT(page.Finish(), Not(HasSubstr("年")));
}

TEST(RenderTest, BarsReachFromOneEndToTheOther) {
  const Plot plot = BarPlot{.x = {"USD", ""},
                            .bars = {{.label = {"利率", ""}, .from = -1, .to = 1},
                                     {.label = {"cost", ""}, .from = 0, .to = 0}}};
  const std::string text = PlotAsText(plot, Language::kEnglish);
  EXPECT_THAT(text, HasSubstr("利率 |█"));
  EXPECT_THAT(text, HasSubstr("█ -1 .. 1\n"));
  EXPECT_THAT(text, testing::ContainsRegex("cost \\| +0\n")) << "nothing is no bar";
  EXPECT_THAT(text, Not(HasSubstr("cost |█")));
}

TEST(RenderTest, ThePictureForAPageHasTheTextsOfBothLanguages) {
  SvgPage page;
  DrawPlot(BarPlot{.x = {"rate", "利率"}, .bars = {{.label = {"a", ""}, .from = 0, .to = 1}}},
           page);
  const std::string svg = page.Finish(SvgPage::Form::kInline);
  EXPECT_THAT(svg, testing::ContainsRegex("lang=\"en\"[^>]*>rate</text>\n<text [^>]*lang=\"zh\""));
  EXPECT_THAT(svg, testing::ContainsRegex("<text x=[^>]*>a</text>")) << "the same in both";
}

TEST(RenderTest, ATornadoHasItsBaseThroughTheBars) {
  const Plot plot = BarPlot{.x = {"USD", ""},
                            .bars = {{.label = {"a", ""}, .from = 0.5, .to = 2},
                                     {.label = {"b", ""}, .from = 0, .to = 0}},
                            .base = 1};
  const std::string text = PlotAsText(plot, Language::kEnglish);
  EXPECT_THAT(text, testing::ContainsRegex("a \\|( )+(█)+┃(█)+ 0.5 .. 2\n"));
  EXPECT_THAT(text, testing::ContainsRegex("b \\|( )+┃ 0\n"));
  EXPECT_THAT(text, HasSubstr("USD; ┃ base 1\n"));
  SvgPage page(Language::kChinese);
  DrawPlot(plot, page);
  EXPECT_THAT(page.Finish(), HasSubstr(">基准 1</text>"));
}

TEST(RenderTest, AnIntervalStandsOverWhatIsClaimedOnAScaleOfPowersOfTen) {
  constexpr double kOpen = std::numeric_limits<double>::infinity();
  const Plot plot = IntervalPlot{
      .x = {"ms", ""},
      .rows = {
          {.label = {"a", ""}, .claimed = {1, 10}, .value = 100, .interval = {50, 200}},
          {.label = {"open", ""}, .claimed = {0, 10}, .value = 0.5, .interval = {-kOpen, kOpen}},
          {.label = {"none", ""}, .claimed = {1, 2}, .value = 0, .interval = {0, 0}}}};
  const std::string text = PlotAsText(plot, Language::kEnglish);
  EXPECT_TRUE(text.contains("0.1 ")) << text;
  EXPECT_TRUE(text.contains("1000 ms")) << text;
  EXPECT_TRUE(text.contains("░")) << text;
  EXPECT_TRUE(text.contains("━●━")) << text;
  EXPECT_FALSE(text.contains("none |")) << text << "no power of ten is 0";
  SvgPage page(Language::kEnglish);
  DrawPlot(plot, page);
  const std::string svg = page.Finish();
  EXPECT_FALSE(svg.contains("nan") || svg.contains("inf\"")) << svg;
  EXPECT_TRUE(svg.contains("1000"));
}

TEST(RenderTest, AScaleOfPowersOfTenHasOneAtLeast) {
  // All that is drawn is one power of ten, or lies between two neighbours.
  for (const double value : {10.0, 20.0}) {
    const IntervalPlot plot{
        .x = {"ms", ""},
        .rows = {
            {.label = {}, .claimed = {value, value}, .value = value, .interval = {value, value}}}};
    const DecadeRange range(plot);
    EXPECT_EQ(range.Ticks(), (std::vector<double>{10, 100})) << value;
    EXPECT_NEAR(range.Share(value), std::log10(value) - 1, 1e-12);
    EXPECT_TRUE(PlotAsText(plot, Language::kEnglish).contains("100 ms"));
  }
}

TEST(RenderTest, AHistogramIsOneShapeWithItsBaseMarked) {
  const HistogramPlot plot{
      .x = {"npv", ""}, .from = 0, .to = 4, .counts = {1, 0, 5, 2}, .base = 2.5};
  SvgPage page(Language::kEnglish);
  DrawPlot(plot, page);
  const std::string svg = page.Finish();
  const std::size_t shape = svg.find("<path class=\"series1\"");
  ASSERT_NE(shape, std::string::npos);
  EXPECT_EQ(svg.find("<path class=\"series1\"", shape + 1), std::string::npos);
  const std::string d = svg.substr(shape, svg.find("/>", shape) - shape);
  EXPECT_EQ(std::ranges::count(d, 'M'), 3) << "no bar where nothing came";
  EXPECT_THAT(svg, HasSubstr(">base 2.5</text>"));
  const std::string text = PlotAsText(plot, Language::kEnglish);
  EXPECT_THAT(text, testing::StartsWith("npv\n0.5 "));
  EXPECT_THAT(text, testing::ContainsRegex("\n2.5 base \\|(█)+ 5\n"));
}

TEST(RenderTest, AHistogramOfOneValueIsOneBar) {
  const Plot plot = HistogramPlot{.x = {"n", ""}, .from = 3, .to = 3, .counts = {7}, .base = 3};
  EXPECT_THAT(PlotAsText(plot, Language::kEnglish), HasSubstr("3 base |█"));
  SvgPage page(Language::kEnglish);
  DrawPlot(plot, page);
  EXPECT_THAT(page.Finish(), HasSubstr("<path class=\"series1\""));
}

TEST(RenderTest, WhatIsNoNumberIsNotPlotted) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(PlotAsText(LinePlot{.lines = {{.points = {{nan, 1}, {1, nan}}}}}, Language::kEnglish),
            "");
  EXPECT_EQ(PlotAsText(BarPlot{.bars = {}}, Language::kEnglish), "");
  EXPECT_THAT(
      PlotAsText(LinePlot{.lines = {{.points = {{1, 1}, {nan, 2}, {1, 1}}}}}, Language::kEnglish),
      HasSubstr("*"));
}

}  // namespace
}  // namespace strata::advisor
