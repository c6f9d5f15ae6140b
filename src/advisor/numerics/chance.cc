#include "advisor/numerics/chance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <boost/math/distributions/binomial.hpp>

#include "base/check.h"
#include "base/quantile.h"

namespace strata::advisor::numerics {

Summary Summarise(std::vector<double> draws) {
  Summary summary;
  const std::size_t all = draws.size();
  std::erase_if(draws, [](double each) { return std::isnan(each); });
  summary.undefined = all - draws.size();
  if (draws.empty()) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    summary.mean = summary.deviation = summary.p05 = summary.p50 = summary.p95 = none;
    return summary;
  }
  std::ranges::sort(draws);
  const auto count = static_cast<double>(draws.size());
  if (draws.front() == draws.back()) {  // without what rounding would add
    summary.mean = summary.p05 = summary.p50 = summary.p95 = draws.front();
    return summary;
  }
  summary.mean = std::accumulate(draws.begin(), draws.end(), 0.0) / count;
  double squares = 0;
  for (const double each : draws) squares += (each - summary.mean) * (each - summary.mean);
  summary.deviation = std::sqrt(squares / (count - 1));
  summary.p05 = Quantile(draws, 0.05);
  summary.p50 = Quantile(draws, 0.5);
  summary.p95 = Quantile(draws, 0.95);
  return summary;
}

double UpperBound(std::uint64_t hits, std::uint64_t trials, double confidence) {
  STRATA_CHECK(trials > 0 && hits <= trials);
  if (hits == trials) return 1;
  return boost::math::binomial_distribution<>::find_upper_bound_on_p(
      static_cast<double>(trials), static_cast<double>(hits), 1 - confidence);
}

double LowerBound(std::uint64_t hits, std::uint64_t trials, double confidence) {
  STRATA_CHECK(trials > 0 && hits <= trials);
  if (hits == 0) return 0;
  return boost::math::binomial_distribution<>::find_lower_bound_on_p(
      static_cast<double>(trials), static_cast<double>(hits), 1 - confidence);
}

std::uint64_t TrialsToShowBelow(double chance, std::uint64_t hits, double confidence) {
  std::uint64_t too_few = hits;
  std::uint64_t enough = 2 * hits + 1;
  while (UpperBound(hits, enough, confidence) >= chance) {
    too_few = enough;
    enough *= 2;
  }
  while (enough - too_few > 1) {
    const std::uint64_t middle = too_few + (enough - too_few) / 2;
    (UpperBound(hits, middle, confidence) < chance ? enough : too_few) = middle;
  }
  return enough;
}

double TrialsToShow(double share, double confidence) {
  return std::ceil(std::log1p(-confidence) / std::log(share));
}

}  // namespace strata::advisor::numerics
