#include "measure/isolation.h"

#include <gtest/gtest.h>

namespace strata::measure {
namespace {

using model::Class;

Verdict JudgeAnswer(const char* kind, Class in, const char* answer) {
  return Judge({.id = "x", .title = "x", .kind = kind, .cve = ""}, in,
               {.end = End::kAnswered, .text = answer});
}

TEST(IsolationTest, WhatAGuestReachesOfOthersIsAllowedEverywhere) {
  for (const Class each : model::kClasses) {
    const Verdict verdict = JudgeAnswer("planted", each, "allowed read the planted file\n");
    EXPECT_EQ(verdict.outcome, Outcome::kAllowed);
    EXPECT_FALSE(verdict.acceptable());
    EXPECT_TRUE(JudgeAnswer("planted", each, "blocked open: ENOENT\n").acceptable());
  }
}

TEST(IsolationTest, AnOwnKernelContainsWhatIsDoneToIt) {
  EXPECT_FALSE(JudgeAnswer("kernel", Class::kContainer, "allowed mount").acceptable());
  const Verdict own = JudgeAnswer("kernel", Class::kMicrovm, "allowed mount");
  EXPECT_EQ(own.outcome, Outcome::kContained);
  EXPECT_TRUE(own.acceptable());
}

TEST(IsolationTest, AContainerHasToHoldInsideAMachineToo) {
  for (const char* kind : {"kernel", "objects"}) {
    EXPECT_FALSE(JudgeAnswer(kind, Class::kContainerInMicrovm, "allowed mount").acceptable());
    EXPECT_TRUE(JudgeAnswer(kind, Class::kContainerInMicrovm, "blocked EPERM").acceptable());
  }
}

TEST(IsolationTest, ObjectsOfAnOwnKernelAreContained) {
  EXPECT_FALSE(JudgeAnswer("objects", Class::kContainer, "allowed 180 threads").acceptable());
  EXPECT_TRUE(JudgeAnswer("objects", Class::kAppkernel, "allowed 180 threads").acceptable());
  EXPECT_TRUE(JudgeAnswer("objects", Class::kContainer, "blocked 5 threads: EAGAIN").acceptable());
}

TEST(IsolationTest, AbuseIsContainedByItsLimit) {
  EXPECT_EQ(JudgeAnswer("abuse", Class::kContainer, "blocked fork: EAGAIN").outcome,
            Outcome::kContained);
  EXPECT_FALSE(JudgeAnswer("abuse", Class::kMicrovm, "allowed 200 MiB").acceptable());
  const Verdict ended =
      Judge({"x", "x", "abuse", ""}, Class::kContainer, {End::kEnded, "limit: memory"});
  EXPECT_EQ(ended.outcome, Outcome::kContained);
  EXPECT_EQ(ended.evidence, "limit: memory");
}

TEST(IsolationTest, TheLastLineCountsAndSilenceIsTheWorst) {
  EXPECT_EQ(JudgeAnswer("abuse", Class::kWasm, "xxxx\nallowed 12 MiB\n").outcome,
            Outcome::kAllowed);
  EXPECT_FALSE(JudgeAnswer("planted", Class::kWasm, "").acceptable());
  EXPECT_FALSE(JudgeAnswer("planted", Class::kWasm, "permitted").acceptable());
}

TEST(IsolationTest, WhatNobodySawIsTheWorst) {
  const Verdict lost = Judge({"x", "x", "abuse", ""}, Class::kContainer, {End::kLost, "no server"});
  EXPECT_EQ(lost.outcome, Outcome::kAllowed);
  EXPECT_FALSE(lost.acceptable());
}

TEST(IsolationTest, WhatIsOfWebAssemblyIsJudgedThereOnly) {
  for (const char* kind : {"wasm", "compile"}) {
    EXPECT_FALSE(JudgeAnswer(kind, Class::kWasm, "allowed wrote beyond its memory").acceptable());
    EXPECT_EQ(JudgeAnswer(kind, Class::kWasm, "blocked memory.grow").outcome, Outcome::kContained);
    EXPECT_EQ(JudgeAnswer(kind, Class::kMicrovm, "allowed anything").outcome,
              Outcome::kNotApplicable);
  }
}

TEST(IsolationTest, EvidenceIsPlainText) {
  EXPECT_EQ(JudgeAnswer("planted", Class::kWasm, "blocked \x1b[2Jx").evidence, "?[2Jx");
}

TEST(IsolationTest, TheCatalogueIsChecked) {
  EXPECT_FALSE(ParseCatalogue("{}").has_value());
  EXPECT_FALSE(ParseCatalogue(R"([{"id": 1}])").has_value());
  const auto good = ParseCatalogue(R"([{"id": "a", "title": "b", "kind": "abuse", "cve": ""}])");
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->front().id, "a");
}

}  // namespace
}  // namespace strata::measure
