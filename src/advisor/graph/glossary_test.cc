#include "advisor/graph/glossary.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;

const Json& Source() { return Facts(FactFile::kGraph); }

TEST(GlossaryTest, HasEveryTerm) {
  // The six concepts, the 18 supporting ones, the glossary.
  EXPECT_EQ(Glossary("")->sections[0].rows.size(), 6U + 18U + 94U);
  for (const Json& entry : Source().at("glossary")) {
    EXPECT_TRUE(Glossary(entry.at("term").get<std::string>()));
    EXPECT_TRUE(Glossary(entry.at("zh").get<std::string>()));
  }
}

TEST(GlossaryTest, TermsAreFoundByAPartInEitherLanguage) {
  for (const char* word : {"SECCOMP", "系统调用过滤"}) {
    const auto report = Glossary(word);
    ASSERT_TRUE(report) << word;
    EXPECT_EQ(report->sections[0].rows[0][0].text.en, "seccomp") << word;
  }
  EXPECT_TRUE(Glossary("service-mesh")) << "written in another way";
  EXPECT_THAT(Glossary("secomp").error().message, HasSubstr("did you mean 'seccomp'"));
}

TEST(GlossaryTest, EveryLearningPathBeginsWithItsFirstStage) {
  const auto report = Learning("", {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->sections.size(), 3U);
  std::size_t stages = 0;
  for (const Section& section : report->sections) {
    stages += section.rows.size();
    EXPECT_EQ(section.rows[0][3].text.en, "next");
    EXPECT_EQ(section.rows[1][3].text.en, "later");
  }
  EXPECT_EQ(stages, 16U);
}

TEST(GlossaryTest, WhatIsKnownMovesTheNextStep) {
  const auto report = Learning("新手路径", {"container", "镜像", "namespace", "Dockerfile"});
  ASSERT_TRUE(report);
  const Section& section = report->sections[0];
  EXPECT_EQ(section.rows[0][3].text.en, "known");
  EXPECT_EQ(section.rows[1][3].text.en,
            "next; 1 of 3 known; missing: image building, running containers");
  EXPECT_EQ(section.notes[0].en, "next: master Docker: image building, running containers");
  EXPECT_EQ(section.notes[0].zh, "下一步: 掌握 Docker: 镜像构建, 容器运行");
}

TEST(GlossaryTest, WhoKnowsAllOfAPathIsDone) {
  for (const Json& path : Source().at("learning_paths")) {
    std::vector<std::string> known;
    for (const Json& stage : path.at("stages")) {
      for (const Json& each : stage.at("concepts")) known.push_back(each.at("label"));
    }
    const auto report = Learning(path.at("id").get<std::string>(), known);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->sections[0].notes[0].en, "All of it is known.");
  }
  EXPECT_EQ(Learning("intermediate", {})->sections[0].id, "advanced") << "the learner's level";
  EXPECT_EQ(Learning("入门", {})->sections[0].id, "beginner") << "as people say it";
}

TEST(GlossaryTest, WhatNobodyTeachesIsRefused) {
  EXPECT_THAT(Learning("begginer", {}).error().message, HasSubstr("did you mean 'beginner'"));
  EXPECT_THAT(Learning("", {"dockerfil"}).error().message, HasSubstr("did you mean 'Dockerfile'"));
}

TEST(GlossaryTest, SupportingConceptsHaveAttributesAndRelations) {
  const auto all = Glossary("");
  ASSERT_TRUE(all);
  const Section& supporting = all->sections.back();
  EXPECT_EQ(supporting.id, "supporting");
  EXPECT_EQ(supporting.rows.size(), 18U);
  for (const auto& row : supporting.rows) {
    for (const Cell& cell : row) EXPECT_FALSE(cell.text.In(Language::kChinese).empty());
  }
  EXPECT_EQ(Glossary("Pod")->sections.back().rows.at(0).at(3).text.en, "core object of Kubernetes");
  EXPECT_EQ(Glossary("policy engine")->sections.size(), 1U) << "is none of them";
}

TEST(GlossaryTest, DocumentsAreFoundByGoalWithTheStagesThatAskForThem) {
  const auto all = Documents("");
  EXPECT_EQ(all->sections[0].rows.size(), 42U);
  EXPECT_EQ(all->sections.end()[-2].rows.size(), 9U)
      << "the five documents of all facts, and the four parts of one";
  EXPECT_EQ(all->sections.back().rows.size(), 17U) << "the parts of one of them";
  for (const Json& row : Source().at("document_navigation").at("rows")) {
    EXPECT_TRUE(Documents(row.at("goal").get<std::string>()));
    EXPECT_TRUE(Documents(row.at("zh").get<std::string>()));
  }
  EXPECT_EQ(Documents("architecture design")->sections[0].rows.size(), 2U) << "both of them";
  const auto policy = Documents("策略即代码");
  ASSERT_TRUE(policy);
  ASSERT_EQ(policy->sections.size(), 2U);
  EXPECT_EQ(policy->sections[1].rows[0][2].text.en, "learn policy as code");
  EXPECT_THAT(Documents("quick strat").error().message, HasSubstr("did you mean 'quick start'"));
}

// Whatever goal an answer lists can be asked for, in either language.
TEST(GlossaryTest, EveryGoalThatIsListedLeadsToSomethingToRead) {
  const Report all = Documents("").value();
  int asked = 0;
  for (const Section& section : all.sections) {
    for (std::size_t i = 0; i < section.columns.size(); ++i) {
      if (section.columns[i].key != "goal") continue;
      for (const auto& row : section.rows) {
        for (const std::string& goal : {row[i].text.en, row[i].text.zh}) {
          const auto answer = Documents(goal);
          ASSERT_TRUE(answer.has_value()) << goal;
          EXPECT_TRUE(std::ranges::any_of(answer->sections, [](const Section& each) {
            return !each.rows.empty();
          })) << goal;
          ++asked;
        }
      }
    }
  }
  EXPECT_GT(asked, 80);
  EXPECT_TRUE(Documents("master-Docker").has_value()) << "written in another way";
}

TEST(GlossaryTest, AStageThatIsKnownInPartSaysWhatIsMissing) {
  const auto advanced = Learning("advanced", {"OPA", "Rego"});
  EXPECT_EQ(advanced->sections[0].rows[2][3].text.en,
            "later; 2 of 3 known; missing: compilation to Wasm");
  EXPECT_EQ(advanced->sections[0].rows[1][3].text.en, "later");
}

TEST(GlossaryTest, DefinitionsAreOfExactlyTheTerm) {
  EXPECT_EQ(Definitions("Container").rows.size(), 1U);
  EXPECT_TRUE(Definitions("contain").rows.empty());
}

}  // namespace
}  // namespace strata::advisor
