// advisor/numerics/chance.h - summaries of Monte Carlo draws; exact bounds of shares (Boost.Math).
//
//   models: draws --> [ Summarise ] --> "uncertainty";  hits of trials --> [ bounds ] --> a claim
//
// Draws themselves come from base/random.h and scheduler/simulate/quantiles.h.
//
// Threads:  pure, thread-safe. Errors: none; outside of the domains that are stated a result is
//           NaN.
// Tested by chance_test.cc and, against SciPy, by tests/advisor/models_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace strata::advisor::numerics {

// What draws of one figure say. A draw that is NaN is a case for which the figure is not defined.
struct Summary {
  double mean = 0;
  double deviation = 0;  // standard, of the sample
  double p05 = 0;
  double p50 = 0;
  double p95 = 0;
  std::size_t undefined =
      0;  // draws that are left out of the above; all of them: the above are NaN
};
Summary Summarise(std::vector<double> draws);

// The highest chance at which `hits` or fewer of `trials` are still seen with 1 - `confidence`:
// Clopper and Pearson's exact bound. `hits` <= `trials`, `trials` > 0.
double UpperBound(std::uint64_t hits, std::uint64_t trials, double confidence);

// The lowest one at which `hits` or more are still seen with 1 - `confidence`.
double LowerBound(std::uint64_t hits, std::uint64_t trials, double confidence);

// The fewest trials of which `hits` were hits whose UpperBound is below `chance` (0 < `chance` <
// 1).
std::uint64_t TrialsToShowBelow(double chance, std::uint64_t hits, double confidence);

// How many trials, all of them good, show with `confidence` that more than `share` of all are good.
double TrialsToShow(double share, double confidence);

}  // namespace strata::advisor::numerics
