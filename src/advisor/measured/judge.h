// advisor/measured/judge.h - what samples say: of themselves, of a claim, of a contract.
//
// A claim is judged by the interval of what was measured, not by one number: what lies on both
// sides of the claim's bound is not decided, and so is what samples are too few to bound.
//
// Threads: pure functions; the same answer for the same samples. Tested by judge_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "advisor/compare/values.h"
#include "advisor/numerics/interval.h"
#include "advisor/report/text.h"

namespace strata::advisor {

// Where the samples of one row in one place lie.
struct Spot {
  double value = 0;             // the quantile that stands for them
  numerics::Interval interval;  // of that, 95 %, around it; infinite where they are too few to tell
};

// One sample or more.
Spot Locate(std::span<const double> samples, double share);

// What else is told of them.
struct Figures {
  std::vector<double> sorted;
  std::vector<std::size_t> outliers;  // by numerics::Outliers, in the order of `samples`
  // The ratio of every second sample to the others; nothing: one is not above 0, or a half has less
  // than five samples, or, of a quantile above the median, none beyond it on average.
  std::optional<numerics::Interval> halves;
};

// One sample or more; `share` as above.
Figures Describe(std::span<const double> samples, double share);

enum class Verdict : std::uint8_t { kAsClaimed, kBelow, kAbove, kUndecided };
Text VerdictText(Verdict verdict);

struct Judgement {
  double ratio = 1;  // to the nearest bound of the claim; 1 within it
  Verdict verdict = Verdict::kUndecided;
};
Judgement Judge(const Range& claimed, double value, const numerics::Interval& interval);

// That more than `share` of all starts take less than `limit_ms`.
struct Contract {
  double limit_ms = 0;
  double share = 0;
};
enum class Kept : std::uint8_t { kHolds, kFails, kUndecided };
struct ContractJudgement {
  Kept kept = Kept::kUndecided;
  std::uint64_t runs = 0;
  std::uint64_t late = 0;
  double late_at_least = 0;  // bounds of the share, each with 95 % (Clopper and Pearson 1934)
  double late_at_most = 1;
  // kUndecided: how many runs in all would show that it holds, if no other one is late.
  std::uint64_t needed = 0;
};
// One sample or more, each of one start, independent of the others.
ContractJudgement JudgeContract(std::span<const double> samples_ms, const Contract& contract);

}  // namespace strata::advisor
