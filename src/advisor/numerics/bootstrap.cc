#include "advisor/numerics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "base/check.h"
#include "base/quantile.h"
#include "base/random.h"

namespace strata::advisor::numerics {
namespace {

constexpr double kFence = 1.5;

// What the distributions of <random> draw from.
class Bits {
 public:
  using result_type = std::uint64_t;
  explicit Bits(std::uint64_t seed) : random_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return random_.Next(); }

 private:
  SeededRandom random_;
};

// Quantiles of as many as there are, drawn with replacement. None is drawn but the two that the
// quantile lies between: uniform numbers in order are sums of exponential ones over all of them
// (Devroye, Non-Uniform Random Variate Generation, 1986, V.3), and a number in [0, 1) is a sample.
class ResampledQuantile {
 public:
  ResampledQuantile(std::span<const double> samples, double share) : sorted_(Sorted(samples)) {
    const auto count = static_cast<double>(sorted_.size());
    const double at = share * (count - 1);
    const double rank = std::floor(at) + 1;
    between_ = at - std::floor(at);
    below_ = std::gamma_distribution<double>(rank);
    last_ = rank >= count;
    if (!last_) above_ = std::gamma_distribution<double>(count - rank);
  }

  double operator()(Bits& bits) {
    const double first = below_(bits);
    const double second = first + next_(bits);
    const double all = last_ ? second : second + above_(bits);
    const double low = At(first / all);
    return last_ ? low : std::lerp(low, At(second / all), between_);
  }

 private:
  [[nodiscard]] double At(double uniform) const {
    const auto index = static_cast<std::size_t>(uniform * static_cast<double>(sorted_.size()));
    return sorted_[std::min(index, sorted_.size() - 1)];
  }

  std::vector<double> sorted_;
  double between_ = 0;
  bool last_ = false;
  std::gamma_distribution<double> below_;
  std::exponential_distribution<double> next_;
  std::gamma_distribution<double> above_;
};

Interval Middle(std::vector<double> values, double confidence) {
  std::ranges::sort(values);
  const double tail = (1 - confidence) / 2;
  return {.low = Quantile(values, tail), .high = Quantile(values, 1 - tail)};
}

}  // namespace

Interval RatioInterval(std::span<const double> left, std::span<const double> right, double share,
                       const Resampling& resampling) {
  STRATA_CHECK(!left.empty() && !right.empty());
  Bits bits(resampling.seed);
  ResampledQuantile above(left, share);
  ResampledQuantile below(right, share);
  std::vector<double> ratios(resampling.resamples);
  for (double& each : ratios) {
    const double over = above(bits);
    each = over / below(bits);
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
