#include "advisor/report/render.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/report/plot.h"
#include "advisor/report/svg.h"
#include "advisor/report/testing.h"
#include "base/table.h"

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
  SvgPage page;
  DrawPlot(plot, Language::kEnglish, page);
  EXPECT_THAT(page.Finish(), HasSubstr("<polyline"));
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
