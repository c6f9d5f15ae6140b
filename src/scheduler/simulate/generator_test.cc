#include "scheduler/simulate/generator.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/simulate/quantiles.h"
#include "scheduler/simulate/units.h"

namespace strata::scheduler::simulate {
namespace {

std::vector<Call> All(const Shape& shape) {
  Generator generator(shape);
  std::vector<Call> calls;
  for (;;) {
    auto call = generator.Next();
    if (!call || !*call) return calls;
    calls.push_back(**call);
  }
}

// Calls of each function, in order of popularity.
std::vector<std::uint64_t> Counts(const std::vector<Call>& calls, std::uint32_t functions) {
  std::vector<std::uint64_t> counts(functions);
  for (const Call& call : calls) ++counts[call.function];
  std::ranges::sort(counts, std::greater());
  return counts;
}

double ShareBelow(const std::vector<std::uint64_t>& counts, double most) {
  const auto below = std::ranges::count_if(
      counts, [most](std::uint64_t count) { return static_cast<double>(count) <= most; });
  return static_cast<double>(below) / static_cast<double>(counts.size());
}

bool Same(const Call& a, const Call& b) {
  return std::tuple(a.function, a.at, a.work) == std::tuple(b.function, b.at, b.work);
}

TEST(QuantilesTest, AreThoseOfTheTables) {
  EXPECT_NEAR(NormalQuantile(0.5), 0, 1e-9);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959964, 1e-6);
  EXPECT_NEAR(NormalQuantile(0.001), -3.090232, 1e-6);
  EXPECT_NEAR(NormalQuantile(0.999), 3.090232, 1e-6);
  // "Serverless in the Wild" says that half of the applications take at most 170 MiB.
  EXPECT_NEAR(BurrQuantile(0.5, 11.652, 0.221, 107.083), 139.6, 0.1);
}

TEST(GeneratorTest, TheSameSeedGivesTheSameCallsAndAnotherOneOthers) {
  const Shape shape{.seed = 3, .functions = 200, .calls = 20'000};
  const std::vector<Call> calls = All(shape);
  EXPECT_TRUE(std::ranges::equal(calls, All(shape), Same));
  Shape other = shape;
  other.seed = 4;
  EXPECT_FALSE(std::ranges::equal(calls, All(other), Same));
}

TEST(GeneratorTest, CallsComeInOrderAndAreAsManyAsAskedFor) {
  const Shape shape{.functions = 500, .calls = 50'000};
  const std::vector<Call> calls = All(shape);
  EXPECT_EQ(calls.size(), shape.calls);
  EXPECT_TRUE(std::ranges::is_sorted(calls, {}, &Call::at));
  const double hours = std::chrono::duration<double, std::ratio<3600>>(calls.back().at).count();
  EXPECT_NEAR(hours, shape.hours, 0.35 * shape.hours);
}

TEST(GeneratorTest, FewCallsOfManyFunctionsTakeAsLongAsWasAskedFor) {
  for (const double hours : {24.0, 240.0}) {
    const Shape shape{.functions = 2'000, .calls = 5'000, .hours = hours};
    const std::vector<Call> calls = All(shape);
    const double took = std::chrono::duration<double, std::ratio<3600>>(calls.back().at).count();
    EXPECT_NEAR(took, hours, 0.35 * hours);
  }
}

TEST(GeneratorTest, TheRarestOfAMillionFunctionsAreNotCalledBeforeTheTraceBegins) {
  Generator generator({.functions = kMostFunctions, .calls = 1});
  const auto first = generator.Next();
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_GE((*first)->at, Duration::zero());
}

TEST(GeneratorTest, PopularityIsAsHeavyTailedAsPublished) {
  const Shape shape{.functions = 1'000, .calls = 2'000'000};
  const std::vector<std::uint64_t> counts = Counts(All(shape), shape.functions);
  EXPECT_NEAR(ShareBelow(counts, 24), 0.45, 0.05);  // once an hour
  std::uint64_t top = 0;
  for (std::size_t i = 0; i < 186; ++i) top += counts[i];
  EXPECT_GT(static_cast<double>(top), 0.95 * static_cast<double>(shape.calls));
  EXPECT_GT(counts.front(), 10'000 * std::max<std::uint64_t>(counts[900], 1));
}

TEST(GeneratorTest, NothingIsCompressedWhereThePublishedPopularityFits) {
  const Fit published = FitOf({.functions = 1'000, .calls = 500'000'000});
  EXPECT_DOUBLE_EQ(published.compression, 1);
  EXPECT_DOUBLE_EQ(published.slower, 1);
  const Fit compressed = FitOf({.functions = 1'000, .calls = 100'000});
  EXPECT_LT(compressed.compression, 0.6);
  EXPECT_DOUBLE_EQ(compressed.slower, 1);
  const Fit few = FitOf({.functions = 1'000, .calls = 1'000});
  EXPECT_DOUBLE_EQ(few.compression, 0);
  EXPECT_GT(few.slower, 10);
}

TEST(GeneratorTest, WhatAFunctionsCallsTakeIsWhatIsSaidOfIt) {
  const Shape shape{.functions = 1, .calls = 100'000};
  double sum_ms = 0;
  for (const Call& call : All(shape)) sum_ms += Ms(call.work);
  const double mean_ms = sum_ms / static_cast<double>(shape.calls);
  EXPECT_NEAR(Generator(shape).functions()[0].work_ms, mean_ms, 0.01 * mean_ms);
}

TEST(GeneratorTest, DurationsAndMemoryAreHeavyTailedAndBounded) {
  const Generator generator({.functions = 20'000, .calls = 1});
  std::vector<double> work;
  std::vector<std::uint64_t> memory;
  for (const Function& function : generator.functions()) {
    work.push_back(function.work_ms);
    memory.push_back(function.memory.count >> 20);
    EXPECT_GT(function.work_p99_ms, function.work_ms);
    ASSERT_TRUE(function.slo.p99.has_value());
    EXPECT_GT(static_cast<double>(function.slo.p99->count()), function.work_p99_ms);
    const auto cold = function.slo.cold_start.value_or(*function.slo.p99);
    EXPECT_GT(static_cast<double>(cold.count()), function.work_p99_ms) << "it is of whole calls";
  }
  std::ranges::sort(work);
  std::ranges::sort(memory);
  EXPECT_NEAR(work[work.size() / 2], 775, 55);  // e^-0.38 seconds is the median of their medians
  EXPECT_GT(work[work.size() * 99 / 100], 50'000);
  EXPECT_LE(work.back(), 300'001);
  EXPECT_NEAR(static_cast<double>(memory[memory.size() / 2]), 139, 4);
  EXPECT_LE(memory.back(), 1536U);
}

TEST(GeneratorTest, ShapesOutOfBoundsAreRefused) {
  EXPECT_TRUE(CheckShape({}).has_value());
  for (const Shape& shape :
       {Shape{.functions = 0}, Shape{.functions = kMostFunctions + 1}, Shape{.calls = 0},
        Shape{.calls = kMostCalls + 1}, Shape{.hours = 0}, Shape{.hours = NAN},
        Shape{.medium_security = -0.1}, Shape{.high_security = NAN}, Shape{.high_security = 0.9}}) {
    const auto checked = CheckShape(shape);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace strata::scheduler::simulate
