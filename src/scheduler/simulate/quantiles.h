// scheduler/simulate/quantiles.h - inverse distribution functions: one uniform number in, one drawn
// number out, the same with every standard library.
//
//   Random --> Uniform --> NormalQuantile, BurrQuantile --> Generator, Costs, advisor models
//
// Written out because the standard's distributions may differ from one library to the next, and a
// trace or a simulation is to come out the same everywhere by its seed.
//
// Threads:  pure. Errors: none; outside of the domains stated below the result is no number.
// Tested by generator_test.cc.
#pragma once

#include "base/random.h"

namespace strata::scheduler::simulate {

// One to put in, in (0, 1).
double Uniform(Random& random) noexcept;

// Of the standard normal distribution, for `u` in (0, 1); P. J. Acklam's approximation, relative
// error below 1.2e-9.
double NormalQuantile(double u) noexcept;

inline constexpr double kZOf99 = 2.326;  // NormalQuantile(0.99)

// Of the Burr distribution (type XII) with shapes `c` and `k` and the scale `lambda`, all above 0,
// for `u` in (0, 1); in the unit of `lambda`.
double BurrQuantile(double u, double c, double k, double lambda) noexcept;

}  // namespace strata::scheduler::simulate
