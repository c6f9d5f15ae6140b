#include "scheduler/learning/learned.h"

#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

const Figures kPriorFigures{.p50_ms = 10,
                            .mean_ms = 10,
                            .p99_ms = 20,
                            .cold_start_ms = 100,
                            .cpu_ms = 3,
                            .memory_mib = 8,
                            .source = "strata measure"};

void LearnCalls(Learned& learned, int calls, double service_ms) {
  for (int i = 0; i < calls; ++i) {
    learned.Learn({.start_ms = 0, .service_ms = service_ms, .memory_mib = 50});
  }
}

TEST(LearnedTest, WhatTheProgramAnswersIsNoFailureOfItsSandbox) {
  Learned learned;
  for (int i = 0; i < 10; ++i) {
    learned.Learn({.service_ms = 1, .failed = i < 3, .program = i < 2});
  }
  EXPECT_DOUBLE_EQ(learned.failures().rate, 0.3);
  EXPECT_DOUBLE_EQ(learned.crashes().rate, 0.1);
  const auto read = Learned::Decode(learned.Encode());
  ASSERT_TRUE(read);
  EXPECT_DOUBLE_EQ(read->crashes().rate, 0.1);
  const auto figures = learned.With(std::nullopt);
  EXPECT_DOUBLE_EQ(figures->failures->rate, 0.1) << "what a class is held to";
  EXPECT_DOUBLE_EQ(*figures->failed, 0.3) << "what is shown";
}

TEST(LearnedTest, NothingIsKnownWithoutACall) {
  EXPECT_FALSE(Learned().With(kPriorFigures).has_value());
  Learned failing;
  failing.Learn({.service_ms = 1, .failed = true});
  EXPECT_FALSE(failing.With(kPriorFigures).has_value());
  EXPECT_EQ(failing.failures().rate, 1);
  EXPECT_EQ(failing.crashes().rate, 1);
}

TEST(LearnedTest, ThePriorGivesWayCallByCall) {
  Learned learned;
  double last = kPriorFigures.p99_ms;
  for (int i = 0; i < 300; ++i) {
    LearnCalls(learned, 1, 1000);
    const double now = learned.With(kPriorFigures)->p99_ms;
    EXPECT_GT(now, last);
    last = now;
  }
  EXPECT_GT(last, 900);
  EXPECT_NEAR(learned.With(std::nullopt)->p50_ms, 1000, 20);
}

TEST(LearnedTest, AFewLongCallsAreInTheMeanAndNotInTheMedian) {
  Learned learned;
  for (int i = 0; i < 20; ++i) LearnCalls(learned, 1, i % 10 == 0 ? 200 : 10);
  EXPECT_NEAR(learned.With(std::nullopt)->p50_ms, 10, 0.2);
  EXPECT_NEAR(learned.With(std::nullopt)->mean_ms, 29, 29 * Sketch::kError);
  EXPECT_NEAR(learned.With(kPriorFigures)->mean_ms, (29 + 10) / 2.0, 0.5);
}

TEST(LearnedTest, WhatAFirstCallTakesIsLearnedFromCallsThatWaitedForTheirSandbox) {
  Learned learned;
  LearnCalls(learned, 300, 5);
  EXPECT_EQ(learned.With(kPriorFigures)->cold_start_ms, 100) << "no call of it waited";
  EXPECT_FALSE(learned.With(std::nullopt)->cold_start_ms.has_value());
  double last = *kPriorFigures.cold_start_ms;
  for (int i = 0; i < 200; ++i) {
    learned.Learn({.start_ms = 900, .service_ms = 100, .cold = true});
    const double now = *learned.With(kPriorFigures)->cold_start_ms;
    EXPECT_GT(now, last);
    last = now;
  }
  EXPECT_GT(last, 900) << "ten times the prior's weight";
  EXPECT_NEAR(*learned.With(std::nullopt)->cold_start_ms, 1000, 20);
  EXPECT_NEAR(*learned.Successor().With(kPriorFigures)->cold_start_ms, 550, 20);
  EXPECT_EQ(Learned::Decode(learned.Encode())->With(kPriorFigures)->cold_start_ms, last);
}

