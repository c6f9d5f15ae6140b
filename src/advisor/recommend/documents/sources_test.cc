#include "advisor/recommend/documents/sources.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/recommend/answer.h"
#include "advisor/recommend/testing.h"

namespace strata::advisor {
namespace {

using model::Class;

std::vector<Source> Sources(const Case& about, const std::string& scenario = "") {
  return *SourcesOf(about, WalkAll(about), scenario);
}

const Source& Named(const std::vector<Source>& sources, std::string_view kind,
                    std::string_view name) {
  return *std::ranges::find_if(sources, [&](const Source& each) {
    return each.kind.en == kind && each.name.en.contains(name);
  });
}

TEST(SourcesTest, EveryTreeAndEverythingElseThatEndsInAClassIsThere) {
  const auto sources = Sources({}, "erp");
  const auto count = [&sources](std::string_view kind) {
    return std::ranges::count_if(sources, [&](const Source& each) { return each.kind.en == kind; });
  };
  EXPECT_EQ(count("tree"), 6);
  EXPECT_EQ(count("rule"), 3);
  EXPECT_EQ(count("stars"), 1);
  EXPECT_EQ(count("scenario weights"), 1);
  EXPECT_EQ(count("utility"), 1);
  for (const Source& each : sources) EXPECT_FALSE(each.because.empty()) << each.name.en;
  EXPECT_FALSE(SourcesOf({}, {}, "erp2025x").has_value());
}

TEST(SourcesTest, ARuleThatHoldsComesToItsClass) {
  const auto holds = Sources(Said({{"changes_per_hour", "2"}}));
  EXPECT_EQ(Named(holds, "rule", "exceeds").comes_to, std::vector{Class::kWasm});
  EXPECT_TRUE(
      Named(Sources(Said({{"changes_per_hour", "0.5"}})), "rule", "exceeds").comes_to.empty());
  EXPECT_EQ(Decide(Said({{"changes_per_hour", "2"}}), holds).sandbox_class, Class::kWasm)
      << "nothing else is known";
}

TEST(SourcesTest, WhatExistsIsContainerizedAndWhatIsNewIsWasm) {
  const auto comes_to = [](const SaidWords& said) {
    return Named(Sources(Said(said)), "rule", "existing").comes_to;
  };
  EXPECT_EQ(comes_to({{"existing_workload", "true"}}), std::vector{Class::kContainer});
  EXPECT_EQ(comes_to({{"existing_workload", "false"}}), std::vector{Class::kWasm});
  EXPECT_TRUE(comes_to({}).empty());
}

TEST(SourcesTest, FastStartIsTheSameToRulesAndStars) {
  for (const char* latency : {"5", "99", "100", "500"}) {
    const auto sources = Sources(Said({{"latency_ms", latency}}));
    EXPECT_EQ(Named(sources, "rule", "fast").comes_to.empty(),
              Named(sources, "stars", "").comes_to.empty())
        << latency;
  }
}

TEST(SourcesTest, AScenariosWeightsComeToWhatTheDocumentRecommends) {
  EXPECT_EQ(Named(Sources({}, "erp"), "scenario weights", "").comes_to,
            std::vector{Class::kContainer});
  EXPECT_EQ(Named(Sources({}, "iot_edge"), "scenario weights", "").comes_to,
            std::vector{Class::kWasm});
}

}  // namespace
}  // namespace strata::advisor
