#include "advisor/measured/judge.h"

#include <algorithm>
#include <cmath>

#include "advisor/numerics/bootstrap.h"
#include "advisor/numerics/chance.h"
#include "advisor/numerics/order.h"
#include "base/check.h"
#include "base/quantile.h"

namespace strata::advisor {
namespace {

constexpr double kConfidence = 0.95;
// Of fewer, a bootstrapped interval has the true ratio far less often than it says: decision 0029.
constexpr double kFewestOfAHalf = 5;

double FewestOfAHalf(double share) { return std::max(kFewestOfAHalf, std::round(1 / (1 - share))); }

std::optional<numerics::Interval> Halves(std::span<const double> samples, double share) {
  const bool positive = std::ranges::all_of(samples, [](double each) { return each > 0; });
  if (samples.size() < 2 * FewestOfAHalf(share) || !positive) return std::nullopt;
  std::vector<double> even;
  std::vector<double> odd;
  for (std::size_t i = 0; i < samples.size(); ++i) (i % 2 == 0 ? even : odd).push_back(samples[i]);
  return numerics::RatioInterval(even, odd, share);
}

}  // namespace

Spot Locate(std::span<const double> samples, double share) {
  STRATA_CHECK(!samples.empty());
  const std::vector<double> sorted = Sorted(samples);
  Spot spot{.value = Quantile(sorted, share),
            .interval = numerics::QuantileInterval(sorted, share)};
  // The value lies between samples, an end of the interval is one: of two the greater bounds the
  // 99 % quantile from below, and the value is below that. A wider interval is no less sure.
  spot.interval.low = std::min(spot.interval.low, spot.value);
  spot.interval.high = std::max(spot.interval.high, spot.value);
  return spot;
}

Figures Describe(std::span<const double> samples, double share) {
  STRATA_CHECK(!samples.empty());
  Figures figures;
  figures.sorted = Sorted(samples);
  figures.outliers = numerics::Outliers(samples);
  figures.halves = Halves(samples, share);
  return figures;
}

Text VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAsClaimed:
      return {"as claimed", "与所称相符"};
    case Verdict::kBelow:
      return {"below the claim", "低于所称"};
    case Verdict::kAbove:
      return {"above the claim", "高于所称"};
    case Verdict::kUndecided:
      break;
  }
  return {"not decided: on both sides of a bound", "未定：跨越界限"};
}

Judgement Judge(const Range& claimed, double value, const numerics::Interval& interval) {
  Judgement judgement;
  const int side = claimed.Side(value);
  if (side != 0) {
    const double bound = side < 0 ? *claimed.least : *claimed.most;
    judgement.ratio = value / bound;
  }
  const int low = claimed.Side(interval.low);
  if (low != claimed.Side(interval.high)) return judgement;
  judgement.verdict = low < 0 ? Verdict::kBelow : low > 0 ? Verdict::kAbove : Verdict::kAsClaimed;
  return judgement;
}

ContractJudgement JudgeContract(std::span<const double> samples_ms, const Contract& contract) {
  STRATA_CHECK(!samples_ms.empty());
  const auto is_late = [&](double ms) { return ms >= contract.limit_ms; };
  ContractJudgement judgement{
      .runs = samples_ms.size(),
      .late = static_cast<std::uint64_t>(std::ranges::count_if(samples_ms, is_late))};
  judgement.late_at_least = numerics::LowerBound(judgement.late, judgement.runs, kConfidence);
  judgement.late_at_most = numerics::UpperBound(judgement.late, judgement.runs, kConfidence);
  const double allowed = 1 - contract.share;
  if (judgement.late_at_most < allowed) {
    judgement.kept = Kept::kHolds;
  } else if (judgement.late_at_least > allowed) {
    judgement.kept = Kept::kFails;
  } else {
    judgement.needed = numerics::TrialsToShowBelow(allowed, judgement.late, kConfidence);
  }
  return judgement;
}

}  // namespace strata::advisor
