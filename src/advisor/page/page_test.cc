#include "advisor/page/page.h"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/graph/graph.h"
#include "advisor/graph/layout.h"
#include "advisor/models/registry.h"
#include "advisor/page/parts.h"
#include "base/sha256.h"
#include "base/text/base64.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::size_t CountOf(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// Made once: it holds all models.
const std::string& EmptyPage() {
  static const std::string page = MakePage({});
  return page;
}

measure::Record Measured() {
  measure::Record record;
  record.rows = {
      {.row = "cold_start", .in = "wasm", .unit = "ms", .samples = std::vector<double>(6, 2.5)},
      {.row = "memory", .in = "wasm", .unit = "MiB", .samples = std::vector<double>(6, 640)},
      {.row = "cold_start",
       .in = "container",
       .unit = "ms",
       .samples = std::vector<double>(6, 700)}};
  return record;
}

TEST(PageTest, AllMatricesModelsAndDiagramsAreThere) {
  EXPECT_EQ(CountOf(EmptyPage(), "<td class=\"heat"), 270U + 24U) << "and the decision matrix";
  EXPECT_EQ(CountOf(EmptyPage(), "<section class=\"matrix\">"), 9U);
  for (const Json& fact : models::ModelFacts()) {
    const std::string id = fact.at("id");
    EXPECT_EQ(CountOf(EmptyPage(), "<div id=\"model-" + id + "\">"), 1U) << id;
    EXPECT_EQ(CountOf(EmptyPage(), "href=\"#model-" + id + "\""), 1U) << id;
  }
  EXPECT_EQ(CountOf(EmptyPage(), "<div id=\"model-"), 50U);
  for (const Json& diagram : Facts(FactFile::kGraph).at("diagrams")) {
    EXPECT_THAT(EmptyPage(), HasSubstr("id=\"diagram-" + diagram.at("id").get<std::string>()));
  }
}

TEST(PageTest, TheDecisionMatrixIsAHeatMapOfItsStars) {
  const std::size_t begin = EmptyPage().find("id=\"matrix-decision\"");
  ASSERT_NE(begin, std::string::npos);
  const std::string part = EmptyPage().substr(begin, EmptyPage().find("</section>", begin) - begin);
  for (const Json& need : Facts(FactFile::kMatrices).at("decision_matrix").at("needs")) {
    EXPECT_THAT(part, HasSubstr(need.at("label").get<std::string>()));
    EXPECT_THAT(part, HasSubstr(need.at("zh").get<std::string>()));
  }
  // A star is a step.
  EXPECT_EQ(CountOf(part, "<td class=\"heat1\"><span class=\"claimed\">★☆☆☆☆</span>"), 1U);
  EXPECT_EQ(CountOf(part, "<td class=\"heat5\"><span class=\"claimed\">★★★★★</span>"), 7U);
  EXPECT_THAT(part, HasSubstr("001 §7.2"));
}

TEST(PageTest, NothingIsAskedForFromElsewhereAndNothingRuns) {
  EXPECT_THAT(EmptyPage(), StartsWith(std::string(kPageBegins)));
  for (const char* never : {"<script", "<link", "<img", "<iframe", " src=", " style=", "@import",
                            "url(", "onclick", "http-equiv=\"refresh\""}) {
    EXPECT_THAT(EmptyPage(), Not(HasSubstr(never)));
  }
}

TEST(PageTest, ThePolicyAllowsTheStyleSheetThatIsThereAndNothingElse) {
  const std::size_t begin = EmptyPage().find("<style>") + std::string_view("<style>").size();
  const std::string style = EmptyPage().substr(begin, EmptyPage().find("</style>") - begin);
  EXPECT_EQ(style, PageStyle());
  const Digest digest = Sha256Of(AsBytes(style));
  const std::string hash =
      Base64Encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  EXPECT_THAT(EmptyPage(), HasSubstr("content=\"default-src 'none'; style-src 'sha256-" + hash +
                                     "'; base-uri 'none'; form-action 'none'\""));
}

