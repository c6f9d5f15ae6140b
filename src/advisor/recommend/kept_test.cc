#include "advisor/recommend/kept.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/recommend/testing.h"
#include "model/resource.h"

namespace strata::advisor {
namespace {

using model::Class;

measure::Record Measured() {
  measure::Record record;
  const auto add = [&record](const char* row, const char* in, double each, std::size_t samples) {
    record.rows.push_back(
        {.row = row, .in = in, .unit = "", .samples = std::vector(samples, each)});
  };
  add("warm_start", "container", 70, 400);
  add("warm_start", "microvm", 400, 400);
  add("cold_start", "microvm", 400, 20);
  add("throughput", "microvm", 5, 9);
  return record;
}

RecommendQuestion Asking(const SaidWords& said) {
  return {.about = Said(said), .record = Measured()};
}

TEST(KeptTest, EachClassThatMayBeUsedIsHeldAgainstWhatIsAsked) {
  const Section section = HoldAgainst(Asking({{"latency_ms", "100"}}), Class::kMicrovm).section;
  ASSERT_EQ(section.rows.size(), 3U) << "a start of one class, a call of two";
  EXPECT_EQ(section.rows[0][3].text.en, "microvm");
  EXPECT_EQ(section.rows[0][1].text.en, "at most 100 ms");
  EXPECT_EQ(section.rows[0][6].text.en, "does not keep");
  EXPECT_EQ(section.rows[2][3].text.en, "container");
  EXPECT_EQ(section.rows[2][6].text.en, "keeps");
  const Section safe =
      HoldAgainst(Asking({{"latency_ms", "100"}, {"security_requirement", "High"}}),
                  Class::kMicrovm)
          .section;
  EXPECT_EQ(safe.rows.size(), 2U) << "a container may not be used";
  const Section load = HoldAgainst(Asking({{"launches_per_second", "3"}}), Class::kMicrovm).section;
  EXPECT_EQ(load.rows.at(0)[1].text.en, "at least 3 calls/s");
  EXPECT_EQ(load.rows.at(0)[6].text.en, "keeps");
  EXPECT_TRUE(HoldAgainst(Asking({}), Class::kMicrovm).section.rows.empty());
}

TEST(KeptTest, TheAnswerThatDoesNotKeepItSaysWhoDoes) {
  RecommendQuestion question{.record = Measured()};
  model::Workload workload;
  workload.slo.p99 = std::chrono::milliseconds(100);
  question.from = model::Resource{};
  question.from->spec = model::ServiceSpec{.workload = workload};
  const Text text = HoldAgainst(question, Class::kMicrovm).but;
  EXPECT_TRUE(text.en.contains("latency, 99 %")) << text.en;
  EXPECT_TRUE(text.en.contains("measured to: container")) << text.en;
  EXPECT_FALSE(text.zh.empty());
  EXPECT_TRUE(HoldAgainst(question, Class::kContainer).but.empty());
  EXPECT_TRUE(HoldAgainst(question, Class::kWasm).but.empty()) << "which was not measured";
  EXPECT_EQ(HoldAgainst(question, Class::kWasm).section.rows.at(0)[6].text.en, "not measured");
  EXPECT_EQ(HoldAgainst(question, Class::kWasm).section.rows.at(0)[2].text.en, "spec.slo.p99_ms");
  question.record = {};
  EXPECT_TRUE(HoldAgainst(question, Class::kMicrovm).but.empty());
}

TEST(KeptTest, WhatIsSaidTakesThePlaceOfTheManifests) {
  RecommendQuestion question = Asking({{"latency_ms", "500"}});
  model::Workload workload;
  workload.slo.p99 = std::chrono::milliseconds(100);
  question.from = model::Resource{};
  question.from->spec = model::ServiceSpec{.workload = workload};
  EXPECT_TRUE(HoldAgainst(question, Class::kMicrovm).but.empty())
      << "400 ms are within what is said";
  question.about = Said({{"latency_ms", "5"}});
  const Text text = HoldAgainst(question, Class::kMicrovm).but;
  EXPECT_TRUE(text.en.contains("not to keep cold start; latency, 99 % as asked")) << text.en;
}

}  // namespace
}  // namespace strata::advisor
