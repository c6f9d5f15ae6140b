// advisor/measured/reasons.h - translates why a measurement is missing into Chinese. A record is in
// English; what of it is a sentence of ours is translated here, what a program or the kernel said
// stays.
//
//   measure::Series::lacking --> [ ReasonText ] --> section "lacking" of `strata measure`
//
// Threads: pure functions. Tested by report_test.cc.
#pragma once

#include <string_view>

#include "advisor/report/text.h"

namespace strata::advisor {

Text ReasonText(std::string_view lacking);

}  // namespace strata::advisor
