// advisor/units.h - the units of what a person sets, and turning one into another.
//
//   models/settings.h, recommend/case.h: "--set memory=2 GB", of MB --> [ ReadQuantity ] --> 2048
//
// Threads:  pure. Errors: kInvalidArgument, as stated. Tested by units_test.cc.
#pragma once

#include <string_view>

#include "base/result.h"

namespace strata::advisor {

// The number that `text` is in `unit`: it may have another unit behind it that measures the same.
// What is whole but for rounding is whole: 24 months are 2 years. kInvalidArgument: it is no finite
// number, or as Convert; the message has the text and the units that would do.
Result<double> ReadQuantity(std::string_view text, std::string_view unit);

// `value` in `from` as a number of `to`; "" is a plain number. kInvalidArgument: there is no unit
// `from` (the message names the nearest), or the two measure different things; the message names
// the units that would do.
Result<double> Convert(double value, std::string_view from, std::string_view to);

}  // namespace strata::advisor