TEST(PageTest, NoIdIsThereTwice) {
  std::set<std::string> ids;
  const std::string mark = " id=\"";
  for (std::size_t at = EmptyPage().find(mark); at != std::string::npos;
       at = EmptyPage().find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    const std::string id = EmptyPage().substr(begin, EmptyPage().find('"', begin) - begin);
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
}

TEST(PageTest, WhatWasMeasuredStandsInItsCells) {
  EXPECT_THAT(EmptyPage(), Not(HasSubstr("class=\"heat1 has-measured\"")));
  EXPECT_THAT(EmptyPage(), HasSubstr("strata measure --quick --record figures.json"));
  const std::string page = MakePage({.record = Measured()});
  EXPECT_EQ(CountOf(page, " has-measured\""), 6U) << "start-up and memory in two matrices each";
  // As dark as on the scale of what the cells of the row claim, whose verdict is another thing.
  EXPECT_THAT(page, HasSubstr("<span class=\"heat1\"><b>wasm</b> 2.5 ms <small>"));
  EXPECT_THAT(page, HasSubstr("<b>wasm</b> 640 MiB <small>"));
  EXPECT_THAT(page, HasSubstr("<b>container</b> 700 ms <small>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"above\">"));
  EXPECT_THAT(page, HasSubstr("id=\"measure-spread\""));
}

TEST(PageTest, WhatARecordSaysNeverBecomesMarkup) {
  const std::string hostile = "\"'><script>alert(1)</script><img src=x onerror=y>&lt;\x1b[0m";
  measure::Record record = Measured();
  record.measured = record.strata = record.mode = record.workload = hostile;
  record.host.kernel = record.host.machine = record.host.processor = hostile;
  record.versions = {{hostile, hostile}};
  record.rows[0].unit = hostile;
  record.rows.push_back(
      {.row = hostile, .in = hostile, .unit = hostile, .samples = {1}, .lacking = hostile});
  const std::string page = MakePage({.record = record});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_GE(CountOf(page, "&lt;script&gt;alert(1)&lt;/script&gt;"), 7U) << "shown as it is";
}

TEST(PageTest, TheLanguageThatIsAskedForIsShownFirst) {
  EXPECT_THAT(EmptyPage(), HasSubstr("id=\"lang-en\" checked"));
  const std::string chinese = MakePage({.language = Language::kChinese});
  EXPECT_THAT(chinese, HasSubstr("<html lang=\"zh\">"));
  EXPECT_THAT(chinese, HasSubstr("id=\"lang-zh\" checked"));
}

TEST(PageTest, ADiagramIsThePictureThatWasDrawn) {
  const std::string page =
      MakePage({.pictures = {{"knowledge_graph",
                              {"<?xml?>\n<svg><g id=\"node1\" class=\"node\">english</g></svg>",
                               "<svg>chinese</svg>"}}}});
  EXPECT_THAT(page, HasSubstr("<div lang=\"en\"><svg><g class=\"node\">english</g></svg></div>"));
  EXPECT_THAT(page, HasSubstr("<div lang=\"zh\"><svg>chinese</svg></div>"));
  EXPECT_THAT(page, Not(HasSubstr("<?xml")));
}

TEST(PageTest, TheWholeGraphIsOnePictureOfFewElements) {
  const Graph& whole = WholeGraph();
  Layout layout{.width = 1000, .height = 1000};
  for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
    layout.nodes.push_back({50, 30.0 * static_cast<double>(i), 80, 20});
  }
  const std::string picture = WholePicture(layout);
  EXPECT_EQ(CountOf(picture, "<path "), 7U) << "lines and arrows of two kinds, boxes of three";
  EXPECT_LE(CountOf(picture, "<text "), 2 * whole.nodes.size());
  EXPECT_THAT(picture, StartsWith("<svg role=\"img\" aria-labelledby=\"whole\""));
  EXPECT_THAT(picture, HasSubstr(">containerization</text>"));
  EXPECT_THAT(picture, HasSubstr(">容器化</text>"));
  EXPECT_THAT(MakePage({.whole = layout}), HasSubstr(picture));
  EXPECT_THAT(EmptyPage(), Not(HasSubstr("class=\"whole\"")));
  // What no diagram has is listed with and without a picture.
  EXPECT_THAT(EmptyPage(), HasSubstr("id=\"whole-others\""));
}

TEST(PageTest, EveryModelShowsWhatItsDrawsCameTo) {
  EXPECT_EQ(CountOf(EmptyPage(), "<section class=\"uncertainty\">"), 50U);
  EXPECT_GT(CountOf(EmptyPage(), ">base "), 50U) << "tornados and histograms";
}

TEST(PageTest, TheSameInputIsTheSamePage) { EXPECT_EQ(MakePage({}), EmptyPage()); }

}  // namespace
}  // namespace strata::advisor
