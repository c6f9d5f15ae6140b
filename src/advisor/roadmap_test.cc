#include "advisor/roadmap.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

TEST(RoadmapTest, HasEveryStageMilestoneRiskAndForecast) {
  const auto report = Roadmap({});
  ASSERT_TRUE(report);
  const auto rows = [&report](const std::string& id) {
    const auto found = std::ranges::find(report->sections, id, &Section::id);
    return found == report->sections.end() ? 0 : found->rows.size();
  };
  EXPECT_EQ(rows("stages"), 5U);
  EXPECT_EQ(rows("milestones"), 12U) << "items of the four";
  EXPECT_EQ(rows("recommendations"), 3U);
  EXPECT_EQ(rows("phases"), 7U);
  EXPECT_EQ(rows("organisation"), 9U);
  EXPECT_EQ(rows("risk_control"), 9U);
  EXPECT_EQ(rows("risks"), 7U);
  EXPECT_EQ(rows("principles"), 24U);
  EXPECT_EQ(rows("data_and_trust"), 12U);
  EXPECT_EQ(rows("final_advice"), 4U);
  EXPECT_EQ(rows("forecasts"), 10U);
  for (const Section& section : report->sections) {
    for (const auto& row : section.rows) {
      ASSERT_EQ(row.size(), section.columns.size()) << section.id;
    }
  }
}

TEST(RoadmapTest, ShowsTheStageAsTheDocumentHasIt) {
  const Report report = Roadmap({"stages"}).value();
  const Json stage = ToJson(report, Language::kEnglish)["sections"][0]["rows"][3];
  EXPECT_EQ(stage["stage"], "18 months");
  EXPECT_EQ(stage["years"], "2026 - 2027");
  EXPECT_EQ(stage["technologies"], "Kuasar (unified management)");
  EXPECT_EQ(stage["output"], "hybrid sandbox architecture");
  EXPECT_EQ(stage["milestone"], 3);
  const Json chinese = ToJson(report, Language::kChinese);
  EXPECT_EQ(chinese["sections"].size(), 1U);
  EXPECT_EQ(chinese["sections"][0]["rows"][0]["goal"], "容器化改造");
}

TEST(RoadmapTest, AnInstallationIsHeldAgainstTheStages) {
  const auto status = [](const Installation& installation) {
    std::vector<std::string> words;
    const Report report = Roadmap({"system"}, installation).value();
    for (const auto& row : report.sections[0].rows) words.push_back(row[3].text.en);
    return words;
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(status({}), (Words(5, "not in use")));
  const auto running = [](std::initializer_list<std::string> classes) {
    Installation installation;
    for (const std::string& each : classes) {
      installation.resources.push_back({{"kind", "Function"}, {"status", {{"class", each}}}});
    }
    return installation;
  };
  EXPECT_EQ(status(running({"container", "container"})),
            (Words{"in use", "not in use", "not in use", "not in use", "not in use"}));
  EXPECT_EQ(status(running({"wasm", "wasm", "wasm", "appkernel"})),
            (Words{"not in use", "in use", "in use", "in use", "not in use"}));
  EXPECT_FALSE(Roadmap({"system"})) << "nothing was looked at";
}

TEST(RoadmapTest, AMilestonesStatusFollowsFromItsItems) {
  const auto status = [](const Installation& installation) {
    std::vector<std::string> words;
    const Report report = Roadmap({"system_milestones"}, installation).value();
    for (const auto& row : report.sections[0].rows) words.push_back(row[2].text.en);
    EXPECT_EQ(words.size(), 12U);
    return std::vector<std::string>{words.at(0), words.at(3), words.at(6), words.at(9)};
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(status({}), (Words(4, "planned")));
  Installation installation{
      .status = {{"version", "0.1.0"}, {"observe", {{"accessLog", true}, {"traceRatio", 0.01}}}},
      .resources = {}};
  const auto deploy = [&installation](const std::string& in, Json spec) {
    spec["artifact"] = "oci:./x";
    installation.resources.push_back(
        {{"kind", "Function"}, {"spec", std::move(spec)}, {"status", {{"class", in}}}});
  };
  deploy("wasm", Json::object());
  EXPECT_EQ(status(installation),
            (Words{"in progress", "in progress", "in progress", "in progress"}))
      << "wasm is placed by the platform and is all there is";
  deploy("microvm", {{"class", "microvm"}});
  EXPECT_EQ(status(installation).at(2), "in progress") << "nothing was measured yet";
  installation.resources.front()["status"]["placement"] = {
      {"alternatives", {{{"class", "wasm"}, {"estimate", {{"p99_ms", 1}}}}}}};
  EXPECT_EQ(status(installation), (Words{"in progress", "in progress", "completed", "planned"}))
      << "two kinds, one placed by the platform; security compliance is not to be seen";
  installation.resources.front()["spec"]["placement"] = "rule";
  EXPECT_EQ(status(installation).at(2), "in progress") << "the rule placed it, not a figure";
}

TEST(RoadmapTest, UnifiedMonitoringIsWhatTheStatusSaysIsKeptOfCalls) {
  const auto monitoring = [](Json status, std::size_t workloads = 2) {
    const Json resource = {{"kind", "Function"}, {"status", {{"class", "wasm"}}}};
    const Installation installation{.status = std::move(status),
                                    .resources = std::vector<Json>(workloads, resource)};
    const Report report = Roadmap({"system_milestones"}, installation).value();
    const auto& row = report.sections[0].rows.at(8);
    EXPECT_EQ(row[3].text.en, "unified monitoring");
    return row[4].text.en + ": " + row[5].text.en;
  };
  const auto observe = [](bool access_log, bool metering, double trace_ratio) {
    return Json{{"observe",
                 {{"accessLog", access_log}, {"metering", metering}, {"traceRatio", trace_ratio}}}};
  };
  EXPECT_EQ(monitoring(observe(true, true, 0.01)), "workloads: 2; metrics, traces, logs: met");
  EXPECT_EQ(monitoring(observe(true, false, 1)), "workloads: 2; metrics, traces, logs: met");
  EXPECT_EQ(monitoring(observe(true, true, 0)), "workloads: 2; metrics, logs: not met");
  EXPECT_EQ(monitoring(observe(false, true, 1)), "workloads: 2; metrics, traces: not met");
  EXPECT_EQ(monitoring(observe(false, false, 0)), "workloads: 2; nothing: not met");
  EXPECT_EQ(monitoring(observe(true, true, 1), 0), "workloads: 0; metrics, traces, logs: not met");
  EXPECT_EQ(monitoring(Json::object()), "cannot be seen here: not known") << "of an earlier server";
}

TEST(RoadmapTest, RefusesAPartThatThereIsNot) {
  EXPECT_EQ(Roadmap({"mileston"}).error().message,
            "no part of the roadmap 'mileston'; did you mean 'milestones'?");
}

}  // namespace
}  // namespace strata::advisor
