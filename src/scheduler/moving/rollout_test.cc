#include "scheduler/moving/rollout.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

using Verdict = Judgement::Verdict;
using ::testing::HasSubstr;

// `calls` of about 10 ms, a hundredth of them 30 ms.
Side SideOf(std::uint64_t calls, std::uint64_t failed, double slower = 1) {
  Side side;
  for (std::uint64_t i = 0; i < calls; ++i) {
    const auto us = static_cast<std::uint64_t>(slower * (i % 100 == 99 ? 30'000.0 : 10'000.0));
    side.Add(us, i < failed);
  }
  return side;
}

TEST(FisherTest, KnownValues) {
  // Fisher's lady tasting tea.
  EXPECT_NEAR(FisherAtLeast(3, 4, 1, 4), 0.2428571, 1e-7);
  EXPECT_NEAR(FisherAtLeast(4, 4, 0, 4), 0.0142857, 1e-7);
  // By sums of binomial coefficients in exact arithmetic.
  EXPECT_NEAR(FisherAtLeast(12, 20, 10, 15), 0.7744878, 1e-7);
  EXPECT_NEAR(FisherAtLeast(1, 10, 9, 10), 0.99999459, 1e-8);
  EXPECT_NEAR(FisherAtLeast(10, 100, 2, 1000), 1.42469547e-09, 1e-15);
  EXPECT_NEAR(FisherAtLeast(8, 100, 90, 9000), 1.11771959e-05, 1e-12);
}

TEST(FisherTest, TheEdges) {
  EXPECT_EQ(FisherAtLeast(0, 10, 5, 10), 1);
  EXPECT_EQ(FisherAtLeast(5, 10, 0, 0), 1);
  EXPECT_EQ(FisherAtLeast(10, 10, 10, 10), 1);
  EXPECT_LT(FisherAtLeast(20'000, 1'000'000, 100'000, 9'000'000), 1e-100);
  EXPECT_GT(FisherAtLeast(11'000, 1'000'000, 99'900, 9'000'000), 0);
}

TEST(BinomialTest, KnownValues) {
  EXPECT_NEAR(BinomialAtLeast(5, 100, 0.01), 0.00343232, 1e-8);
  EXPECT_NEAR(BinomialAtLeast(2, 20, 0.05), 0.26416048, 1e-8);
  EXPECT_EQ(BinomialAtLeast(0, 20, 0.05), 1);
  EXPECT_EQ(BinomialAtLeast(1, 20, 0), 0);
}

