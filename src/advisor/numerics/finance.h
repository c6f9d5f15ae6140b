// advisor/numerics/finance.h - what money that comes later is worth: an investment now, and the
// same flow at the end of each year. Rates are a year's (0.1 = 10 %).
//
//   models/formulas/economics.cc --> [ these ] --> net present value, internal rate, payback
//
// Closed forms, whatever the years: no iteration that might not end. Amounts have any one unit.
//
// Threads:  pure, thread-safe. Errors: nothing where there is no answer, as stated; else what is no
//           number gives none. Tested by finance_test.cc.
#pragma once

#include <optional>

namespace strata::advisor::numerics {

// What 1 at the end of each of `years` years is worth now. `rate` > -1.
double AnnuityFactor(double rate, double years);

// The rate at which `flow` in each of `years` years (at least 1) is worth the `investment`: there
// is exactly one. Nothing: one of the two is not above 0, or the rate is beyond what a double
// holds.
std::optional<double> InternalRate(double investment, double flow, double years);

// After how many years `flow` a year has paid `investment` back, each discounted at `rate` (0: as
// it is). Nothing: never.
std::optional<double> PaybackYears(double investment, double flow, double rate);

}  // namespace strata::advisor::numerics
