#include "advisor/versions.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/features.h"
#include "advisor/report/testing.h"

namespace strata::advisor {
namespace {

using Version = std::vector<int>;

// "here" and "verdict" of a technology.
std::pair<std::string, std::string> Of(const Report& report, const std::string& tech) {
  for (const auto& row : report.sections[0].rows) {
    if (row[0].text.en == tech) return {row[5].text.en, row[6].text.en};
  }
  return {};
}

TEST(VersionsTest, NumbersAreFoundInWhatProgramsPrint) {
  EXPECT_EQ(ReadVersion("runc version 1.1.5+ds1\ncommit: 1"), (Version{1, 1, 5}));
  EXPECT_EQ(ReadVersion("runsc version release-20221219.0"), (Version{2022, 12, 19, 0}));
  EXPECT_EQ(ReadVersion("runsc version 0.0~20221219.0"), (Version{2022, 12, 19, 0}));
  EXPECT_EQ(ReadVersion("Client Version: v1.30.2"), (Version{1, 30, 2}));
  EXPECT_EQ(ReadVersion("6.1.0-18-cloud-amd64"), (Version{6, 1, 0}));
  EXPECT_EQ(ReadVersion("2 plugins, version 3.4"), (Version{3, 4}));
  EXPECT_TRUE(ReadVersion("nothing").empty());
  EXPECT_TRUE(ReadVersion("99999999999999.1").empty()) << "no number of ours";
}

TEST(VersionsTest, WhatIsHereStandsBesideWhatIsStated) {
  const Report report = Versions({.versions = {{"runc", "runc version 1.1.5"},
                                               {"gVisor", "runsc version release-20251027.0"},
                                               {"containerd", "containerd 2.1.0"},
                                               {"OPA", "dev"},
                                               {"eBPF", "6.1.0-18"}}});
  EXPECT_EQ(report.sections[0].rows.size(), 13U);
  EXPECT_EQ(Of(report, "runc").first, "1.1.5");
  EXPECT_THAT(Of(report, "runc").second, testing::StartsWith("older"));
  EXPECT_EQ(Of(report, "gVisor").second, "as stated");
  EXPECT_EQ(Of(report, "containerd").second, "newer");
  EXPECT_EQ(Of(report, "OPA").second, "unknown version");
  EXPECT_EQ(Of(report, "eBPF").second, "older than the kernel 6.7 that is asked for");
  EXPECT_EQ(Of(report, "Istio").second, "not installed");
  EXPECT_THAT(report.sections[0].notes[0].en, testing::HasSubstr("no Linux 5.20"));
}

TEST(VersionsTest, EveryStatedFeatureIsTriedOrSaidWhyNot) {
  std::set<std::string> tried;
  for (const StatedFeature& each : StatedFeatures()) {
    tried.emplace(each.technology);
    EXPECT_FALSE(each.feature.zh.empty()) << each.feature.en;
    EXPECT_EQ(each.why.empty(), each.trial != StatedFeature::Trial::kNone) << each.feature.en;
    EXPECT_NE(each.shows.empty() && each.program.empty(), each.why.empty()) << each.feature.en;
  }
  for (const Json& each : Facts(FactFile::kVersions).at("versions")) {
    EXPECT_EQ(tried.contains(each.at("tech").get<std::string>()), each.contains("features"))
        << each.at("tech");
  }
}

TEST(VersionsTest, WhatWasTriedStandsBesideWhatIsStated) {
  FoundHere here;
  here.features.resize(StatedFeatures().size());
  here.features[0] = {Tried::Outcome::kHere, {"it is here", ""}};
  here.features[1] = {Tried::Outcome::kNotHere, {"it is not", ""}};
  const Report report = Versions(here);
  const Section& section = report.sections[1];
  ASSERT_EQ(section.rows.size(), here.features.size());
  EXPECT_EQ(section.rows[0][2].text, (Text{"yes", "有"}));
  EXPECT_EQ(section.rows[0][3].text.en, "it is here");
  EXPECT_EQ(section.rows[1][2].text.en, "no");
  EXPECT_EQ(section.rows[2][2].text.en, "not tried");
  EXPECT_EQ(Versions({}).sections[1].rows.size(), here.features.size()) << "nothing was tried";
}

TEST(VersionsTest, ChangesAreRecomputed) {
  const Report report = Versions({});
  EXPECT_EQ(report.sections[2].rows.size(), 9U);
  EXPECT_EQ(report.sections[2].rows[0][7].value.at("value"), 25.0) << "as stated";
  EXPECT_EQ(report.sections[2].rows[1][7].text.en, "2 percentage points") << "+2, not 2.2 %";
  EXPECT_EQ(report.sections[3].rows.size(), 4U);
  EXPECT_EQ(report.sections[2].rows[0][3].text.en, "1,500,000,000,000") << "for people";
  EXPECT_EQ(report.sections[2].rows[0][3].value, 1.5e12) << "and for programs";
}

TEST(VersionsTest, WhatTheFormalMappingsAreFoundedOnIsSaidInWords) {
  const Report report = Versions({});
  const Section& mappings = report.sections[4];
  ASSERT_EQ(mappings.rows.size(), 4U);
  EXPECT_EQ(mappings.rows[2][3].text.en, "mean 1.2 ms; 99 % 6 ms; of 50,000,000 decisions");
  const Json& facts = Facts(FactFile::kVersions).at("mappings");
  for (std::size_t i = 0; i < facts.size(); ++i) {
    for (const auto& [side, cell] : {std::pair("old", 3U), std::pair("new", 5U)}) {
      // A field that has no words would be left out.
      const std::string& said = mappings.rows[i][cell].text.en;
      EXPECT_GE(std::ranges::count(said, ';') + 2, std::ssize(facts[i].at(side))) << said;
      EXPECT_FALSE(mappings.rows[i][cell].text.zh.empty());
    }
  }
}

TEST(VersionsTest, ANumberAloneSaysNothingOfFeatures) {
  FoundHere here;
  here.versions = {{"runc", "1.1.5"}, {"containerd", "1.6.20"}};
  const Report report = Versions(here);
  EXPECT_EQ(Of(report, "runc").second, "older");
  EXPECT_EQ(Of(report, "containerd").second, "older");
}

TEST(VersionsTest, ABoundIsNoEqualityForPrograms) {
  const Report report = Versions({});
  int bounds = 0;
  for (const auto& row : report.sections[2].rows) {
    if (!row[1].text.en.starts_with("< ")) continue;
    ++bounds;
    EXPECT_TRUE(row[1].value.contains("max_exclusive")) << row[0].text.en;
    EXPECT_TRUE(row[3].value.contains("max_exclusive")) << row[0].text.en;
    const bool latency = row[0].text.en.contains("scheduling latency");
    EXPECT_EQ(row[0].text.en.contains("99.999 %"), latency);
    EXPECT_EQ(row[0].text.zh.contains("99.999%"), latency);
  }
  EXPECT_EQ(bounds, 2);
  EXPECT_THAT(report.notes[0].zh, testing::HasSubstr("高优先级任务"));
}

TEST(VersionsTest, WhatTheUpdateChangedAndLeftToDoIsShown) {
  const Report report = Versions({});
  EXPECT_EQ(FindSection(report, "updates")->rows.size(), 4U);
  const Section* steps = FindSection(report, "next_steps");
  ASSERT_EQ(steps->rows.size(), 4U);
  EXPECT_EQ(steps->rows[0][2].text, (Text{"in progress", "进行中"}));
  EXPECT_FALSE(steps->rows[0][4].text.zh.empty()) << "what is left to do of it";
  EXPECT_EQ(steps->rows[1][2].text, (Text{"done 2025-11-07", "已完成 2025-11-07"}));
  EXPECT_TRUE(steps->rows[3][3].text.en.contains("SuperEdge"));
  EXPECT_EQ(FindSection(report, "checks")->rows.size(), 6U);
}

TEST(VersionsTest, TheMainLineAndWhatWasBeforeAreShown) {
  const Report report = Versions({});
  const Section* line = FindSection(report, "main_line");
  ASSERT_NE(line, nullptr);
  EXPECT_EQ(line->rows.size(), 6U);
  EXPECT_EQ(line->rows[0][6].text.en, "shipping container; magic packing box of Lego bricks");
  EXPECT_EQ(line->rows[3][6].text.en, "pocket OS") << "the same twice is said once";
  for (const auto& row : report.sections[0].rows) {
    EXPECT_EQ(row[2].text, (Text{"not stated", "未指定版本"})) << row[0].text.en;
  }
}

}  // namespace
}  // namespace strata::advisor
