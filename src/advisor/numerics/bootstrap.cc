#include "advisor/numerics/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "advisor/numerics/chance.h"
#include "base/check.h"
#include "base/random.h"

namespace strata::advisor::numerics {
namespace {

constexpr double kFence = 1.5;

std::vector<double> Sorted(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  return sorted;
}

// As Quantile, of values in any order, which it changes: sorting all of them takes many times as
// long, and this is done thousands of times.
double QuantileOf(std::vector<double>& values, double share) {
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(at);
  std::ranges::nth_element(values, below);
  const auto above = below + 1 == values.end() ? below : std::min_element(below + 1, values.end());
  return std::lerp(*below, *above, at - std::floor(at));
}

// As many as there are, drawn with replacement; `to` is reused between draws.
double ResampledQuantile(std::span<const double> samples, double share, Random& random,
                         std::vector<double>& to) {
  to.resize(samples.size());
  for (double& each : to) each = samples[random.Below(samples.size())];
  return QuantileOf(to, share);
}

Interval Middle(std::vector<double> values, double confidence) {
  std::ranges::sort(values);
  const double tail = (1 - confidence) / 2;
  return {.low = Quantile(values, tail), .high = Quantile(values, 1 - tail)};
}

}  // namespace

Interval QuantileInterval(std::span<const double> samples, double share,
                          const Resampling& resampling) {
  STRATA_CHECK(!samples.empty());
  SeededRandom random(resampling.seed);
  std::vector<double> resample;
  std::vector<double> quantiles(resampling.resamples);
  for (double& each : quantiles) each = ResampledQuantile(samples, share, random, resample);
  return Middle(std::move(quantiles), resampling.confidence);
}

Interval RatioInterval(std::span<const double> left, std::span<const double> right, double share,
                       const Resampling& resampling) {
  STRATA_CHECK(!left.empty() && !right.empty());
  SeededRandom random(resampling.seed);
  std::vector<double> resample;
  std::vector<double> ratios(resampling.resamples);
  for (double& each : ratios) {
    const double above = ResampledQuantile(left, share, random, resample);
    each = above / ResampledQuantile(right, share, random, resample);
  }
  return Middle(std::move(ratios), resampling.confidence);
}

std::vector<std::size_t> Outliers(std::span<const double> samples) {
  std::vector<std::size_t> outside;
  if (samples.empty()) return outside;
  const std::vector<double> sorted = Sorted(samples);
  const double first = Quantile(sorted, 0.25);
  const double third = Quantile(sorted, 0.75);
  const double fence = kFence * (third - first);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i] < first - fence || samples[i] > third + fence) outside.push_back(i);
  }
  return outside;
}

}  // namespace strata::advisor::numerics
