// advisor/numerics/bootstrap.h - how sure a ratio of two quantiles is: the percentile bootstrap of
// Efron (1979; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). One
// quantile alone has an exact interval (order.h).
//
// Percentile and not BCa: the acceleration of BCa is estimated by the jackknife, which is not
// consistent for quantiles (the same book, section 11.6). It tells nothing beyond the least and
// the most of the samples: it is for medians, and too short for a few samples.
//
// Pure, thread-safe; the same interval for the same seed. Tested by bootstrap_test.cc (against the
// exact distribution of a resampled median) and, against SciPy, by tests/advisor/measure_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "advisor/numerics/interval.h"

namespace strata::advisor::numerics {

struct Resampling {
  double confidence = 0.95;
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;
};

// Of the ratio of two quantiles `share` (0.5: the median), `left` over `right`, drawn independently
// of each other. One sample or more of each; those of `right` are above 0.
Interval RatioInterval(std::span<const double> left, std::span<const double> right, double share,
                       const Resampling& resampling = {});

// The indices of `samples` that lie outside of Tukey's fences (Exploratory Data Analysis, 1977):
// more than one and a half times the distance of the quartiles beyond them. For showing only.
std::vector<std::size_t> Outliers(std::span<const double> samples);

}  // namespace strata::advisor::numerics