TEST(LatenciesTest, QuantilesAreWithinABin) {
  Latencies latencies;
  EXPECT_EQ(latencies.Quantile(0.99), 0U);
  for (std::uint64_t us = 1; us <= 10'000; ++us) latencies.Add(us);
  EXPECT_NEAR(static_cast<double>(latencies.Quantile(0.99)), 9900, 9900.0 / 32);
  EXPECT_NEAR(static_cast<double>(latencies.Above(9000)), 1000, 9000.0 / 32);
  EXPECT_EQ(latencies.Above(10'000), 0U);
}

TEST(RiskTest, AllLooksTogetherStayWithinTheRisk) {
  double sum = 0;
  for (std::uint32_t look = 1; look < 100'000; ++look) sum += RiskOf(look, 0.05);
  EXPECT_LE(sum, 0.05);
  EXPECT_NEAR(sum, 0.05, 1e-6);
}

TEST(JudgeTest, AsGoodIsGood) {
  const auto judged = Judge(SideOf(10'000, 10), SideOf(1000, 1), {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kGood) << judged.because;
  EXPECT_THAT(judged.because, HasSubstr("1000 calls: 1 failed"));
}

TEST(JudgeTest, ErrorsThatTheStableSideHasNotAreBad) {
  const auto judged = Judge(SideOf(10'000, 0), SideOf(1000, 9), {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kBad);
  EXPECT_THAT(judged.because, HasSubstr("9 of 1000 calls failed (0.90 %), of the stable side 0"));
}

TEST(JudgeTest, ErrorsAboveTheLimitAreBadAlthoughTheStableSideHasThemToo) {
  const auto judged = Judge(SideOf(10'000, 1000), SideOf(1000, 100), {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kBad);
  EXPECT_THAT(judged.because, HasSubstr("above the limit of 1.00 %"));
  const Criteria lenient{.max_error_rate = 0.2};
  EXPECT_EQ(Judge(SideOf(10'000, 1000), SideOf(1000, 100), lenient, 1).verdict, Verdict::kGood);
}

TEST(JudgeTest, ASlowerP99IsBad) {
  const auto judged = Judge(SideOf(10'000, 0), SideOf(1000, 0, 4), {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kBad);
  EXPECT_THAT(judged.because, HasSubstr("its calls took more than"));
  // Within the tolerance it is not; and faster is fine.
  EXPECT_EQ(Judge(SideOf(10'000, 0), SideOf(1000, 0, 1.05), {}, 1).verdict, Verdict::kGood);
  EXPECT_EQ(Judge(SideOf(10'000, 0), SideOf(1000, 0, 0.2), {}, 1).verdict, Verdict::kGood);
}

TEST(JudgeTest, ACallThatWasLeftAfterTheLimitTookLonger) {
  const Side stable = SideOf(1000, 0);
  Side canary = SideOf(90, 0);
  for (int i = 0; i < 10; ++i) canary.AddLeft(3'000'000);
  const auto judged = Judge(stable, canary, {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kBad);
  EXPECT_THAT(judged.because, HasSubstr("10.0 % of its calls took more than"));
  EXPECT_THAT(judged.because, HasSubstr("(10 of them until their clients left)"));

  Side hangs;
  for (int i = 0; i < 20; ++i) hangs.AddLeft(3'000'000);
  EXPECT_EQ(Judge(stable, hangs, {}, 1).verdict, Verdict::kBad) << "although no call of it counts";
  EXPECT_EQ(hangs.came(), 20U);

  Side both = stable;
  for (int i = 0; i < 111; ++i) both.AddLeft(3'000'000);
  EXPECT_EQ(Judge(both, canary, {}, 1).verdict, Verdict::kUndecided) << "clients do that to both";
  Side impatient = SideOf(100, 0);
  for (int i = 0; i < 500; ++i) impatient.AddLeft(1'000);
  EXPECT_EQ(Judge(stable, impatient, {}, 1).verdict, Verdict::kGood) << "who knows";
}

TEST(JudgeTest, AnswersOf4xxThatTheStableSideDoesNotGiveAreBad) {
  Side broken;
  for (int i = 0; i < 20; ++i) broken.AddRefused();
  const auto judged = Judge(SideOf(100, 0), broken, {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kBad) << "although no call of it counts";
  EXPECT_THAT(judged.because, HasSubstr("20 of 20 calls were answered with 4xx (100.00 %), of the "
                                        "stable side 0 of 100 (0.00 %; Fisher"));

  Side stable = SideOf(1000, 0);
  Side canary = SideOf(1000, 0);
  for (int i = 0; i < 60; ++i) stable.AddRefused();
  for (int i = 0; i < 70; ++i) canary.AddRefused();
  EXPECT_EQ(Judge(stable, canary, {}, 1).verdict, Verdict::kGood) << "clients do that to both";
  for (int i = 0; i < 60; ++i) canary.AddRefused();
  EXPECT_EQ(Judge(stable, canary, {}, 1).verdict, Verdict::kBad);
  EXPECT_EQ(Judge(canary, stable, {}, 1).verdict, Verdict::kGood) << "fewer is better";
  EXPECT_EQ(Judge(stable, canary, {.more_4xx = 0.1}, 1).verdict, Verdict::kGood);
  EXPECT_EQ(Judge(stable, broken, {.more_4xx = 1}, 1).verdict, Verdict::kUndecided);
  EXPECT_EQ(Judge(SideOf(0, 0), broken, {.alone = true}, 1).verdict, Verdict::kUndecided)
      << "there is nothing to compare with";
}

TEST(JudgeTest, OneThatIsFullMoreOftenIsBad) {
  Side stable = SideOf(1000, 0);
  Side canary = SideOf(200, 0);
  for (int i = 0; i < 300; ++i) canary.AddFull();
  const auto judged = Judge(stable, canary, {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kBad);
  EXPECT_THAT(judged.because,
              HasSubstr("300 of 500 calls came when it had as many as it may (60.00 %), of the "
                        "stable side 0 of 1000 (0.00 %; Fisher"));
  EXPECT_EQ(Judge(stable, canary, {.more_full = true}, 1).verdict, Verdict::kGood);
  for (int i = 0; i < 1500; ++i) stable.AddFull();
  EXPECT_EQ(Judge(stable, canary, {}, 1).verdict, Verdict::kGood) << "both are";
}

TEST(JudgeTest, FewCallsDecideNothingUnlessTheyAllFail) {
  EXPECT_EQ(Judge(SideOf(1000, 0), SideOf(20, 1), {}, 1).verdict, Verdict::kUndecided);
  EXPECT_EQ(Judge(SideOf(1000, 0), SideOf(20, 20), {}, 1).verdict, Verdict::kBad);
  EXPECT_EQ(Judge(SideOf(0, 0), SideOf(0, 0), {}, 1).verdict, Verdict::kUndecided);
}

TEST(JudgeTest, WhatWasNotComparedIsNotGood) {
  const auto judged = Judge(SideOf(99, 0), SideOf(1000, 0), {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kUndecided);
  EXPECT_EQ(judged.because, "99 of 100 calls of the stable side are there, to compare with");
  EXPECT_EQ(Judge(SideOf(100, 0), SideOf(1000, 0), {}, 1).verdict, Verdict::kGood);
  EXPECT_EQ(Judge(SideOf(99, 0), SideOf(1000, 50), {}, 1).verdict, Verdict::kBad)
      << "the limit needs no other side";
}

TEST(JudgeTest, WithoutAStableSideTheLimitAloneSpeaks) {
  const Criteria alone{.alone = true};
  EXPECT_EQ(Judge(SideOf(0, 0), SideOf(200, 50), alone, 1).verdict, Verdict::kBad);
  const auto judged = Judge(SideOf(0, 0), SideOf(200, 0), alone, 1);
  EXPECT_EQ(judged.verdict, Verdict::kGood);
  EXPECT_THAT(judged.because, HasSubstr("not compared"));
}

TEST(JudgeTest, MoreErrorsThanAllowedAreNeverGood) {
  // Too few to be shown, too many to go on with.
  const auto judged = Judge(SideOf(1000, 12), SideOf(100, 2), {}, 1);
  EXPECT_EQ(judged.verdict, Verdict::kUndecided);
  EXPECT_THAT(judged.because, HasSubstr("more than the limit allows"));
}

// Two sides that are the same, looked at as often as a rollout would: how often one is called bad.
TEST(JudgeTest, AsGoodIsSeldomCalledBadHoweverOftenItIsLookedAt) {
  constexpr int kRollouts = 400;
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(9, 1);
  std::bernoulli_distribution fails(0.005);
  std::bernoulli_distribution refuses(0.1);
  std::bernoulli_distribution to_canary(0.1);
  int bad = 0;
  for (int rollout = 0; rollout < kRollouts; ++rollout) {
    Side stable;
    Side canary;
    std::uint32_t look = 0;
    std::uint64_t next = NextLook(0);
    bool called_bad = false;
    for (int call = 0; call < 8000 && !called_bad; ++call) {
      Side& side = to_canary(random) ? canary : stable;
      if (refuses(random)) {
        side.AddRefused();
      } else {
        side.Add(static_cast<std::uint64_t>(latency(random)), fails(random));
      }
      if (canary.answered() < next) continue;
      next = NextLook(canary.answered());
      called_bad = Judge(stable, canary, {}, ++look).verdict == Verdict::kBad;
    }
    bad += called_bad ? 1 : 0;
  }
  EXPECT_LE(bad, kRollouts * 5 / 100);
}

// What is to be found is found: 3 % of errors, or twice the time, within 2000 calls of the canary.
TEST(JudgeTest, WhatIsWorseIsFound) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(9, 1);
  const auto found = [&](double error_rate, double slower) {
    std::bernoulli_distribution fails(error_rate);
    int bad = 0;
    for (int rollout = 0; rollout < 50; ++rollout) {
      Side stable;
      Side canary;
      for (int i = 0; i < 18'000; ++i) {
        stable.Add(static_cast<std::uint64_t>(latency(random)), false);
      }
      for (int i = 0; i < 2000; ++i) {
        canary.Add(static_cast<std::uint64_t>(slower * latency(random)), fails(random));
      }
      bad += Judge(stable, canary, {}, 12).verdict == Verdict::kBad ? 1 : 0;
    }
    return bad;
  };
  EXPECT_GE(found(0.03, 1), 49);
  EXPECT_GE(found(0, 2), 49);
}

TEST(NextLookTest, LooksAreFew) {
  int looks = 0;
  for (std::uint64_t calls = 0; calls < 1'000'000; calls = NextLook(calls)) ++looks;
  EXPECT_LE(looks, 30);
  EXPECT_EQ(NextLook(0), 20U);
  EXPECT_EQ(NextLook(100), 150U);
}

}  // namespace
}  // namespace strata::scheduler