TEST(LearnedTest, WhileNoneWaitedAFirstCallTakesAsMuchLongerAsOtherCallsDo) {
  Learned learned;
  double last = *kPriorFigures.cold_start_ms;
  for (int i = 0; i < 300; ++i) {
    LearnCalls(learned, 1, 1000);
    const Figures now = *learned.With(kPriorFigures);
    EXPECT_GT(*now.cold_start_ms, last);
    EXPECT_NEAR(*now.cold_start_ms - *kPriorFigures.cold_start_ms,
                now.p99_ms - kPriorFigures.p99_ms, 1e-9);
    last = *now.cold_start_ms;
  }
  learned.Learn({.start_ms = 0, .service_ms = 300, .cold = true});
  const double with_one = *learned.With(kPriorFigures)->cold_start_ms;
  EXPECT_LT(with_one, last);
  EXPECT_GT(with_one, last - 50) << "at the weight of one call";
}

TEST(LearnedTest, ANewRevisionStartsFromTheOneBeforeAndSoonGoesItsOwnWay) {
  Learned before;
  LearnCalls(before, 10'000, 100);
  Learned next = before.Successor();
  EXPECT_EQ(next.samples(), 0U);
  EXPECT_EQ(next.score().calls(), 0U);
  LearnCalls(next, 1, 10);
  EXPECT_NEAR(next.With(std::nullopt)->p50_ms, 100, 3);
  LearnCalls(next, 40, 10);
  EXPECT_NEAR(next.With(std::nullopt)->p50_ms, 10, 0.3);
  EXPECT_NEAR(before.With(std::nullopt)->p50_ms, 100, 3) << "which goes on by itself";
}

TEST(LearnedTest, QuantilesFollowALastingChangeHoweverMuchWasSeenBefore) {
  Learned learned;
  LearnCalls(learned, 1'000'000, 100);
  EXPECT_LE(learned.service().weight(), Learned::kWindow);
  LearnCalls(learned, 100'000, 10);
  EXPECT_NEAR(learned.service().Quantile(0.50), 10, 0.3);
  LearnCalls(learned, 500'000, 10);
  EXPECT_NEAR(learned.service().Quantile(0.99), 10, 0.3);
  EXPECT_EQ(learned.samples(), 1'600'000U);
}

TEST(LearnedTest, AServersLoadIsOfAllItsCalls) {
  Learned learned;
  learned.Learn({.service_ms = 5, .shared = true});
  learned.LearnLoad(3, 40);
  learned.Learn({.service_ms = 5, .shared = true});
  learned.LearnLoad(std::nullopt, 60);
  EXPECT_DOUBLE_EQ(learned.cpu_ms(), 3);
  EXPECT_DOUBLE_EQ(learned.memory_mib(), 50);
}

TEST(LearnedTest, UntilAServersLoadIsToldItIsThePriors) {
  Learned learned;
  for (int i = 0; i < 100; ++i) learned.Learn({.service_ms = 5, .shared = true});
  const auto before = learned.With(kPriorFigures);
  EXPECT_FALSE(before->load_known);
  EXPECT_DOUBLE_EQ(before->cpu_ms, 3);
  EXPECT_DOUBLE_EQ(before->memory_mib, 8);
  EXPECT_FALSE(learned.With(std::nullopt)->load_known);
  learned.LearnLoad(2, 500);
  const auto after = learned.With(kPriorFigures);
  EXPECT_TRUE(after->load_known);
  EXPECT_LT(after->cpu_ms, 2.5);
  EXPECT_GT(after->memory_mib, 400) << "at the weight of its calls";
}

TEST(LearnedTest, SurvivesItsBytes) {
  Learned learned;
  std::mt19937 random{1};
  std::lognormal_distribution<double> latency(2, 1);
  for (int i = 0; i < 5000; ++i) {
    learned.Learn({.start_ms = latency(random),
                   .service_ms = latency(random),
                   .cpu_ms = latency(random),
                   .memory_mib = latency(random),
                   .failed = i % 100 == 0});
  }
  const std::string bytes = learned.Encode();
  EXPECT_LT(bytes.size(), 8192U);
  const auto read = Learned::Decode(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->Encode(), bytes);
  EXPECT_EQ(read->samples(), 5000U);
  EXPECT_EQ(read->With(kPriorFigures)->p99_ms, learned.With(kPriorFigures)->p99_ms);
  EXPECT_EQ(read->failures().rate, learned.failures().rate);
  EXPECT_EQ(read->score().error(), learned.score().error());
  EXPECT_TRUE(Learned::Decode(Learned().Encode()).has_value());
}

TEST(LearnedTest, DamagedBytesAreNotRead) {
  Learned learned;
  LearnCalls(learned, 100, 20);
  const std::string good = learned.Encode();
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(Learned::Decode(good.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(Learned::Decode(good + '\0').has_value());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    ASSERT_FALSE(Learned::Decode(bad).has_value()) << at;
  }
}

TEST(LearnedTest, AFailureTeachesNoLatency) {
  Learned learned;
  LearnCalls(learned, 100, 50);
  for (int i = 0; i < 100; ++i) learned.Learn({.service_ms = 0.1, .failed = true});
  EXPECT_NEAR(learned.With(std::nullopt)->p50_ms, 50, 1);
  EXPECT_DOUBLE_EQ(learned.failures().rate, 0.5);
  EXPECT_DOUBLE_EQ(learned.failures().calls, 200);
  EXPECT_EQ(learned.With(std::nullopt)->failures->calls, 200);
  EXPECT_DOUBLE_EQ(learned.Successor().failures().calls, Learned::kCarried);
}

TEST(ScoreTest, IsOneForTruthNoneForAMeanAndNegativeForWorse) {
  Score truth, mean, wrong, constant;
  for (int i = 0; i < 100; ++i) {
    const double actual = i % 2 == 0 ? 1 : 3;
    truth.Add(actual, actual);
    mean.Add(2, actual);
    wrong.Add(4 - actual, actual);
    constant.Add(2, 2);
  }
  EXPECT_DOUBLE_EQ(*truth.explained(), 1);
  EXPECT_DOUBLE_EQ(*truth.error(), 0);
  EXPECT_NEAR(*mean.explained(), 0, 1e-9);
  EXPECT_DOUBLE_EQ(*mean.error(), 0.5);
  EXPECT_LT(*wrong.explained(), -1);
  EXPECT_FALSE(constant.explained().has_value());
  EXPECT_FALSE(Score().error().has_value());
}

TEST(ScoreTest, MergingIsAddingAll) {
  std::mt19937 random{1};
  std::normal_distribution<double> noise(10, 3);
  Score one, two, both;
  for (int i = 0; i < 1000; ++i) {
    const double actual = noise(random) + (i % 2 == 0 ? 100 : 0);
    (i % 2 == 0 ? one : two).Add(i % 2 == 0 ? 110 : 10, actual);
    both.Add(i % 2 == 0 ? 110 : 10, actual);
  }
  EXPECT_NEAR(*one.explained(), 0, 0.05)
      << "one mean for equal calls explains nothing of their noise";
  one.Merge(two);
  EXPECT_EQ(one.calls(), both.calls());
  EXPECT_NEAR(*one.explained(), *both.explained(), 1e-9);
  EXPECT_NEAR(*one.error(), *both.error(), 1e-9);
  EXPECT_GT(*both.explained(), 0.99) << "which of two kinds it is explains nearly all";
}

}  // namespace
}  // namespace strata::scheduler
