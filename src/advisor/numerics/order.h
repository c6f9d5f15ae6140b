// advisor/numerics/order.h - distribution-free confidence intervals of quantiles: two samples
// in order, by the binomial distribution (Conover, Practical Nonparametric Statistics, 1999,
// section 3.2; Boost.Math).
//
// Of n samples the number below the quantile is binomial. So no interval that is not taken from a
// distribution can tell what is beyond the least and the most of too few: the median takes six
// samples, the 99 % quantile 368.
//
// Pure, thread-safe. Tested by order_test.cc and, against SciPy, by tests/advisor/measure_test.py.
#pragma once

#include <cstdint>
#include <span>

#include "advisor/numerics/interval.h"

namespace strata::advisor::numerics {

// Of the quantile `share` (0.5: the median; above 0 and below 1) of what the sorted samples were
// drawn from: each end is beyond it with at most half of what `confidence` leaves. An end is
// infinite where there are too few of them. One sample or more.
Interval QuantileInterval(std::span<const double> sorted, double share, double confidence = 0.95);

// The fewest samples of which both ends are among them.
std::uint64_t SamplesToBound(double share, double confidence = 0.95);

}  // namespace strata::advisor::numerics
